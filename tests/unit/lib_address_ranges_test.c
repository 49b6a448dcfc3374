/* units: guests/lib/address_ranges.c */
/* The allocator of a program's addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "guests/lib/address_ranges.h"
#include "kernel/abi/types.h"

#define LARGE 0x200000ull

static struct address_ranges fresh(uint64_t pages) {
    return (struct address_ranges){.first = 0x100000, .end = 0x100000 + pages * PAGE_SIZE};
}

static void ranges_have_a_free_page_between(void **state) {
    (void)state;
    struct address_ranges ranges = fresh(64);
    uint64_t a = address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE);
    uint64_t b = address_ranges_take(&ranges, 2 * PAGE_SIZE, PAGE_SIZE);
    assert_int_equal(a, 0x101000);
    assert_int_equal(b, a + 2 * PAGE_SIZE);
    assert_int_equal(address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE), b + 3 * PAGE_SIZE);
}

static void alignment_is_kept(void **state) {
    (void)state;
    struct address_ranges ranges = {.first = 0x100000, .end = 0x1000000};
    assert_int_equal(address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE), 0x101000);
    assert_int_equal(address_ranges_take(&ranges, LARGE, LARGE), 0x200000);
    assert_int_equal(address_ranges_take(&ranges, LARGE, LARGE), 0x600000);
    /* The hole before the first large one is used for what fits. */
    assert_int_equal(address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE), 0x103000);
}

static void given_back_is_taken_again(void **state) {
    (void)state;
    struct address_ranges ranges = fresh(8);
    uint64_t a = address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE);
    uint64_t b = address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE);
    assert_int_equal(address_ranges_give(&ranges, a + PAGE_SIZE), 0);
    assert_int_equal(address_ranges_give(&ranges, a), PAGE_SIZE);
    assert_int_equal(address_ranges_give(&ranges, a), 0);
    assert_int_equal(address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE), a);
    assert_int_equal(address_ranges_give(&ranges, b), PAGE_SIZE);
}

static void the_end_is_not_passed(void **state) {
    (void)state;
    struct address_ranges ranges = fresh(5);
    assert_int_equal(address_ranges_take(&ranges, 4 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(address_ranges_take(&ranges, 0, PAGE_SIZE), 0);
    assert_int_equal(address_ranges_take(&ranges, UINT64_MAX & ~(PAGE_SIZE - 1), PAGE_SIZE), 0);
    assert_int_equal(address_ranges_take(&ranges, 3 * PAGE_SIZE, PAGE_SIZE), 0x101000);
    assert_int_equal(address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE), 0);
}

static void the_table_may_be_full(void **state) {
    (void)state;
    struct address_ranges ranges = fresh(1 << 20);
    for (unsigned i = 0; i < ADDRESS_RANGES_LIMIT; i++)
        assert_int_not_equal(address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(address_ranges_take(&ranges, PAGE_SIZE, PAGE_SIZE), 0);
}

/* Random taking and giving: no two ranges ever touch. */
static void ranges_never_overlap(void **state) {
    (void)state;
    static uint8_t used[4096];
    struct address_ranges ranges = fresh(4096);
    uint64_t held[64] = {0};
    uint32_t random = 7;
    memset(used, 0, sizeof(used));
    for (unsigned round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        unsigned slot = random >> 26;
        if (held[slot]) {
            uint64_t page = (held[slot] - ranges.first) / PAGE_SIZE;
            uint64_t count = address_ranges_give(&ranges, held[slot]) / PAGE_SIZE;
            assert_true(count > 0);
            memset(used + page, 0, count);
            held[slot] = 0;
            continue;
        }
        uint64_t count = 1 + (random >> 8) % 100;
        held[slot] = address_ranges_take(&ranges, count * PAGE_SIZE,
                                         (random & 8) ? 16 * PAGE_SIZE : PAGE_SIZE);
        if (held[slot] == 0)
            continue;
        uint64_t page = (held[slot] - ranges.first) / PAGE_SIZE;
        assert_true(page >= 1 && page + count < sizeof(used));
        for (uint64_t i = page - 1; i <= page + count; i++)
            assert_int_equal(used[i], 0);
        memset(used + page, 1, count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_have_a_free_page_between), cmocka_unit_test(alignment_is_kept),
        cmocka_unit_test(given_back_is_taken_again),       cmocka_unit_test(the_end_is_not_passed),
        cmocka_unit_test(the_table_may_be_full),           cmocka_unit_test(ranges_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
