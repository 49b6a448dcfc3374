/*
 * The bench guest: a kernel of its own that measures what exits and interrupts cost, in ticks of
 * the time-stamp counter (in Bochs: instructions), and prints lines
 *
 *     bench: start TSC                 at its first instruction
 *     bench: ID MEDIAN MAX             per operation, over 40 batches of 100
 *     bench: ID failed: WHY
 *     bench: done
 *
 * After its batches each operation is done once more between two markers, for a tracer.
 */
#include <stddef.h>

#include "tests/bench/guest/cpu.h"
#include "tests/bench/guest/machine.h"
#include "tests/bench/guest/operations.h"
#include "tests/bench/guest/start.h"
#include "tests/bench/guest/statistics.h"

#define BATCH_COUNT  40u
#define BATCH_LENGTH 100u
#define WARM_BATCHES 2u
#define SETTLE_TICKS 20000000u

struct result {
    struct statistics statistics;
    const char *failure; /* NULL: none */
};

#define OPERATION_LIMIT 16u
static struct result results[OPERATION_LIMIT];

/* Printing is asynchronous on the other side: it must not disturb what is measured next. */
static void settle(void) {
    uint64_t end = cpu_ticks() + SETTLE_TICKS;
    while (cpu_ticks() < end) {
        __asm__ volatile("pause");
    }
}

static uint64_t batch_run(const struct operation *operation) {
    uint64_t without = operation->without == NULL ? 0 : operation->without(BATCH_LENGTH);
    uint64_t with = operation->with(BATCH_LENGTH);
    return statistics_net(with, without);
}

static void measure(const struct operation *operation, struct result *result) {
    uint64_t batches[BATCH_COUNT];
    for (uint32_t i = 0; i < WARM_BATCHES; i++) {
        (void)batch_run(operation);
    }
    uint64_t interrupts = interrupt_count;
    for (uint32_t i = 0; i < BATCH_COUNT; i++) {
        batches[i] = batch_run(operation);
    }
    interrupts = interrupt_count - interrupts;
    if (operation->counts_interrupts && interrupts != BATCH_COUNT * BATCH_LENGTH) {
        result->failure = "interrupts were lost";
    }
    result->statistics = statistics_of(batches, BATCH_COUNT);
}

/* The markers come in pairs for every operation: a tracer counts them. */
static void run(uint32_t index) {
    const struct operation *operation = &operations[index];
    bool is_possible = operation->is_possible == NULL || operation->is_possible();
    if (is_possible) {
        measure(operation, &results[index]);
    } else {
        results[index].failure = "the processor does not offer it";
    }
    cpu_marker();
    if (is_possible) {
        (void)operation->with(1);
    }
    cpu_marker();
}

static void report(uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; i++) {
        machine_print("bench: ");
        machine_print(operations[i].id);
        if (results[i].failure != NULL) {
            machine_print(" failed: ");
            machine_print(results[i].failure);
        } else {
            /* Ticks of 100 operations are hundredths of a tick of one. */
            _Static_assert(BATCH_LENGTH == 100, "what is printed");
            machine_print(" ");
            machine_print_hundredths(results[i].statistics.median);
            machine_print(" ");
            machine_print_hundredths(results[i].statistics.max);
        }
        machine_print("\n");
    }
}

noreturn void main(void);

noreturn void main(void) {
    machine_init();
    settle();
    for (uint32_t i = 0; i < operation_interrupt_first; i++) {
        run(i);
    }
    machine_print("bench: start ");
    machine_print_number(start_ticks);
    machine_print("\n");
    report(0, operation_interrupt_first);
    settle();
    for (uint32_t i = operation_interrupt_first; i < operation_count; i++) {
        run(i);
    }
    report(operation_interrupt_first, operation_count);
    machine_print("bench: done\n");
    machine_power_off();
}
