/* Conversion between nanoseconds and oscillator ticks. */
/* units: guests/vmm/devices/ticks.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "guests/vmm/devices/ticks.h"
#include "tests/unit/vmm_random.h"

#define SECOND 1000000000ull

static void whole_seconds_are_exact(void **state) {
    (void)state;
    assert_int_equal(ticks_from_ns(0, 1193182), 0);
    assert_int_equal(ticks_from_ns(SECOND, 1193182), 1193182);
    /* A year: no drift at all. */
    assert_int_equal(ticks_from_ns(31536000 * SECOND, 1193182), 31536000ull * 1193182);
    assert_int_equal(ticks_to_ns(31536000ull * 3579545, 3579545), 31536000 * SECOND);
}

static void a_tick_begins_at_its_first_nanosecond(void **state) {
    (void)state;
    /* 10^9 / 1193182 = 838.09...: the first tick has passed from nanosecond 839 on. */
    assert_int_equal(ticks_from_ns(838, 1193182), 0);
    assert_int_equal(ticks_from_ns(839, 1193182), 1);
    assert_int_equal(ticks_to_ns(1, 1193182), 839);
}

static void the_ends_of_the_range_do_not_wrap(void **state) {
    (void)state;
    assert_true(ticks_to_ns(UINT64_MAX, 1) == UINT64_MAX);
    assert_int_equal(ticks_from_ns(UINT64_MAX, 1000000000), UINT64_MAX);
    /* 2^64 - 1 ns is 18446744073.709551615 s. */
    assert_int_equal(ticks_from_ns(UINT64_MAX, 1), 18446744073ull);
}

static void there_and_back(void **state) {
    (void)state;
    static const uint32_t hertz[] = {1, 32768, 1193182, 3579545, 1000000000};
    struct vmm_random random = vmm_random_start();
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t f = hertz[vmm_random_below(&random, 5)];
        uint64_t ns = vmm_random_next(&random) >> vmm_random_below(&random, 64);
        uint64_t ticks = ticks_from_ns(ns, f);
        unsigned __int128 exact = (unsigned __int128)ns * f / SECOND;
        assert_true(ticks == (uint64_t)exact);
        uint64_t first = ticks_to_ns(ticks, f);
        assert_true(first <= ns);
        assert_true(ticks_from_ns(first, f) == ticks);
        assert_true(first == 0 || ticks_from_ns(first - 1, f) == ticks - 1 || ticks == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_seconds_are_exact),
        cmocka_unit_test(a_tick_begins_at_its_first_nanosecond),
        cmocka_unit_test(the_ends_of_the_range_do_not_wrap),
        cmocka_unit_test(there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
