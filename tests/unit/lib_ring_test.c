/* units: guests/lib/ring.c */
/* The byte ring between partitions, with honest and hostile peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "guests/lib/ring.h"

#define SIZE 16u

/* Data with a guard on both sides: the sanitizer sees a step outside of the allocation. */
struct shared {
    struct ring_control control;
    uint8_t *data;
};

static struct shared shared_new(void) {
    struct shared shared = {.data = malloc(SIZE)};
    assert_non_null(shared.data);
    memset(shared.data, 0xee, SIZE);
    return shared;
}

static void bytes_come_out_in_order(void **state) {
    (void)state;
    struct shared shared = shared_new();
    struct ring producer, consumer;
    uint8_t next_in = 0, next_out = 0;
    ring_init(&producer, &shared.control, shared.data, SIZE);
    ring_init(&consumer, &shared.control, shared.data, SIZE);
    /* Every phase of the indices against the end of the data. */
    for (unsigned round = 0; round < 1000; round++) {
        uint8_t in[7], out[7];
        uint32_t in_length = round % 8, out_length = (round / 3) % 8;
        for (uint32_t i = 0; i < in_length; i++)
            in[i] = (uint8_t)(next_in + i);
        next_in = (uint8_t)(next_in + ring_put(&producer, in, in_length));
        uint32_t taken = ring_take(&consumer, out, out_length);
        for (uint32_t i = 0; i < taken; i++)
            assert_int_equal(out[i], next_out++);
        assert_int_equal(ring_space(&producer) + ring_available(&consumer), SIZE);
        assert_int_equal(ring_pending(&producer), ring_available(&consumer));
    }
    assert_true(next_out > 0);
    free(shared.data);
}

static void full_ring_takes_no_more(void **state) {
    (void)state;
    struct shared shared = shared_new();
    struct ring producer;
    ring_init(&producer, &shared.control, shared.data, SIZE);
    assert_int_equal(ring_put(&producer, "0123456789abcdefXYZ", 19), SIZE);
    assert_int_equal(ring_put(&producer, "X", 1), 0);
    assert_int_equal(ring_space(&producer), 0);
    assert_memory_equal(shared.data, "0123456789abcdef", SIZE);
    free(shared.data);
}

static void a_waiting_producer_is_known(void **state) {
    (void)state;
    struct shared shared = shared_new();
    struct ring producer, consumer;
    char out[SIZE];
    ring_init(&producer, &shared.control, shared.data, SIZE);
    ring_init(&consumer, &shared.control, shared.data, SIZE);
    ring_put(&producer, "0123456789abcde", 15);
    assert_int_equal(ring_take(&consumer, out, 1), 1);
    assert_false(ring_was_full(&consumer, 1));
    ring_put(&producer, "fg", 2);
    assert_int_equal(ring_take(&consumer, out, 1), 1);
    assert_true(ring_was_full(&consumer, 1));
    assert_int_equal(ring_take(&consumer, out, 0), 0);
    assert_false(ring_was_full(&consumer, 0));
    free(shared.data);
}

static void indices_run_over(void **state) {
    (void)state;
    struct shared shared = shared_new();
    struct ring producer, consumer;
    char out[4];
    atomic_store(&shared.control.produced, UINT32_MAX - 1);
    atomic_store(&shared.control.consumed, UINT32_MAX - 1);
    ring_resume_producer(&producer, &shared.control, shared.data, SIZE);
    ring_resume_consumer(&consumer, &shared.control, shared.data, SIZE);
    assert_int_equal(ring_put(&producer, "abcd", 4), 4);
    assert_int_equal(atomic_load(&shared.control.produced), 2);
    assert_int_equal(ring_take(&consumer, out, 4), 4);
    assert_memory_equal(out, "abcd", 4);
    free(shared.data);
}

/* A peer may write any index at any time: nothing is read or written outside, nothing is believed.
 */
static void hostile_indices_are_harmless(void **state) {
    (void)state;
    static const uint32_t lies[] = {SIZE + 1, 1000, 0x7fffffff, 0x80000000, UINT32_MAX - SIZE};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct shared shared = shared_new();
        struct ring producer, consumer;
        uint8_t out[64];
        ring_init(&producer, &shared.control, shared.data, SIZE);
        ring_init(&consumer, &shared.control, shared.data, SIZE);

        atomic_store(&shared.control.produced, lies[i]);
        assert_int_equal(ring_available(&consumer), 0);
        assert_int_equal(ring_take(&consumer, out, sizeof(out)), 0);

        atomic_store(&shared.control.consumed, lies[i]);
        assert_int_equal(ring_space(&producer), 0);
        assert_int_equal(ring_pending(&producer), 0);
        assert_int_equal(ring_put(&producer, "0123456789", 10), 0);

        /* A truth after the lie, and all goes on. */
        atomic_store(&shared.control.consumed, 0);
        assert_int_equal(ring_put(&producer, "ok", 2), 2);
        assert_int_equal(ring_take(&consumer, out, sizeof(out)), 2);
        assert_memory_equal(out, "ok", 2);
        free(shared.data);
    }
}

/* An index that moves back lets the consumer see old bytes again, never more than the ring holds.
 */
static void every_index_is_bounded(void **state) {
    (void)state;
    struct shared shared = shared_new();
    struct ring consumer;
    uint8_t out[64];
    uint32_t random = 1;
    ring_init(&consumer, &shared.control, shared.data, SIZE);
    for (unsigned round = 0; round < 10000; round++) {
        random = random * 1664525 + 1013904223;
        atomic_store(&shared.control.produced,
                     (random & 1) ? random >> 8 : consumer.index + (random >> 27));
        assert_true(ring_take(&consumer, out, sizeof(out)) <= SIZE);
    }
    free(shared.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_in_order),      cmocka_unit_test(full_ring_takes_no_more),
        cmocka_unit_test(a_waiting_producer_is_known),  cmocka_unit_test(indices_run_over),
        cmocka_unit_test(hostile_indices_are_harmless), cmocka_unit_test(every_index_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
