/*
 * Forbidden acts of ring 3, each a few instructions of attacks.S, and what must come of it.
 * Included by assembly too.
 */
#ifndef BULKHEAD_TEST_KERNEL_ATTACK_H
#define BULKHEAD_TEST_KERNEL_ATTACK_H

/* Outcomes, one bit each: the exception's vector, or none at all. */
#define ATTACK_DE       (1 << 0)
#define ATTACK_DB       (1 << 1)
#define ATTACK_BP       (1 << 3)
#define ATTACK_UD       (1 << 6)
#define ATTACK_NP       (1 << 11)
#define ATTACK_SS       (1 << 12)
#define ATTACK_GP       (1 << 13)
#define ATTACK_PF       (1 << 14)
#define ATTACK_MF       (1 << 16)
#define ATTACK_AC       (1 << 17)
#define ATTACK_XM       (1 << 19)
#define ATTACK_SURVIVES (1 << 30)

/* What the outcome depends on. */
#define ATTACK_ALWAYS    0
#define ATTACK_UMIP      1 /* where the processor has no UMIP it survives */
#define ATTACK_FSGSBASE  2 /* where the processor has none it is undefined */
#define ATTACK_ANY_PLACE 4 /* the fault's instruction is not the one marked */

/* struct attack's access; assembly cannot include the ABI's header. */
#define ATTACK_READ    1
#define ATTACK_WRITE   2
#define ATTACK_EXECUTE 4

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "tests/kernel/child.h"

_Static_assert(ATTACK_READ == MAP_READ && ATTACK_WRITE == MAP_WRITE &&
                   ATTACK_EXECUTE == MAP_EXECUTE,
               "as in fault_info");

struct attack {
    const char *text;
    child_function entry;
    uint64_t instruction; /* the one that faults */
    uint32_t outcomes;    /* ATTACK_..., one of which must come */
    uint32_t condition;
    uint64_t address; /* of a page fault */
    uint32_t access;  /* of a page fault: ATTACK_READ and so on */
    uint32_t tcg;     /* outcomes that QEMU's TCG adds, where it is not a processor */
};
_Static_assert(sizeof(struct attack) == 48, "attacks.S writes these rows");

extern const struct attack attacks_start[];
extern const uint32_t attack_count;

/* At interrupt_attacks + n * INTERRUPT_ATTACK_SIZE: INT n behind as many bytes as given here. */
extern const uint8_t interrupt_attacks[];

/* The same acts at board->argument[0]. */
void attack_read(volatile struct board *board);
void attack_write(volatile struct board *board);
void attack_execute(volatile struct board *board);
#endif
#define INTERRUPT_ATTACK_SIZE   16
#define INTERRUPT_ATTACK_OFFSET 6

#endif
