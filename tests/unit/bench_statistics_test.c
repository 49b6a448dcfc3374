/* units: tests/bench/guest/statistics.c */
/* What the bench makes of its batches. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/bench/guest/statistics.h"

static void test_odd(void **state) {
    uint64_t batch[] = {30, 10, 20};
    (void)state;
    struct statistics result = statistics_of(batch, 3);
    assert_int_equal(result.median, 20);
    assert_int_equal(result.max, 30);
}

static void test_even(void **state) {
    uint64_t batch[] = {400, 100, 200, 205};
    (void)state;
    struct statistics result = statistics_of(batch, 4);
    assert_int_equal(result.median, 202); /* between 200 and 205 */
    assert_int_equal(result.max, 400);
}

static void test_one(void **state) {
    uint64_t batch[] = {7};
    (void)state;
    struct statistics result = statistics_of(batch, 1);
    assert_int_equal(result.median, 7);
    assert_int_equal(result.max, 7);
}

static void test_outlier_moves_only_the_maximum(void **state) {
    uint64_t batch[] = {UINT64_MAX, 5, 5, 5};
    (void)state;
    struct statistics result = statistics_of(batch, 4);
    assert_int_equal(result.median, 5);
    assert_true(result.max == UINT64_MAX);
}

static void test_net(void **state) {
    (void)state;
    assert_int_equal(statistics_net(14300, 300), 14000);
    assert_int_equal(statistics_net(300, 300), 0);
    assert_int_equal(statistics_net(200, 900), 0); /* the empty loop was interrupted */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd), cmocka_unit_test(test_even),
        cmocka_unit_test(test_one), cmocka_unit_test(test_outlier_moves_only_the_maximum),
        cmocka_unit_test(test_net),
    };
    return cmocka_run_group_tests_name("bench_statistics", tests, NULL, NULL);
}
