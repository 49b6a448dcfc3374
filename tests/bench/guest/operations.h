/* What is measured: each operation in a loop, and the same loop without it. */
#ifndef BULKHEAD_BENCH_OPERATIONS_H
#define BULKHEAD_BENCH_OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Does something COUNT times. Its cost in ticks, or what else is to be counted. */
typedef uint64_t operation_run(uint64_t count);

struct operation {
    const char *id;
    bool (*is_possible)(void); /* NULL: always */
    operation_run *with;       /* the operation in a loop */
    operation_run *without;    /* the empty loop; NULL: there is nothing to subtract */
    bool counts_interrupts;    /* each must have brought exactly one */
};

/* Those that never wait for an interrupt come first: nothing can hang before they are reported. */
extern const struct operation operations[];
extern const uint32_t operation_count;
extern const uint32_t operation_interrupt_first; /* from here on they need interrupts */

#endif
