/* The page-table walker: largest pages, all or nothing, no table lost. The format's bits are those
 * of Intel SDM Vol. 3, 4.5; what is expected here follows from sizes and alignment alone. */
/* units: tests/fake/kernel.units */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#include "kernel/frame.h"
#include "kernel/page_table.h"
#include "tests/fake/fake_arch.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct {
    struct page_table_allocator allocator;
    int live;
    int limit;
} tables;

static uint64_t allocate(struct page_table_allocator *self) {
    (void)self;
    if (tables.live == tables.limit)
        return UINT64_MAX;
    tables.live++;
    return frame_allocate_clear();
}

static void release(struct page_table_allocator *self, uint64_t table) {
    (void)self;
    tables.live--;
    frame_free(table, 0);
}

static struct page_table table;

static int set_up(void **state) {
    (void)state;
    fake_start();
    tables.allocator = (struct page_table_allocator){allocate, release};
    tables.live = 0;
    tables.limit = 1000;
    table = (struct page_table){arch_page_format(SPACE_PROGRAM), frame_allocate_clear(),
                                &tables.allocator};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fake_stop();
    return 0;
}

static void uses_the_largest_pages(void **state) {
    (void)state;
    struct page_table_entry entry;
    assert_int_equal(page_table_map(&table, GIB - 2 * MIB - PAGE_SIZE,
                                    3 * GIB - 2 * MIB - PAGE_SIZE, GIB + 4 * MIB,
                                    MAP_READ | MAP_WRITE),
                     STATUS_OK);
    assert_true(page_table_lookup(&table, GIB - 2 * MIB - 1, &entry));
    assert_int_equal(entry.size, PAGE_SIZE);
    assert_true(page_table_lookup(&table, GIB - 2 * MIB + 5, &entry));
    assert_int_equal(entry.size, 2 * MIB);
    assert_int_equal(entry.physical, 3 * GIB - 2 * MIB);
    assert_true(page_table_lookup(&table, GIB + 123456789, &entry));
    assert_int_equal(entry.size, GIB);
    assert_int_equal(entry.physical, 3 * GIB);
    assert_int_equal(entry.rights, MAP_READ | MAP_WRITE);
    assert_false(page_table_lookup(&table, GIB - 2 * MIB - PAGE_SIZE - 1, &entry));
    assert_false(page_table_lookup(&table, 2 * GIB + 2 * MIB - PAGE_SIZE, &entry));
    page_table_unmap(&table, GIB - 2 * MIB - PAGE_SIZE, GIB + 4 * MIB);
    assert_int_equal(tables.live, 0);
}

static void refuses_what_is_in_the_way(void **state) {
    (void)state;
    assert_int_equal(page_table_map(&table, 4 * MIB + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ),
                     STATUS_OK);
    int before = tables.live;
    assert_int_equal(page_table_map(&table, 2 * MIB, 8 * MIB, 4 * MIB, MAP_READ), STATUS_EXISTS);
    struct page_table_entry entry;
    assert_false(page_table_lookup(&table, 2 * MIB, &entry));
    assert_true(page_table_lookup(&table, 4 * MIB + PAGE_SIZE, &entry));
    assert_int_equal(tables.live, before);
    assert_int_equal(page_table_map(&table, GIB, GIB, GIB, MAP_READ), STATUS_OK);
    assert_int_equal(page_table_map(&table, GIB + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ),
                     STATUS_EXISTS);
}

static void leaves_nothing_when_tables_run_out(void **state) {
    (void)state;
    for (tables.limit = 0; tables.limit < 6; tables.limit++) {
        enum status status = page_table_map(&table, 2 * MIB - PAGE_SIZE, 0, 2 * PAGE_SIZE,
                                            MAP_READ);
        /* One table of level 2, one of level 1, two of level 0. */
        assert_int_equal(status, tables.limit < 4 ? STATUS_QUOTA : STATUS_OK);
        if (status == STATUS_OK)
            page_table_unmap(&table, 2 * MIB - PAGE_SIZE, 2 * PAGE_SIZE);
        assert_int_equal(tables.live, 0);
    }
}

struct seen {
    uint64_t bytes, leaves, last;
};

static bool visit(void *context, uint64_t address, const struct page_table_entry *entry) {
    struct seen *seen = context;
    assert_true(seen->leaves == 0 || address > seen->last);
    seen->last = address;
    seen->bytes += entry->size;
    seen->leaves++;
    return true;
}

static void walks_every_leaf_in_order(void **state) {
    (void)state;
    page_table_map(&table, 7 * PAGE_SIZE, 0, 3 * PAGE_SIZE, MAP_READ);
    page_table_map(&table, 2 * MIB, 2 * MIB, 6 * MIB, MAP_READ);
    page_table_map(&table, 512 * GIB, 0, GIB, MAP_READ);
    struct seen seen = {0};
    assert_true(page_table_walk(&table, visit, &seen));
    assert_int_equal(seen.leaves, 3 + 3 + 1);
    assert_int_equal(seen.bytes, 3 * PAGE_SIZE + 6 * MIB + GIB);
    page_table_free_tables(&table, 256);
    assert_int_equal(tables.live, 0);
}

/* Against a plain array as the model. */
static void agrees_with_a_model(void **state) {
    (void)state;
    enum { PAGES = 2048 };
    static uint64_t model[PAGES];
    unsigned seed = 7;
    print_message("seed %u\n", seed);
    for (int round = 0; round < 3000; round++) {
        uint64_t first = (uint64_t)rand_r(&seed) % PAGES;
        uint64_t count = 1 + (uint64_t)rand_r(&seed) % 64;
        if (first + count > PAGES)
            count = PAGES - first;
        bool is_free = true, is_mapped = true;
        for (uint64_t i = first; i < first + count; i++) {
            is_free &= model[i] == 0;
            is_mapped &= model[i] != 0;
        }
        uint64_t physical = (1 + (uint64_t)rand_r(&seed) % 100000) * PAGE_SIZE;
        if (rand_r(&seed) % 2 == 0) {
            enum status status = page_table_map(&table, first * PAGE_SIZE, physical,
                                                count * PAGE_SIZE, MAP_READ);
            assert_int_equal(status, is_free ? STATUS_OK : STATUS_EXISTS);
            for (uint64_t i = 0; is_free && i < count; i++)
                model[first + i] = physical + i * PAGE_SIZE;
        } else if (is_mapped) {
            page_table_unmap(&table, first * PAGE_SIZE, count * PAGE_SIZE);
            for (uint64_t i = 0; i < count; i++)
                model[first + i] = 0;
        }
    }
    for (uint64_t i = 0; i < PAGES; i++) {
        struct page_table_entry entry;
        bool found = page_table_lookup(&table, i * PAGE_SIZE, &entry);
        assert_int_equal(found, model[i] != 0);
        if (found)
            assert_int_equal(entry.physical, model[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(uses_the_largest_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_in_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_nothing_when_tables_run_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(walks_every_leaf_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(agrees_with_a_model, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("kernel/page_table", tests, NULL, NULL);
}
