/* The I/O APIC: Intel 82093AA data sheet (290566); messages: SDM Vol. 3, 11.11. */
/* units: guests/vmm/devices/ioapic.c guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guests/vmm/devices/ioapic.h"
#include "tests/unit/vmm_random.h"

#define MASKED  0x10000u
#define LEVEL   0x08000u
#define LOGICAL 0x00800u

static struct ioapic ioapic;
static struct memory_bus bus;

static unsigned sent_count;
static uint64_t sent_address;
static uint32_t sent_data;
static unsigned change_count;
static uint64_t wanted[4];

static void on_send(void *context, uint64_t address, uint32_t data) {
    assert_ptr_equal(context, &ioapic);
    sent_count++;
    sent_address = address;
    sent_data = data;
    if ((data & LEVEL) != 0 && (data >> 8 & 7) < 2) { /* its end is already awaited */
        assert_true((wanted[(data & 0xff) / 64] >> (data & 63) & 1) != 0);
    }
}

static void on_vectors(void *context, const uint64_t vectors[4]) {
    assert_ptr_equal(context, &ioapic);
    change_count++;
    memcpy(wanted, vectors, sizeof(wanted));
}

static int reset(void **state) {
    (void)state;
    const struct ioapic_ops ops = {on_send, on_vectors, &ioapic};
    sent_count = 0;
    change_count = 0;
    memset(wanted, 0, sizeof(wanted));
    bus_memory_init(&bus);
    ioapic_init(&ioapic, &ops, 1);
    assert_true(ioapic_attach(&ioapic, &bus, IOAPIC_ADDRESS));
    return 0;
}

/* As a guest does: IOREGSEL at 0, IOWIN at 0x10 (3.1). */
static uint32_t get(unsigned reg) {
    bus_memory_write(&bus, 0xfec00000, 4, reg);
    return (uint32_t)bus_memory_read(&bus, 0xfec00010, 4);
}

static void put(unsigned reg, uint32_t value) {
    bus_memory_write(&bus, 0xfec00000, 4, reg);
    bus_memory_write(&bus, 0xfec00010, 4, value);
}

static void set_entry(unsigned pin, uint8_t dest, uint32_t low) {
    put(0x11 + 2 * pin, (uint32_t)dest << 24);
    put(0x10 + 2 * pin, low);
}

/* 3.2: ID in bits 27-24; version 0x20 with the last entry's number in 23-16; entries masked. */
static void registers_after_reset(void **state) {
    (void)state;
    assert_int_equal(get(0), 0x01000000);
    assert_int_equal(get(1), 0x00170020);
    put(0, 0xffffffff);
    assert_int_equal(get(0), 0x0f000000);
    assert_int_equal(get(2), 0x0f000000);
    for (unsigned pin = 0; pin < 24; pin++) {
        assert_int_equal(get(0x10 + 2 * pin), 0x00010000);
        assert_int_equal(get(0x11 + 2 * pin), 0);
    }
    assert_int_equal(get(0x40), 0);
    assert_int_equal(get(0xff), 0);
    assert_int_equal(bus_memory_read(&bus, 0xfec00000, 4), 0xff);
}

/* 3.2.4: delivery status (12) and remote IRR (14) are read-only, 17-55 reserved. */
static void entries_keep_what_is_writable(void **state) {
    (void)state;
    put(0x10 + 2 * 5, 0xffffffff);
    put(0x11 + 2 * 5, 0xffffffff);
    assert_int_equal(get(0x10 + 2 * 5), 0x0001afff);
    assert_int_equal(get(0x11 + 2 * 5), 0xff000000);
    bus_memory_write(&bus, 0xfec00000, 1, 0x10 + 2 * 5);
    bus_memory_write(&bus, 0xfec00010, 1, 0); /* bytes would tear an entry */
    assert_int_equal(bus_memory_read(&bus, 0xfec00010, 4), 0x0001afff);
}

static void an_edge_is_a_message(void **state) {
    (void)state;
    set_entry(4, 3, 0x34);
    ioapic_set(&ioapic, 4, true);
    assert_int_equal(sent_count, 1);
    assert_int_equal(sent_address, 0xfee03000); /* destination in 19-12, physical */
    assert_int_equal(sent_data, 0x4034);        /* assert, edge, fixed, vector */
    ioapic_set(&ioapic, 4, true);
    assert_int_equal(sent_count, 1);
    ioapic_set(&ioapic, 4, false);
    ioapic_set(&ioapic, 4, true);
    assert_int_equal(sent_count, 2);
    assert_int_equal(get(0x10 + 2 * 4) & 0x4000, 0);
    ioapic_set(&ioapic, 24, true);
    ioapic_set(&ioapic, UINT32_MAX, true);
    assert_int_equal(sent_count, 2);
}

static void modes_and_destinations(void **state) {
    (void)state;
    static const struct {
        uint8_t dest;
        uint32_t entry;
        uint64_t address;
        uint32_t data;
    } rows[] = {
        {0xff, 0x30,                   0xfeeff000, 0x4030},
        {0x81, LOGICAL | 0x30,         0xfee81004, 0x4030}, /* bit 2: logical */
        {0x02, 0x100 | LOGICAL | 0x31, 0xfee0200c, 0x4131}, /* lowest priority: RH (bit 3) */
        {0x00, 0x200,                  0xfee00000, 0x4200}, /* SMI */
        {0x00, 0x400,                  0xfee00000, 0x4400}, /* NMI */
        {0x00, 0x700,                  0xfee00000, 0x4700}, /* ExtINT */
        {0x00, LEVEL | 0x35,           0xfee00000, 0xc035},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reset(state);
        set_entry(7, rows[i].dest, rows[i].entry);
        ioapic_set(&ioapic, 7, true);
        assert_int_equal(sent_count, 1);
        assert_int_equal(sent_address, rows[i].address);
        assert_int_equal(sent_data, rows[i].data);
    }
}

/* 3.2.4, bit 16: "Edge-sensitive interrupts signaled on a masked interrupt pin are ignored". */
static void masks(void **state) {
    (void)state;
    set_entry(4, 0, MASKED | 0x34);
    ioapic_set(&ioapic, 4, true);
    set_entry(4, 0, 0x34);
    assert_int_equal(sent_count, 0);
    set_entry(9, 0, MASKED | LEVEL | 0x39);
    ioapic_set(&ioapic, 9, true);
    assert_int_equal(sent_count, 0);
    set_entry(9, 0, LEVEL | 0x39); /* a level is still there */
    assert_int_equal(sent_count, 1);
}

/* 3.2.4, bit 14: set when the local APICs accept a level-triggered interrupt, reset by its EOI. */
static void a_level_is_sent_once_for_each_eoi(void **state) {
    (void)state;
    set_entry(9, 0, LEVEL | 0x39);
    ioapic_set(&ioapic, 9, true);
    assert_int_equal(sent_count, 1);
    assert_int_equal(get(0x10 + 2 * 9) & 0x4000, 0x4000);
    ioapic_set(&ioapic, 9, false);
    ioapic_set(&ioapic, 9, true);
    assert_int_equal(sent_count, 1);
    ioapic_eoi(&ioapic, 0x38);
    assert_int_equal(sent_count, 1);
    ioapic_eoi(&ioapic, 0x39);
    assert_int_equal(sent_count, 2);
    ioapic_set(&ioapic, 9, false);
    bus_memory_write(&bus, 0xfec00040, 4, 0x39); /* version 0x20: the EOI register */
    assert_int_equal(sent_count, 2);
    assert_int_equal(get(0x10 + 2 * 9) & 0x4000, 0);
}

/* Linux, for chips without EOI register: mask and make it edge-triggered, then restore. */
static void edge_mode_forgets_the_remote_irr(void **state) {
    (void)state;
    set_entry(9, 0, LEVEL | 0x39);
    ioapic_set(&ioapic, 9, true);
    set_entry(9, 0, MASKED | 0x39);
    assert_int_equal(get(0x10 + 2 * 9) & 0x4000, 0);
    set_entry(9, 0, LEVEL | 0x39);
    assert_int_equal(sent_count, 2);
}

static void the_awaited_vectors_are_told(void **state) {
    (void)state;
    set_entry(4, 0, 0x34);
    assert_int_equal(change_count, 0);
    set_entry(9, 0, LEVEL | 0xc9);
    assert_int_equal(change_count, 1);
    assert_true(wanted[3] == 1ull << (0xc9 - 192));
    set_entry(10, 0, LEVEL | 0xc9);
    assert_int_equal(change_count, 1);
    ioapic_set(&ioapic, 9, true);
    set_entry(10, 0, MASKED | LEVEL | 0xc9);
    set_entry(9, 0, MASKED | LEVEL | 0xc9); /* still to be ended */
    assert_int_equal(change_count, 1);
    ioapic_eoi(&ioapic, 0xc9);
    assert_int_equal(change_count, 2);
    assert_true(wanted[3] == 0);
    uint64_t now[4];
    ioapic_eoi_vectors(&ioapic, now);
    assert_memory_equal(now, wanted, sizeof(now));
}

static void any_sequence_keeps_the_invariants(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    for (unsigned i = 0; i < 500000; i++) {
        uint64_t r = vmm_random_next(&random);
        switch (vmm_random_below(&random, 6)) {
        case 0: ioapic_set(&ioapic, vmm_random_below(&random, 26), r & 1); break;
        case 1: ioapic_eoi(&ioapic, (uint8_t)r); break;
        case 2: put(vmm_random_below(&random, 0x48), (uint32_t)r); break;
        case 3:
            bus_memory_write(&bus, 0xfec00000 + vmm_random_below(&random, 0x50),
                             1u << vmm_random_below(&random, 4), r);
            break;
        case 4: (void)get(vmm_random_below(&random, 256)); break;
        default: set_entry(vmm_random_below(&random, 24), (uint8_t)r, (uint32_t)(r >> 8)); break;
        }
        uint64_t now[4];
        ioapic_eoi_vectors(&ioapic, now);
        assert_memory_equal(now, wanted, sizeof(now));
        assert_int_equal(ioapic.lines >> 24, 0);
        for (unsigned pin = 0; pin < 24; pin++) {
            uint64_t entry = ioapic.entries[pin];
            assert_true((entry & ~0xff0000000001efffull) == 0);
            bool level = (entry & LEVEL) != 0 && (entry >> 8 & 7) < 2;
            bool remote = (entry & 0x4000) != 0;
            assert_true(!remote || level);
            /* An asserted, unmasked level has always been sent. */
            bool due = level && (entry & MASKED) == 0 && (ioapic.lines >> pin & 1) != 0;
            assert_true(!due || remote);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(registers_after_reset, reset),
        cmocka_unit_test_setup(entries_keep_what_is_writable, reset),
        cmocka_unit_test_setup(an_edge_is_a_message, reset),
        cmocka_unit_test_setup(modes_and_destinations, reset),
        cmocka_unit_test_setup(masks, reset),
        cmocka_unit_test_setup(a_level_is_sent_once_for_each_eoi, reset),
        cmocka_unit_test_setup(edge_mode_forgets_the_remote_irr, reset),
        cmocka_unit_test_setup(the_awaited_vectors_are_told, reset),
        cmocka_unit_test_setup(any_sequence_keeps_the_invariants, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
