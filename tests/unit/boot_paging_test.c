/*
 * The loader's page tables, read back by a walk as the CPU does it (SDM Vol. 3, 4.5 "4-Level Paging
 * and 5-Level Paging").
 */
/* units: boot/paging.c */
#include "boot/paging.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kernel/abi/boot_info.h"

enum { PAGE_LIMIT = 4096 };

static void *page[PAGE_LIMIT];
static unsigned page_count, page_limit;
static struct paging paging;

static uint64_t *allocate_page(void) {
    if (page_count == page_limit) {
        return NULL;
    }
    void *memory = aligned_alloc(PAGING_4K, PAGING_4K);
    assert_non_null(memory);
    memset(memory, 0, PAGING_4K);
    page[page_count++] = memory;
    return memory;
}

static int start(void **state) {
    (void)state;
    page_count = 0;
    page_limit = PAGE_LIMIT;
    paging = (struct paging){.allocate = allocate_page};
    return 0;
}

static int stop(void **state) {
    (void)state;
    while (page_count > 0) {
        free(page[--page_count]);
    }
    return 0;
}

struct translation {
    int present;
    uint64_t physical;
    uint64_t writable, executable, user;
    uint64_t page_size;
};

static struct translation walk(uint64_t address) {
    struct translation t = {.present = 0, .writable = 1, .executable = 1, .user = 1};
    const uint64_t *table = paging.root;
    for (unsigned shift = 39;; shift -= 9) {
        uint64_t entry = table[(address >> shift) & 511];
        if ((entry & 1) == 0) {
            return t;
        }
        t.writable &= (entry >> 1) & 1;
        t.user &= (entry >> 2) & 1;
        t.executable &= (entry >> 63) == 0;
        if (shift == 12 || ((entry >> 7) & 1) != 0) {
            assert_true(shift <= 30);
            t.page_size = 1ull << shift;
            t.present = 1;
            /* Reserved bits of a large page's address must be zero. */
            assert_int_equal(entry & 0x000ffffffffff000ull & (t.page_size - 1), 0);
            t.physical = (entry & 0x000ffffffffff000ull) + (address & (t.page_size - 1));
            return t;
        }
        table = (const uint64_t *)(uintptr_t)(entry & 0x000ffffffffff000ull);
    }
}

static void expect_mapped(uint64_t physical, uint64_t page_size) {
    struct translation one = walk(physical), direct = walk(BOOT_DIRECT_MAP + physical);
    assert_true(one.present && one.writable && one.executable && !one.user);
    assert_int_equal(one.physical, physical);
    assert_int_equal(one.page_size, page_size);
    assert_true(direct.present && direct.writable && !direct.executable && !direct.user);
    assert_int_equal(direct.physical, physical);
    assert_int_equal(direct.page_size, page_size);
}

static void expect_unmapped(uint64_t physical) {
    assert_false(walk(physical).present);
    assert_false(walk(BOOT_DIRECT_MAP + physical).present);
}

static void test_four_gigabytes(void **state) {
    (void)state;
    assert_true(paging_map_memory(&paging, 4 * PAGING_1G));
    expect_mapped(0, PAGING_2M);
    expect_mapped(0x12345678, PAGING_2M);
    expect_mapped(4 * PAGING_1G - 1, PAGING_2M);
    expect_unmapped(4 * PAGING_1G);
    assert_int_equal(page_count,
                     6); /* two levels and four tables of 2M pages, shared by both maps */
}

static void test_end_within_a_gigabyte(void **state) {
    (void)state;
    assert_true(paging_map_memory(&paging, 5 * PAGING_1G + PAGING_2M));
    expect_mapped(5 * PAGING_1G + PAGING_2M - 1, PAGING_2M);
    expect_unmapped(5 * PAGING_1G + PAGING_2M);
}

static void test_gigabyte_pages(void **state) {
    (void)state;
    paging.gigabyte_pages = true;
    assert_true(paging_map_memory(&paging, 6 * PAGING_1G + PAGING_2M));
    expect_mapped(3 * PAGING_1G, PAGING_2M); /* RAM and devices may share it */
    expect_mapped(4 * PAGING_1G, PAGING_1G);
    expect_mapped(6 * PAGING_1G - 1, PAGING_1G);
    expect_mapped(6 * PAGING_1G, PAGING_2M); /* not all of it is memory */
    expect_unmapped(6 * PAGING_1G + PAGING_2M);
}

static void test_more_than_one_top_entry(void **state) {
    (void)state;
    const uint64_t half_terabyte = 512 * PAGING_1G;
    paging.gigabyte_pages = true;
    assert_true(paging_map_memory(&paging, half_terabyte + PAGING_1G));
    expect_mapped(half_terabyte - 1, PAGING_1G);
    expect_mapped(half_terabyte, PAGING_1G);
    expect_unmapped(half_terabyte + PAGING_1G);
}

static void test_most_memory_leaves_the_kernel_alone(void **state) {
    (void)state;
    paging.gigabyte_pages = true;
    assert_true(paging_map_memory(&paging, PAGING_DIRECT_MAP_LIMIT));
    expect_mapped(PAGING_DIRECT_MAP_LIMIT - 1, PAGING_1G);
    assert_false(walk(BOOT_KERNEL_BASE).present);
    assert_true(paging_map_kernel(&paging, BOOT_KERNEL_BASE, 0x200000, PAGING_4K, 0));
    assert_true(walk(BOOT_KERNEL_BASE).present);
}

static void test_kernel_segments(void **state) {
    (void)state;
    const uint64_t text = BOOT_KERNEL_BASE, data = BOOT_KERNEL_BASE + 0x3000;
    assert_true(paging_map_memory(&paging, 4 * PAGING_1G));
    assert_true(paging_map_kernel(&paging, text, 0x200000, 0x2001, 0));
    assert_true(
        paging_map_kernel(&paging, data, 0x203000, 0x1000, PAGING_WRITE | PAGING_NO_EXECUTE));

    struct translation t = walk(text + 0x2fff); /* the third page was begun */
    assert_true(t.present && !t.writable && t.executable && !t.user);
    assert_int_equal(t.physical, 0x202fff);
    assert_int_equal(t.page_size, PAGING_4K);
    t = walk(data);
    assert_true(t.present && t.writable && !t.executable && !t.user);
    assert_int_equal(t.physical, 0x203000);
    assert_false(walk(data + 0x1000).present);
    assert_false(walk(text - 1).present);
}

static void test_kernel_across_a_table(void **state) {
    (void)state;
    const uint64_t edge = BOOT_KERNEL_BASE + PAGING_2M;
    assert_true(paging_map_kernel(&paging, edge - 0x1000, 0x1ff000, 0x2000, 0));
    assert_int_equal(walk(edge - 1).physical, 0x1fffff);
    assert_int_equal(walk(edge).physical, 0x200000);
}

static void test_out_of_memory_at_every_page(void **state) {
    bool done = false;
    for (unsigned limit = 0; !done; limit++) {
        stop(state);
        start(state);
        page_limit = limit;
        done = paging_map_memory(&paging, 5 * PAGING_1G) &&
               paging_map_kernel(&paging, BOOT_KERNEL_BASE, 0, PAGING_4K, 0);
        assert_int_equal(page_count, limit);
        assert_true(limit <= 10); /* root, table, five gigabytes; three levels for the kernel */
    }
    assert_int_equal(page_count, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_four_gigabytes, start, stop),
        cmocka_unit_test_setup_teardown(test_end_within_a_gigabyte, start, stop),
        cmocka_unit_test_setup_teardown(test_gigabyte_pages, start, stop),
        cmocka_unit_test_setup_teardown(test_more_than_one_top_entry, start, stop),
        cmocka_unit_test_setup_teardown(test_most_memory_leaves_the_kernel_alone, start, stop),
        cmocka_unit_test_setup_teardown(test_kernel_segments, start, stop),
        cmocka_unit_test_setup_teardown(test_kernel_across_a_table, start, stop),
        cmocka_unit_test_setup_teardown(test_out_of_memory_at_every_page, start, stop),
    };
    return cmocka_run_group_tests_name("boot/paging", tests, NULL, NULL);
}
