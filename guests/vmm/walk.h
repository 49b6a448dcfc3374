/*
 * From a guest's linear addresses to its physical ones, through its own page tables, as its
 * processor would: no paging, 32-bit, PAE and 4-level (SDM Vol. 3, chapter 4 "Paging"). Sets
 * accessed and dirty bits. Touches guest memory only.
 */
#ifndef BULKHEAD_VMM_WALK_H
#define BULKHEAD_VMM_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/guest_memory.h"

/* What decides how addresses are translated: the registers at the exit. */
struct walk_mode {
    uint64_t cr0, cr3, cr4, efer, rflags;
    uint32_t cpl;
};

enum walk_access { WALK_READ, WALK_WRITE, WALK_FETCH };

/* Bits of a page fault's error code (SDM Vol. 3, 4.7 "Page-Fault Exceptions"). */
#define WALK_ERROR_PRESENT 0x01u
#define WALK_ERROR_WRITE   0x02u
#define WALK_ERROR_USER    0x04u
#define WALK_ERROR_FETCH   0x10u

struct walk_result {
    uint64_t physical; /* of the byte asked for */
    uint64_t left;     /* bytes from there to the end of the page */
    uint32_t error;    /* when it fails: the page fault's error code */
};

/* False: the access faults. A table outside RAM counts as not present. */
bool walk_translate(const struct walk_mode *mode, const struct guest_memory *memory,
                    uint64_t linear, enum walk_access access, struct walk_result *result);

#endif
