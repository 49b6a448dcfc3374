/* The guest's local APIC against SDM Vol. 3, chapter 11. */
/* units: arch/x86_64/virt/lapic.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "arch/x86_64/virt/lapic.h"

#define BASE_DEFAULT 0xfee00000ull
#define BASE_BOOT    0x100ull
#define BASE_X2APIC  0x400ull
#define BASE_ENABLE  0x800ull

static _Alignas(4096) uint8_t page[4096], other_page[4096];
static struct lapic apic, other;

/* 100 MHz TSC and a timer of 25 MHz: four ticks a count. */
static void make(struct lapic *lapic, uint8_t *memory, uint32_t id) {
    memset(lapic, 0, sizeof *lapic);
    lapic->page = memory;
    lapic_reset(lapic, id, id == 0, 100000000, 25000000);
}

static int setup(void **state) {
    (void)state;
    make(&apic, page, 0);
    make(&other, other_page, 5);
    assert_int_equal(lapic_write(&apic, LAPIC_SVR, 0x1ff, 0), 0);
    assert_int_equal(lapic_write(&other, LAPIC_SVR, 0x1ff, 0), 0);
    return 0;
}

static uint64_t get(struct lapic *lapic, uint32_t index, uint64_t now) {
    uint64_t value;
    assert_int_equal(lapic_read(lapic, index, now, &value), 0);
    return value;
}

static void to_x2apic(struct lapic *lapic) {
    assert_true(lapic_set_base(lapic, lapic->base | BASE_X2APIC));
}

/* 11.4.7.1: state after reset. */
static void after_reset(void **state) {
    (void)state;
    make(&apic, page, 3);
    assert_int_equal(apic.base, BASE_DEFAULT | BASE_ENABLE);
    assert_int_equal(get(&apic, LAPIC_ID, 0), 3u << 24);
    assert_int_equal(get(&apic, LAPIC_SVR, 0), 0xff);
    assert_int_equal(get(&apic, LAPIC_DFR, 0), 0xffffffff);
    assert_int_equal(get(&apic, LAPIC_TPR, 0), 0);
    for (uint32_t i = LAPIC_LVT_TIMER; i <= LAPIC_LVT_ERROR; i++)
        assert_int_equal(get(&apic, i, 0), 0x10000);
    /* Software-disabled: fixed interrupts are not accepted (11.4.7.2). */
    assert_false(lapic_request(&apic, 0x40, false));
    make(&apic, page, 0);
    assert_true(apic.base & BASE_BOOT);
}

/* 11.8.3.1, 11.8.4: priorities, IRR to ISR, end of interrupt. */
static void priorities(void **state) {
    (void)state;
    assert_int_equal(lapic_deliverable(&apic), LAPIC_NONE);
    assert_true(lapic_request(&apic, 0x51, false));
    assert_true(lapic_request(&apic, 0x5f, false));
    assert_true(lapic_request(&apic, 0x31, false));
    assert_int_equal(lapic_deliverable(&apic), 0x5f);
    lapic_take(&apic, 0x5f);
    assert_int_equal(lapic_priority(&apic), 0x50);
    /* 51h is of the same class as the one in service. */
    assert_int_equal(lapic_deliverable(&apic), LAPIC_NONE);
    assert_true(lapic_request(&apic, 0x60, false));
    assert_int_equal(lapic_deliverable(&apic), 0x60);
    lapic_take(&apic, 0x60);
    assert_int_equal(lapic_end_of_interrupt(&apic), 0x60);
    assert_int_equal(lapic_end_of_interrupt(&apic), 0x5f);
    assert_int_equal(lapic_deliverable(&apic), 0x51);
    assert_int_equal(lapic_end_of_interrupt(&apic), LAPIC_NONE);

    /* A TPR of 50h holds back class 5, not class 6; its low half counts in PPR only. */
    assert_int_equal(lapic_write(&apic, LAPIC_TPR, 0x53, 0), LAPIC_EFFECT_PRIORITY);
    assert_int_equal(lapic_priority(&apic), 0x53);
    assert_int_equal(lapic_deliverable(&apic), LAPIC_NONE);
    assert_true(lapic_request(&apic, 0x61, false));
    assert_int_equal(lapic_deliverable(&apic), 0x61);
    lapic_take(&apic, 0x61);
    assert_int_equal(get(&apic, LAPIC_PPR, 0), 0x60);
}

/* 11.5.2: vectors 0 to 15 are illegal. ESR shows it after a write (11.5.3). */
static void illegal_vectors(void **state) {
    (void)state;
    assert_false(lapic_request(&apic, 15, false));
    assert_int_equal(lapic_highest_request(&apic), LAPIC_NONE);
    assert_int_equal(get(&apic, LAPIC_ESR, 0), 0);
    assert_int_equal(lapic_write(&apic, LAPIC_ESR, 0, 0), 0);
    assert_int_equal(get(&apic, LAPIC_ESR, 0), 0x40);
    /* Sent: bit 5. */
    assert_int_equal(lapic_write(&apic, LAPIC_ICR, 0x40003, 0), LAPIC_EFFECT_PRIORITY);
    assert_int_equal(lapic_write(&apic, LAPIC_ESR, 0, 0), 0);
    assert_int_equal(get(&apic, LAPIC_ESR, 0), 0x20);
}

static void level_and_edge(void **state) {
    (void)state;
    assert_true(lapic_request(&apic, 0x41, true));
    assert_int_equal(get(&apic, LAPIC_TMR + 2, 0), 2);
    assert_int_equal(get(&apic, LAPIC_IRR + 2, 0), 2);
    assert_true(lapic_request(&apic, 0x41, false));
    assert_int_equal(get(&apic, LAPIC_TMR + 2, 0), 0);
}

/* 11.12.5, figure 11-27 */
static void modes(void **state) {
    (void)state;
    uint64_t xapic = BASE_DEFAULT | BASE_BOOT | BASE_ENABLE, x2apic = xapic | BASE_X2APIC;
    uint64_t disabled = BASE_DEFAULT | BASE_BOOT;
    assert_false(lapic_set_base(&apic, disabled | BASE_X2APIC));
    assert_true(lapic_set_base(&apic, x2apic));
    assert_int_equal(get(&apic, LAPIC_ID, 0), 0);
    assert_int_equal(get(&apic, LAPIC_LDR, 0), 1);
    assert_false(lapic_set_base(&apic, xapic));
    assert_true(lapic_set_base(&apic, disabled));
    assert_false(lapic_request(&apic, 0x40, false));
    assert_false(lapic_set_base(&apic, x2apic));
    assert_true(lapic_set_base(&apic, xapic));
    assert_false(lapic_set_base(&apic, xapic | 0x1000));
    assert_false(lapic_set_base(&apic, xapic | 1));
    /* 11.12.10.2: the logical id is made of the id. */
    make(&apic, page, 0x25);
    to_x2apic(&apic);
    assert_int_equal(get(&apic, LAPIC_LDR, 0), 2u << 16 | 1u << 5);
    assert_int_equal(get(&apic, LAPIC_ID, 0), 0x25);
}

/* 11.12.1.2, table 11-6: reserved bits and missing registers fault in x2APIC mode. */
static void x2apic_faults(void **state) {
    (void)state;
    uint64_t value;
    to_x2apic(&apic);
    assert_int_equal(lapic_write(&apic, LAPIC_EOI, 1, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_EOI, 0, 0), LAPIC_EFFECT_EOI);
    assert_int_equal(lapic_write(&apic, LAPIC_TPR, 0x100, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_ESR, 1, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_ID, 0, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_VERSION, 0, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_LDR, 0, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_DFR, 0, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_ICR_HIGH, 0, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_LVT_TIMER, 0x80000, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_read(&apic, LAPIC_DFR, 0, &value), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_read(&apic, LAPIC_EOI, 0, &value), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_read(&apic, LAPIC_ICR_HIGH, 0, &value), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_read(&apic, LAPIC_SELF_IPI, 0, &value), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_read(&apic, 0x3a, 0, &value), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_read(&apic, 0x40, 0, &value), LAPIC_EFFECT_FAULT);
    /* Bit 12 of ICR is ignored, bit 13 is reserved. */
    assert_int_equal(lapic_write(&apic, LAPIC_ICR, 0x1040, 0), LAPIC_EFFECT_SEND);
    assert_int_equal(lapic_write(&apic, LAPIC_ICR, 0x2040, 0), LAPIC_EFFECT_FAULT);
    assert_int_equal(lapic_write(&apic, LAPIC_SELF_IPI, 0x44, 0), LAPIC_EFFECT_PRIORITY);
    assert_int_equal(lapic_deliverable(&apic), 0x44);
}

/* 11.4.7.2: while software-disabled, mask bits of the local vector table stay set. */
static void software_disable(void **state) {
    (void)state;
    assert_int_equal(lapic_write(&apic, LAPIC_LVT_LINT0, 0x700, 0), 0);
    assert_true(lapic_passes_external(&apic));
    assert_int_equal(lapic_write(&apic, LAPIC_SVR, 0xff, 0), 0);
    assert_int_equal(get(&apic, LAPIC_LVT_LINT0, 0), 0x10700);
    assert_false(lapic_passes_external(&apic));
    assert_int_equal(lapic_write(&apic, LAPIC_LVT_LINT0, 0x700, 0), 0);
    assert_int_equal(get(&apic, LAPIC_LVT_LINT0, 0), 0x10700);
    /* 11.4.3: with the APIC off, LINT0 is the INTR pin. */
    assert_true(lapic_set_base(&apic, BASE_DEFAULT | BASE_BOOT));
    assert_true(lapic_passes_external(&apic));
}

/* 11.5.4: one-shot and periodic counting. */
static void counting_timer(void **state) {
    (void)state;
    assert_int_equal(lapic_write(&apic, LAPIC_LVT_TIMER, 0x80, 0), 0);
    assert_int_equal(lapic_write(&apic, LAPIC_TIMER_DIVIDE, 0xb, 0), LAPIC_EFFECT_TIMER); /* by 1 */
    assert_int_equal(lapic_write(&apic, LAPIC_TIMER_INITIAL, 1000, 5000), LAPIC_EFFECT_TIMER);
    assert_int_equal(apic.deadline, 5000 + 4000);
    assert_int_equal(get(&apic, LAPIC_TIMER_CURRENT, 5000), 1000);
    assert_int_equal(get(&apic, LAPIC_TIMER_CURRENT, 7000), 500);
    assert_int_equal(get(&apic, LAPIC_TIMER_CURRENT, 9000), 0);
    assert_false(lapic_timer_expired(&apic, 8999));
    assert_true(lapic_timer_expired(&apic, 9000));
    assert_int_equal(lapic_deliverable(&apic), 0x80);
    assert_true(apic.deadline == LAPIC_NEVER);
    assert_int_equal(get(&apic, LAPIC_TIMER_CURRENT, 9500), 0);

    /* Divide by 16 (0011b), periodic. */
    assert_int_equal(lapic_write(&apic, LAPIC_LVT_TIMER, 0x20081, 0), 0);
    lapic_write(&apic, LAPIC_TIMER_DIVIDE, 0x3, 10000);
    lapic_write(&apic, LAPIC_TIMER_INITIAL, 100, 10000);
    assert_int_equal(apic.deadline, 10000 + 100 * 16 * 4);
    assert_true(lapic_timer_expired(&apic, 16500));
    assert_int_equal(apic.deadline, 16400 + 6400);
    /* Expiries that were slept over come as one. */
    assert_true(lapic_timer_expired(&apic, 100000));
    assert_int_equal(apic.deadline, 100000 + 6400);
    /* 0 stops. */
    lapic_write(&apic, LAPIC_TIMER_INITIAL, 0, 100000);
    assert_true(apic.deadline == LAPIC_NEVER);
}

/* Each value of the divide configuration (figure 11-10). */
static void divide_values(void **state) {
    (void)state;
    static const struct {
        uint32_t value, divisor;
    } rows[] = {
        {0x0, 2  },
        {0x1, 4  },
        {0x2, 8  },
        {0x3, 16 },
        {0x8, 32 },
        {0x9, 64 },
        {0xa, 128},
        {0xb, 1  }
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lapic_write(&apic, LAPIC_TIMER_DIVIDE, rows[i].value, 0);
        lapic_write(&apic, LAPIC_TIMER_INITIAL, 10, 0);
        assert_int_equal(apic.deadline, 10 * 4 * rows[i].divisor);
    }
    /* The longest: 2^32 - 1 counts by 128. */
    lapic_write(&apic, LAPIC_TIMER_DIVIDE, 0xa, 0);
    lapic_write(&apic, LAPIC_TIMER_INITIAL, 0xffffffff, 0);
    assert_true(apic.deadline == 0xffffffffull * 128 * 4);
}

/* 11.5.4.1: TSC-deadline mode. */
static void deadline_timer(void **state) {
    (void)state;
    apic.tsc_offset = 0 - 1000ull; /* the guest's TSC is 1000 behind */
    lapic_set_tsc_deadline(&apic, 5000, 2000);
    assert_int_equal(apic.tsc_deadline, 0); /* not in that mode: ignored */
    assert_int_equal(lapic_write(&apic, LAPIC_LVT_TIMER, 0x40090, 0), LAPIC_EFFECT_TIMER);
    lapic_set_tsc_deadline(&apic, 5000, 2000);
    assert_int_equal(apic.deadline, 6000);
    assert_int_equal(get(&apic, LAPIC_TIMER_CURRENT, 2000), 0);
    assert_int_equal(lapic_write(&apic, LAPIC_TIMER_INITIAL, 7, 2000), 0);
    assert_int_equal(apic.deadline, 6000);
    assert_false(lapic_timer_expired(&apic, 5999));
    assert_true(lapic_timer_expired(&apic, 6000));
    assert_int_equal(apic.tsc_deadline, 0);
    assert_int_equal(lapic_deliverable(&apic), 0x90);
    /* In the past: at once. */
    lapic_set_tsc_deadline(&apic, 1, 9000);
    assert_true(lapic_timer_expired(&apic, 9000));
    /* Never, and disarmed. */
    lapic_set_tsc_deadline(&apic, UINT64_MAX, 9000);
    assert_false(lapic_timer_expired(&apic, UINT64_MAX - 1));
    lapic_set_tsc_deadline(&apic, 100000, 9000);
    lapic_set_tsc_deadline(&apic, 0, 9000);
    assert_true(apic.deadline == LAPIC_NEVER);
    /* Leaving the mode disarms. */
    lapic_set_tsc_deadline(&apic, 100000, 9000);
    assert_int_equal(lapic_write(&apic, LAPIC_LVT_TIMER, 0x90, 0), LAPIC_EFFECT_TIMER);
    assert_true(apic.deadline == LAPIC_NEVER);
    /* A pause of the guest moves both. */
    lapic_write(&apic, LAPIC_LVT_TIMER, 0x40090, 0);
    lapic_set_tsc_deadline(&apic, 50000, 10000);
    lapic_shift_time(&apic, 500);
    assert_int_equal(apic.deadline, 51500);
    assert_int_equal(apic.tsc_offset, 0 - 1500ull);
}

/* Masked: the timer runs, nothing is requested. */
static void masked_timer(void **state) {
    (void)state;
    lapic_write(&apic, LAPIC_LVT_TIMER, 0x10080, 0);
    lapic_write(&apic, LAPIC_TIMER_DIVIDE, 0xb, 0);
    lapic_write(&apic, LAPIC_TIMER_INITIAL, 10, 0);
    assert_true(lapic_timer_expired(&apic, 1000));
    assert_int_equal(lapic_highest_request(&apic), LAPIC_NONE);
}

/* 11.6.1: ICR in both modes. */
static void commands(void **state) {
    (void)state;
    lapic_write(&apic, LAPIC_ICR_HIGH, 0x05000000, 0);
    assert_int_equal(lapic_write(&apic, LAPIC_ICR, 0x0000c4500 & 0xfffff, 0), LAPIC_EFFECT_SEND);
    struct lapic_message message = lapic_command(&apic);
    assert_int_equal(message.destination, 5);
    assert_int_equal(message.delivery, LAPIC_INIT);
    assert_int_equal(message.shorthand, LAPIC_TO_OTHERS);
    assert_false(message.is_logical);
    assert_false(message.is_deassert);
    lapic_write(&apic, LAPIC_ICR, 0x8500, 0); /* INIT level de-assert */
    assert_true(lapic_command(&apic).is_deassert);
    to_x2apic(&apic);
    lapic_write(&apic, LAPIC_ICR, 0x0001000200000841, 0);
    message = lapic_command(&apic);
    assert_int_equal(message.destination, 0x00010002);
    assert_true(message.is_logical);
    assert_int_equal(message.vector, 0x41);
    assert_true(get(&apic, LAPIC_ICR, 0) == 0x0001000200000841);
}

/* 11.11: MSI address and data. */
static void messages(void **state) {
    (void)state;
    struct lapic_message message;
    assert_true(lapic_decode_msi(0xfee05000, 0x4041, &message));
    assert_int_equal(message.destination, 5);
    assert_int_equal(message.vector, 0x41);
    assert_int_equal(message.delivery, LAPIC_FIXED);
    assert_false(message.is_level);
    assert_false(message.is_logical);
    assert_true(lapic_decode_msi(0xfee0300c, 0xc141, &message));
    assert_true(message.is_logical);
    assert_true(message.is_level);
    assert_int_equal(message.delivery, LAPIC_LOWEST);
    assert_true(lapic_decode_msi(0x0000010000000000 | 0xfee05000, 0x41, &message));
    assert_int_equal(message.destination, 0x105);
    assert_false(lapic_decode_msi(0xfec05000, 0x41, &message));
    assert_false(lapic_decode_msi(0x1fee05000, 0x41, &message));
}

static bool reaches(const struct lapic *lapic, uint32_t destination, bool is_logical,
                    uint8_t shorthand, const struct lapic *source) {
    struct lapic_message message = {.destination = destination,
                                    .is_logical = is_logical,
                                    .shorthand = shorthand};
    return lapic_matches(lapic, &message, source);
}

/* 11.6.2: determining the destination. */
static void destinations(void **state) {
    (void)state;
    assert_true(reaches(&other, 5, false, LAPIC_TO_DESTINATION, NULL));
    assert_false(reaches(&other, 4, false, LAPIC_TO_DESTINATION, NULL));
    assert_true(reaches(&other, 0xff, false, LAPIC_TO_DESTINATION, NULL));
    assert_true(reaches(&apic, 9, false, LAPIC_TO_SELF, &apic));
    assert_false(reaches(&other, 5, false, LAPIC_TO_SELF, &apic));
    assert_true(reaches(&apic, 9, false, LAPIC_TO_ALL, &apic));
    assert_false(reaches(&apic, 0, false, LAPIC_TO_OTHERS, &apic));
    assert_true(reaches(&other, 9, false, LAPIC_TO_OTHERS, &apic));
    /* Flat model. */
    lapic_write(&other, LAPIC_LDR, 0x04000000, 0);
    assert_true(reaches(&other, 0x06, true, LAPIC_TO_DESTINATION, &apic));
    assert_false(reaches(&other, 0x03, true, LAPIC_TO_DESTINATION, &apic));
    assert_true(reaches(&other, 0xff, true, LAPIC_TO_DESTINATION, &apic));
    /* Cluster model: cluster 2, member bit 0. */
    lapic_write(&other, LAPIC_DFR, 0x0fffffff, 0);
    lapic_write(&other, LAPIC_LDR, 0x21000000, 0);
    assert_true(reaches(&other, 0x23, true, LAPIC_TO_DESTINATION, &apic));
    assert_false(reaches(&other, 0x13, true, LAPIC_TO_DESTINATION, &apic));
    assert_false(reaches(&other, 0x22, true, LAPIC_TO_DESTINATION, &apic));
    /* x2APIC: FFh is an id like others, FFFFFFFFh is everybody. */
    make(&other, other_page, 0xff);
    to_x2apic(&apic);
    to_x2apic(&other);
    assert_true(reaches(&other, 0xff, false, LAPIC_TO_DESTINATION, &apic));
    assert_false(reaches(&apic, 0xff, false, LAPIC_TO_DESTINATION, &apic));
    assert_true(reaches(&apic, UINT32_MAX, false, LAPIC_TO_DESTINATION, &apic));
    assert_true(reaches(&other, 15u << 16 | 1u << 15, true, LAPIC_TO_DESTINATION, &apic));
    assert_false(reaches(&other, 14u << 16 | 1u << 15, true, LAPIC_TO_DESTINATION, &apic));
    /* A device's eight bits reach cluster 0. */
    assert_true(reaches(&apic, 0x01, true, LAPIC_TO_DESTINATION, NULL));
}

/* A state taken and put back is the same. */
static void transfer(void **state) {
    (void)state;
    uint32_t registers[64] = {0};
    lapic_request(&apic, 0x41, true);
    lapic_request(&apic, 0x52, false);
    lapic_take(&apic, 0x52);
    lapic_write(&apic, LAPIC_TPR, 0x20, 0);
    lapic_write(&apic, LAPIC_LVT_TIMER, 0x40090, 0);
    lapic_write(&apic, LAPIC_TIMER_DIVIDE, 0xb, 0);
    lapic_set_tsc_deadline(&apic, 900, 100);
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t value = 0;
        if (i != LAPIC_PPR && i != LAPIC_TIMER_CURRENT)
            (void)lapic_read(&apic, i, 100, &value);
        registers[i] = (uint32_t)value;
    }
    assert_true(lapic_state_is_valid(apic.base, registers));
    lapic_restore(&other, apic.base, registers, 900, LAPIC_NEVER, 100);
    assert_int_equal(lapic_highest_request(&other), 0x41);
    assert_int_equal(lapic_highest_service(&other), 0x52);
    assert_int_equal(lapic_priority(&other), 0x50);
    assert_int_equal(get(&other, LAPIC_TMR + 2, 0), 2);
    assert_int_equal(other.deadline, 900);
    assert_int_equal(other.tsc_deadline, 900);
    registers[LAPIC_IRR] = 8;
    assert_false(lapic_state_is_valid(apic.base, registers));
    registers[LAPIC_IRR] = 0;
    assert_false(lapic_state_is_valid(BASE_DEFAULT | BASE_X2APIC, registers));
    assert_false(lapic_state_is_valid(0x1000 | BASE_ENABLE, registers));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(after_reset, setup),
        cmocka_unit_test_setup(priorities, setup),
        cmocka_unit_test_setup(illegal_vectors, setup),
        cmocka_unit_test_setup(level_and_edge, setup),
        cmocka_unit_test_setup(modes, setup),
        cmocka_unit_test_setup(x2apic_faults, setup),
        cmocka_unit_test_setup(software_disable, setup),
        cmocka_unit_test_setup(counting_timer, setup),
        cmocka_unit_test_setup(divide_values, setup),
        cmocka_unit_test_setup(deadline_timer, setup),
        cmocka_unit_test_setup(masked_timer, setup),
        cmocka_unit_test_setup(commands, setup),
        cmocka_unit_test_setup(messages, setup),
        cmocka_unit_test_setup(destinations, setup),
        cmocka_unit_test_setup(transfer, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
