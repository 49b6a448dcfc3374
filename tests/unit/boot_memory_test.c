/*
 * The loader's memory map: made from the firmware's, cut by the loader's own allocations. One test
 * compares memory_set with a plain array of pages.
 */
/* units: boot/memory.c */
#include "boot/memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

enum { CAPACITY = 64, PAGE = 4096 };

static struct boot_memory row[CAPACITY];
static struct memory_map map;

static int empty_map(void **state) {
    (void)state;
    memset(row, 0, sizeof(row));
    map = (struct memory_map){.row = row, .count = 0, .capacity = CAPACITY};
    return 0;
}

static void expect_row(uint32_t index, uint64_t base, uint64_t end, uint32_t type) {
    assert_true(index < map.count);
    assert_int_equal(row[index].base, base);
    assert_int_equal(row[index].base + row[index].length, end);
    assert_int_equal(row[index].type, type);
    assert_int_equal(row[index].reserved, 0);
}

static void test_set_sorts(void **state) {
    (void)state;
    assert_true(memory_set(&map, 0x9000, 0x1000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0x1000, 0x1000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0x5000, 0x1000, BOOT_MEMORY_MMIO));
    assert_int_equal(map.count, 3);
    expect_row(0, 0x1000, 0x2000, BOOT_MEMORY_USABLE);
    expect_row(1, 0x5000, 0x6000, BOOT_MEMORY_MMIO);
    expect_row(2, 0x9000, 0xa000, BOOT_MEMORY_USABLE);
}

static void test_set_merges_neighbours(void **state) {
    (void)state;
    assert_true(memory_set(&map, 0x1000, 0x1000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0x3000, 0x1000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0x2000, 0x1000, BOOT_MEMORY_USABLE));
    assert_int_equal(map.count, 1);
    expect_row(0, 0x1000, 0x4000, BOOT_MEMORY_USABLE);
}

static void test_set_cuts_a_hole(void **state) {
    (void)state;
    assert_true(memory_set(&map, 0x1000, 0x9000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0x4000, 0x2000, BOOT_MEMORY_KERNEL));
    assert_int_equal(map.count, 3);
    expect_row(0, 0x1000, 0x4000, BOOT_MEMORY_USABLE);
    expect_row(1, 0x4000, 0x6000, BOOT_MEMORY_KERNEL);
    expect_row(2, 0x6000, 0xa000, BOOT_MEMORY_USABLE);
}

static void test_set_widens_to_pages(void **state) {
    (void)state;
    assert_true(memory_set(&map, 0x1800, 0x1000, BOOT_MEMORY_MODULE));
    assert_int_equal(map.count, 1);
    expect_row(0, 0x1000, 0x3000, BOOT_MEMORY_MODULE);
}

static void test_set_of_nothing(void **state) {
    (void)state;
    assert_true(memory_set(&map, 0x1000, 0, BOOT_MEMORY_MODULE));
    assert_int_equal(map.count, 0);
}

static void test_set_at_the_end_of_the_address_space(void **state) {
    (void)state;
    assert_true(memory_set(&map, UINT64_MAX - 0x2fff, UINT64_MAX, BOOT_MEMORY_MMIO));
    assert_int_equal(map.count, 1);
    expect_row(0, UINT64_MAX - 0x2fff, UINT64_MAX - 0xfff, BOOT_MEMORY_MMIO);
    assert_true(memory_set(&map, UINT64_MAX - 0xfff, 0x1000, BOOT_MEMORY_MMIO));
    assert_int_equal(map.count, 1);
}

static void test_set_without_room_changes_nothing(void **state) {
    (void)state;
    map.capacity = 3;
    assert_true(memory_set(&map, 0x1000, 0x1000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0x5000, 0x1000, BOOT_MEMORY_MMIO));
    assert_false(memory_set(&map, 0x1000, 0x5000, BOOT_MEMORY_BAD));
    assert_int_equal(map.count, 2);
    expect_row(0, 0x1000, 0x2000, BOOT_MEMORY_USABLE);
    expect_row(1, 0x5000, 0x6000, BOOT_MEMORY_MMIO);
}

/* Pages 0 .. 31 with types chosen by a small generator: the map must say what the array says. */
static void test_set_like_an_array(void **state) {
    enum { PAGES = 32, ROUNDS = 20000 };
    uint32_t page[PAGES] = {0}, random = 1;

    for (int round = 0; round < ROUNDS; round++) {
        if (round % 100 == 0) {
            empty_map(state);
            memset(page, 0, sizeof(page));
        }
        random = random * 1664525u + 1013904223u;
        uint32_t first = (random >> 24) % PAGES, count = 1 + (random >> 16) % 8;
        uint32_t type = 1 + (random >> 12) % 3;
        count = first + count > PAGES ? PAGES - first : count;
        assert_true(memory_set(&map, first * PAGE, (uint64_t)count * PAGE, type));
        for (uint32_t i = first; i < first + count; i++) {
            page[i] = type;
        }

        uint32_t index = 0;
        for (uint32_t i = 0; i < PAGES;) {
            uint32_t end = i;
            while (end < PAGES && page[end] == page[i]) {
                end++;
            }
            if (page[i] != 0) {
                expect_row(index++, i * PAGE, (uint64_t)end * PAGE, page[i]);
            }
            i = end;
        }
        assert_int_equal(map.count, index);
    }
}

struct wide_descriptor {
    struct memory_descriptor descriptor;
    uint64_t future; /* firmware may use longer rows than we know */
};

/* Types by UEFI 2.10, 7.2.3: memory that is free after ExitBootServices, and memory that is not. */
static void test_from_firmware(void **state) {
    (void)state;
    const struct wide_descriptor rows[] = {
        {{.type = 7, .base = 0x100000, .page_count = 0x10},       ~0ull},
        {{.type = 3, .base = 0, .page_count = 0x10},              ~0ull}, /* boot services code */
        {{.type = 4, .base = 0x10000, .page_count = 0x10},        ~0ull}, /* boot services data */
        {{.type = 2, .base = 0x110000, .page_count = 0x10},       ~0ull}, /* loader data */
        {{.type = 9, .base = 0x120000, .page_count = 1},          ~0ull}, /* ACPI tables */
        {{.type = 10, .base = 0x121000, .page_count = 1},         ~0ull}, /* ACPI NVS */
        {{.type = 6, .base = 0x122000, .page_count = 1},          ~0ull}, /* runtime data */
        {{.type = 0, .base = 0x123000, .page_count = 1},          ~0ull}, /* reserved */
        {{.type = 8, .base = 0x124000, .page_count = 1},          ~0ull}, /* unusable */
        {{.type = 11, .base = 0x125000, .page_count = 1},         ~0ull}, /* MMIO */
        {{.type = 14, .base = 0x126000, .page_count = 1},         ~0ull}, /* persistent */
        {{.type = 0x80000001, .base = 0x127000, .page_count = 1}, 0    }  /* an OS loader's own */
    };
    assert_true(memory_from_firmware(&map, rows, sizeof(rows), sizeof(rows[0])));
    assert_int_equal(map.count, 9);
    expect_row(0, 0, 0x20000, BOOT_MEMORY_USABLE);
    expect_row(1, 0x100000, 0x120000, BOOT_MEMORY_USABLE);
    expect_row(2, 0x120000, 0x121000, BOOT_MEMORY_ACPI_RECLAIM);
    expect_row(3, 0x121000, 0x122000, BOOT_MEMORY_ACPI_NVS);
    expect_row(4, 0x122000, 0x123000, BOOT_MEMORY_RUNTIME);
    expect_row(5, 0x123000, 0x124000, BOOT_MEMORY_RESERVED);
    expect_row(6, 0x124000, 0x125000, BOOT_MEMORY_BAD);
    expect_row(7, 0x125000, 0x126000, BOOT_MEMORY_MMIO);
    expect_row(8, 0x126000, 0x128000, BOOT_MEMORY_RESERVED);
}

static void test_specific_purpose_memory_is_not_free(void **state) {
    (void)state;
    const struct memory_descriptor rows[] = {
        {.type = 7, .base = 0x100000, .page_count = 1, .attributes = 0x40000},
    };
    assert_true(memory_from_firmware(&map, rows, sizeof(rows), sizeof(rows[0])));
    expect_row(0, 0x100000, 0x101000, BOOT_MEMORY_RESERVED);
}

static void test_overlapping_firmware_rows(void **state) {
    (void)state;
    const struct memory_descriptor rows[] = {
        {.type = 5, .base = 0x103000, .page_count = 2   },
        {.type = 7, .base = 0x100000, .page_count = 0x10},
    };
    assert_true(memory_from_firmware(&map, rows, sizeof(rows), sizeof(rows[0])));
    assert_int_equal(map.count, 3);
    expect_row(0, 0x100000, 0x103000, BOOT_MEMORY_USABLE);
    expect_row(1, 0x103000, 0x105000, BOOT_MEMORY_RUNTIME);
    expect_row(2, 0x105000, 0x110000, BOOT_MEMORY_USABLE);
}

static void test_absurd_firmware_rows(void **state) {
    (void)state;
    const struct memory_descriptor rows[] = {
        {.type = 7,  .base = 0x1000,             .page_count = 0         },
        {.type = 11, .base = 0xfffffffffff00000, .page_count = UINT64_MAX},
    };
    assert_true(memory_from_firmware(&map, rows, sizeof(rows), sizeof(rows[0])));
    assert_int_equal(map.count, 1);
    expect_row(0, 0xfffffffffff00000, 0xfffffffffffff000, BOOT_MEMORY_MMIO);
    assert_false(memory_from_firmware(&map, rows, sizeof(rows), sizeof(rows[0]) - 8));
}

static void test_end(void **state) {
    (void)state;
    assert_int_equal(memory_end(&map), 1ull << 32);
    assert_true(memory_set(&map, 0x100000, 0x1000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0xfd00000000, 0x100000000, BOOT_MEMORY_RESERVED));
    assert_true(memory_set(&map, 0xff00000000, 0x1000, BOOT_MEMORY_MMIO));
    assert_int_equal(memory_end(&map), 1ull << 32);
    assert_true(memory_set(&map, 0x100000000, 0x40001000, BOOT_MEMORY_USABLE));
    assert_int_equal(memory_end(&map), 0x140200000);
    assert_true(memory_set(&map, 0x240000000, 0x200000, BOOT_MEMORY_ACPI_NVS));
    assert_int_equal(memory_end(&map), 0x240200000);
}

static void test_find(void **state) {
    (void)state;
    assert_true(memory_set(&map, 0, 0x1000, BOOT_MEMORY_USABLE));
    assert_int_equal(memory_find(&map, 0x4000, 0x1000, 0x9f000), 0);
    assert_true(memory_set(&map, 0, 0xa0000, BOOT_MEMORY_USABLE));
    assert_int_equal(memory_find(&map, 0x4000, 0x1000, 0x9f000), 0x9b000);
    assert_true(memory_set(&map, 0x8000, 0x98000, BOOT_MEMORY_RESERVED));
    assert_int_equal(memory_find(&map, 0x4000, 0x1000, 0x9f000), 0x4000);
    assert_int_equal(memory_find(&map, 0x7000, 0x1000, 0x9f000), 0x1000);
    assert_int_equal(memory_find(&map, 0x8000, 0x1000, 0x9f000), 0);
}

static void test_total(void **state) {
    (void)state;
    assert_true(memory_set(&map, 0x1000, 0x3000, BOOT_MEMORY_USABLE));
    assert_true(memory_set(&map, 0x8000, 0x1000, BOOT_MEMORY_MODULE));
    assert_true(memory_set(&map, 0x9000, 0x1000, BOOT_MEMORY_USABLE));
    assert_int_equal(memory_total(&map, BOOT_MEMORY_USABLE), 0x4000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_set_sorts, empty_map),
        cmocka_unit_test_setup(test_set_merges_neighbours, empty_map),
        cmocka_unit_test_setup(test_set_cuts_a_hole, empty_map),
        cmocka_unit_test_setup(test_set_widens_to_pages, empty_map),
        cmocka_unit_test_setup(test_set_of_nothing, empty_map),
        cmocka_unit_test_setup(test_set_at_the_end_of_the_address_space, empty_map),
        cmocka_unit_test_setup(test_set_without_room_changes_nothing, empty_map),
        cmocka_unit_test_setup(test_set_like_an_array, empty_map),
        cmocka_unit_test_setup(test_from_firmware, empty_map),
        cmocka_unit_test_setup(test_specific_purpose_memory_is_not_free, empty_map),
        cmocka_unit_test_setup(test_overlapping_firmware_rows, empty_map),
        cmocka_unit_test_setup(test_absurd_firmware_rows, empty_map),
        cmocka_unit_test_setup(test_end, empty_map),
        cmocka_unit_test_setup(test_find, empty_map),
        cmocka_unit_test_setup(test_total, empty_map),
    };
    return cmocka_run_group_tests_name("boot/memory", tests, NULL, NULL);
}
