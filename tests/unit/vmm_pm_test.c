/* ACPI fixed hardware: ACPI Specification 6.4, 4.8.3. */
/* units: guests/vmm/devices/pm.c guests/vmm/devices/ticks.c guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guests/vmm/devices/pm.h"
#include "tests/unit/vmm_random.h"

#define SECOND 1000000000ull

static struct pm pm;
static struct io_bus bus;
static uint64_t now_ns;
static bool sci;
static unsigned off_count;

static uint64_t read_clock(void *context) {
    (void)context;
    return now_ns;
}

static void sci_set(void *device, unsigned input, bool level) {
    (void)device;
    assert_int_equal(input, 9);
    assert_true(sci != level);
    sci = level;
}

static void power_off(void *context) {
    assert_ptr_equal(context, &pm);
    off_count++;
}

static void start(bool timer_is_32) {
    const struct pm_ops ops = {power_off, &pm};
    const struct clock clock = {read_clock, NULL};
    const struct line line = {sci_set, NULL, 9};
    now_ns = 0;
    sci = false;
    off_count = 0;
    pm_init(&pm, &ops, &clock, &line, timer_is_32);
    bus_io_init(&bus);
    assert_true(pm_attach(&pm, &bus, 0x600));
}

static int reset(void **state) {
    (void)state;
    start(true);
    return 0;
}

enum { STS = 0x600, EN = 0x602, CNT = 0x604, TMR = 0x608 };

static uint32_t in(uint16_t port, unsigned width) {
    return bus_io_read(&bus, port, width);
}

static void out(uint16_t port, unsigned width, uint32_t value) {
    bus_io_write(&bus, port, width, value);
}

/* 4.8.3.1: status bits are cleared by writing ones; the SCI follows status and enable. */
static void the_power_button(void **state) {
    (void)state;
    pm_power_button(&pm);
    assert_false(sci);
    assert_int_equal(in(STS, 2), 0x0100);
    out(EN, 2, 0x0120);
    assert_true(sci);
    assert_int_equal(in(STS, 4), 0x01200100);
    out(STS, 2, 0x0001);
    assert_true(sci);
    out(STS, 2, 0x0100);
    assert_false(sci);
    assert_int_equal(in(STS, 2), 0);
    pm_power_button(&pm);
    pm_power_button(&pm);
    assert_true(sci);
    out(EN, 2, 0);
    assert_false(sci);
    out(EN, 2, 0xffff);
    assert_int_equal(in(EN, 2), 0x0721); /* the defined enables only */
}

/* 4.8.3.2.1: SCI_EN stays, SLP_EN and GBL_RLS read 0, SLP_EN with S5's type turns off. */
static void sleeping(void **state) {
    (void)state;
    assert_int_equal(in(CNT, 2), 0x0001);
    out(CNT, 2, 0x0000);
    assert_int_equal(in(CNT, 2), 0x0001);
    out(CNT, 2, 5 << 10); /* type without enable */
    assert_int_equal(off_count, 0);
    assert_int_equal(in(CNT, 2), 5 << 10 | 1);
    out(CNT, 1, 0x02); /* one byte leaves the other */
    assert_int_equal(in(CNT, 2), 5 << 10 | 3);
    out(CNT + 1, 1, 0x00);
    assert_int_equal(in(CNT, 2), 3);
    out(CNT, 2, 1 << 13 | 3 << 10 | 4); /* S3 is not there */
    assert_int_equal(off_count, 0);
    assert_int_equal(in(CNT, 2), 3 << 10 | 1);
    out(CNT, 2, 1 << 13 | 5 << 10 | 1);
    assert_int_equal(off_count, 1);
    out(CNT, 2, 0);
    out(CNT + 1, 1, 0x34); /* by bytes: the high byte has both */
    assert_int_equal(off_count, 2);
}

/* 4.8.3.3: 3.579545 MHz, 24 or 32 bits; TMR_STS when the highest bit changes. */
static void the_timer_counts(void **state) {
    (void)state;
    now_ns = SECOND;
    assert_int_equal(in(TMR, 4), 3579545);
    assert_int_equal(in(TMR + 1, 2), 3579545 >> 8 & 0xffff);
    out(TMR, 4, 0);
    now_ns = 3600 * SECOND;
    assert_int_equal(in(TMR, 4), (uint32_t)(3600ull * 3579545));
    start(false);
    now_ns = 100 * SECOND;
    assert_int_equal(in(TMR, 4), 357954500 & 0xffffff);
}

static void the_timer_carries(void **state) {
    (void)state;
    start(false);
    assert_true(pm_next(&pm) == CLOCK_NEVER);
    out(EN, 2, 0x0001);
    /* 2^23 / 3579545 Hz = 2.343484437267... s */
    assert_int_equal(pm_next(&pm), 2343484438);
    pm_run(&pm, 2343484437);
    assert_false(sci);
    now_ns = 2343484438;
    pm_run(&pm, now_ns);
    assert_true(sci);
    assert_true(pm_next(&pm) == CLOCK_NEVER);
    out(STS, 2, 0x0001);
    assert_false(sci);
    assert_int_equal(pm_next(&pm), 4686968875); /* 2^24 / 3579545 = 4.686968874535... */
}

static void a_base_at_the_end_is_refused(void **state) {
    (void)state;
    assert_false(pm_attach(&pm, &bus, 0xfff8));
}

static void any_sequence_keeps_the_invariants(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    for (unsigned i = 0; i < 300000; i++) {
        uint64_t r = vmm_random_next(&random);
        uint16_t port = (uint16_t)(0x5fe + vmm_random_below(&random, 16));
        unsigned width = 1u << vmm_random_below(&random, 3);
        switch (vmm_random_below(&random, 4)) {
        case 0: pm_power_button(&pm); break;
        case 1: (void)in(port, width); break;
        default: out(port, width, (uint32_t)r); break;
        }
        now_ns += r >> 32 >> vmm_random_below(&random, 32);
        pm_run(&pm, now_ns);
        assert_true(sci == ((pm.status & pm.enable) != 0));
        assert_true((pm.control & 1) != 0 && (pm.control & 0x2004) == 0);
        assert_int_equal(pm.enable & ~0x0721, 0);
        assert_true(pm_next(&pm) > now_ns);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_power_button, reset),
        cmocka_unit_test_setup(sleeping, reset),
        cmocka_unit_test_setup(the_timer_counts, reset),
        cmocka_unit_test_setup(the_timer_carries, reset),
        cmocka_unit_test_setup(a_base_at_the_end_is_refused, reset),
        cmocka_unit_test_setup(any_sequence_keeps_the_invariants, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
