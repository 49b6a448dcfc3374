/*
 * A child partition's addresses, and the page that it shares with the suite. Assembly includes it.
 */
#ifndef BULKHEAD_TEST_KERNEL_BOARD_H
#define BULKHEAD_TEST_KERNEL_BOARD_H

/* All in one 2 MiB, so that one page table serves. */
#define CHILD_BOARD        0x1000000
#define CHILD_STACKS       0x1010000 /* a stack each, at the end of its step */
#define CHILD_STACK_STEP   0x4000
#define CHILD_STACK_SIZE   0x2000
#define CHILD_THREAD_LIMIT 32
#define CHILD_WINDOW       0x1100000 /* here tests map what they want */
#define CHILD_STACK_BOTTOM                                                 \
    (CHILD_STACKS + CHILD_STACK_STEP - CHILD_STACK_SIZE) /* first thread's \
                                                          */

#define BOARD_MAGIC 0x4b4f4f4b /* "here I was" */

/* Offsets in struct board, for assembly. */
#define BOARD_ARRIVED  0
#define BOARD_SURVIVED 8
#define BOARD_ARGUMENT 16
#define BOARD_VALUE    128
#define BOARD_AREA     1024

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#define BOARD_ARGUMENTS 14
#define BOARD_VALUES    112

/* The suite's view is volatile: a child writes it at any time. */
struct board {
    uint64_t arrived;  /* BOARD_MAGIC: the act that the test is about comes next */
    uint64_t survived; /* BOARD_MAGIC: it went through */
    uint64_t argument[BOARD_ARGUMENTS];
    uint64_t value[BOARD_VALUES];
    uint8_t area[3072]; /* 64-byte aligned: XSAVE goes here */
};
_Static_assert(sizeof(struct board) == 4096, "a page");
_Static_assert(offsetof(struct board, survived) == BOARD_SURVIVED, "assembly writes it");
_Static_assert(offsetof(struct board, argument) == BOARD_ARGUMENT, "assembly reads it");
_Static_assert(offsetof(struct board, value) == BOARD_VALUE, "assembly writes it");
_Static_assert(offsetof(struct board, area) == BOARD_AREA, "assembly writes it");
#endif

#endif
