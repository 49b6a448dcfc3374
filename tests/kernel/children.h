/* Child functions that must know every register: children.S. */
#ifndef BULKHEAD_TEST_KERNEL_CHILDREN_H
#define BULKHEAD_TEST_KERNEL_CHILDREN_H

/* board->argument[0], or a switch record's mode: what the processor has. */
#define CHILDREN_XSAVE    1
#define CHILDREN_FSGSBASE 2
#define CHILDREN_AVX      4
#define CHILDREN_AVX512   8
#define CHILDREN_SPIN     16 /* children_switch: lets the timer interrupt it instead of yielding */

/* board->value: registers 0 to 15, then these. */
#define CHILDREN_FLAGS   16
#define CHILDREN_DS      17
#define CHILDREN_ES      18
#define CHILDREN_FS      19
#define CHILDREN_GS      20
#define CHILDREN_FS_BASE 21
#define CHILDREN_GS_BASE 22

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#include "tests/kernel/board.h"

/* Writes all registers as the thread finds them at its start: value, and extended state in area. */
void children_dump(volatile struct board *board);
/* Fills every register that it can with ones. */
void children_dirty(volatile struct board *board);

/* In a board's value; the thread's argument. */
struct switch_record {
    uint64_t seed;
    uint64_t rounds; /* after so many the thread ends */
    uint64_t mode;
    volatile uint64_t done;
    volatile uint64_t errors; /* 0, or the number of the check that failed first */
    uint64_t fs_base, gs_base;
    volatile uint64_t go; /* not before this is set */
};
_Static_assert(sizeof(struct switch_record) == 64, "children.S reads it");
_Static_assert(offsetof(struct switch_record, go) == 56, "children.S reads it");

/* Keeps a pattern of its own in every register over many switches. */
void children_switch(volatile struct board *record);

/* Sets the flags of board->argument[0] before each of two calls, one of which gives the CPU away;
 * value[0], value[1]: the flags behind them; exit code 0. */
void children_flags(volatile struct board *board);

/* Runs with GS base board->argument[0] through board->argument[1] switches and as many interrupts
 * as come meanwhile; value[0]: the base at the end; exit code 0. */
void children_gs_base(volatile struct board *board);
#endif

#endif
