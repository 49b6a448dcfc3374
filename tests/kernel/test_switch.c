/*
 * Registers across switches: many threads of several partitions, each with a pattern of its own in
 * every register, on each CPU, by yielding and by the timer.
 */
#include "abi/syscalls.h"
#include "tests/kernel/child.h"
#include "tests/kernel/children.h"
#include "tests/kernel/options.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define PARTITIONS 3
#define THREADS    4 /* of each partition, for each CPU; records stand in its board */

static uint64_t mode_of(uint32_t number) {
    return (suite.has_fsgsbase ? CHILDREN_FSGSBASE : 0u) |
           ((suite.extended_state & 4) != 0 && number % 2 == 0 ? CHILDREN_AVX : 0u) |
           (number % 4 == 3 ? CHILDREN_SPIN : 0u);
}

static struct switch_record *record(const struct child *child, uint32_t index) {
    return (struct switch_record *)(uintptr_t)&child->board->value[8 * index];
}

static void prepare(struct child *child, uint32_t index, uint32_t number, uint64_t rounds) {
    struct switch_record *r = record(child, index);
    r->seed = 0x1234567ull * (number + 1) + number + ((uint64_t)number << 40);
    r->rounds = rounds;
    r->mode = mode_of(number);
    r->fs_base = 0x7f0000000000ull + number * 0x1000ull;
    r->gs_base = number % 2 == 0 ? 0xffffffff80000000ull + number : 0x123456000ull + number;
}

static void run(uint32_t cpu, uint64_t rounds) {
    static struct child child[PARTITIONS];
    bool good = true;
    for (uint32_t i = 0; i < PARTITIONS && good; i++)
        good = child_create(&child[i], CHILD_QUOTA);
    for (uint32_t i = 0; i < PARTITIONS * THREADS && good; i++) {
        struct child *owner = &child[i % PARTITIONS];
        uint32_t index = i / PARTITIONS;
        prepare(owner, index, i, mode_of(i) & CHILDREN_SPIN ? rounds / 4 : rounds);
        good = child_thread(owner, (child_function)children_switch,
                            CHILD_BOARD + BOARD_VALUE + 64 * index, cpu, 0,
                            record(owner, index)->fs_base);
    }
    for (uint32_t i = 0; i < PARTITIONS * THREADS && good; i++)
        record(&child[i % PARTITIONS], i / PARTITIONS)->go = 1;
    for (uint32_t i = 0; i < PARTITIONS; i++) {
        tap_check_equal(child_await_end(&child[i]).state, PARTITION_STOPPED, "partition %u",
                        (unsigned)i);
        for (uint32_t index = 0; index < THREADS && good; index++) {
            const struct switch_record *r = record(&child[i], index);
            tap_check_equal(r->errors, 0, "partition %u, thread %u: the check that failed",
                            (unsigned)i, (unsigned)index);
            tap_check_equal(r->done, r->rounds, "partition %u, thread %u: rounds", (unsigned)i,
                            (unsigned)index);
        }
        child_destroy(&child[i]);
    }
}

void test_switch(void) {
    uint64_t rounds = option("switches", 1000);
    for (uint32_t cpu = 0; cpu < suite.cpu_count; cpu++)
        run(cpu, rounds);
    tap_point("general, vector and x87 registers, flags of both and segment bases survive %llu "
              "switches of each thread",
              (unsigned long long)rounds);
    run(THREAD_ANY_CPU, rounds);
    tap_point("and on whatever CPUs the kernel chooses");
}
