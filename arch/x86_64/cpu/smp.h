/* Starting the other CPUs: what the trampoline (smp_trampoline.S) is told. */
#ifndef BULKHEAD_CPU_SMP_H
#define BULKHEAD_CPU_SMP_H

#include <stdint.h>

/* At SMP_START_OFFSET in the first trampoline page; written anew for every CPU. */
struct smp_start {
    uint64_t cr3; /* the trampoline's own tables, below 4 GiB */
    uint64_t efer;
    uint64_t stack;
    uint64_t entry; /* secondary_start, at its link address */
    uint64_t cr4;
};
_Static_assert(sizeof(struct smp_start) == 40, "smp_trampoline.S reads it");
#define SMP_START_OFFSET 0xf00

#endif
