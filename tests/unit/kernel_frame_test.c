/* The frame allocator: no frame twice, nothing lost, blocks aligned and joined again. */
/* units: tests/fake/kernel.units */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "kernel/frame.h"
#include "tests/fake/fake_arch.h"

#define BLOCKS 400

static int set_up(void **state) {
    (void)state;
    fake_start();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fake_stop();
    return 0;
}

/* 64 MiB without [0x9f000, 1 MiB), frame 0, the info page and the frame table (4 pages: 16,384
 * bytes). */
static void counts_what_the_map_says(void **state) {
    (void)state;
    uint64_t expected = 0x9f - 1 + (FAKE_MEMORY_SIZE - 0x100000) / PAGE_SIZE - 1 - 4;
    assert_int_equal(frame_total_count(), expected);
}

static void blocks_are_aligned_and_disjoint(void **state) {
    (void)state;
    uint64_t before = frame_free_count();
    unsigned seed = 20240501;
    static unsigned char owner[FAKE_MEMORY_SIZE / PAGE_SIZE];
    memset(owner, 0, sizeof owner);
    struct {
        uint64_t base;
        uint32_t order;
    } block[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        block[i].order = (uint32_t)rand_r(&seed) % 6;
        block[i].base = frame_allocate(block[i].order);
        assert_true(block[i].base != FRAME_NONE);
        assert_int_equal(block[i].base % (PAGE_SIZE << block[i].order), 0);
        for (uint64_t f = 0; f < 1ull << block[i].order; f++)
            assert_int_equal(owner[block[i].base / PAGE_SIZE + f]++, 0);
    }
    for (int i = 0; i < BLOCKS; i++)
        frame_free(block[i].base, block[i].order);
    assert_int_equal(frame_free_count(), before);
    /* Everything was joined: a 16 MiB block can be had again. */
    uint64_t large = frame_allocate(12);
    assert_true(large != FRAME_NONE);
    frame_free(large, 12);
}

static void every_frame_can_be_had_once(void **state) {
    (void)state;
    uint64_t total = frame_free_count();
    uint64_t *bases = malloc(total * sizeof *bases);
    for (uint64_t i = 0; i < total; i++) {
        bases[i] = frame_allocate(0);
        assert_true(bases[i] != FRAME_NONE && bases[i] != 0);
    }
    assert_true(frame_allocate(0) == FRAME_NONE);
    assert_int_equal(frame_free_count(), 0);
    for (uint64_t i = 0; i < total; i++)
        frame_free(bases[i], 0);
    assert_int_equal(frame_free_count(), total);
    free(bases);
}

static void clear_frames_are_clear(void **state) {
    (void)state;
    uint64_t base = frame_allocate_clear();
    const char *bytes = arch_memory_at(base);
    for (uint64_t i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(bytes[i], 0);
    frame_free(base, 0);
}

static void absurd_orders_are_refused(void **state) {
    (void)state;
    assert_true(frame_allocate(FRAME_ORDER_MAX) == FRAME_NONE);
    assert_true(frame_allocate(FRAME_ORDER_MAX + 1) == FRAME_NONE);
    assert_true(frame_allocate(UINT32_MAX) == FRAME_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_what_the_map_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blocks_are_aligned_and_disjoint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_frame_can_be_had_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clear_frames_are_clear, set_up, tear_down),
        cmocka_unit_test_setup_teardown(absurd_orders_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("kernel/frame", tests, NULL, NULL);
}
