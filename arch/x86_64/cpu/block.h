/*
 * The layout of one CPU's block of virtual memory: struct cpu first, its stacks, and between them
 * pages that are never mapped. The boot CPU's block is in the kernel's bss, the others' are in the
 * CPU area (mm/layout.h).
 */
#ifndef BULKHEAD_CPU_BLOCK_H
#define BULKHEAD_CPU_BLOCK_H

#include <stdint.h>

#include "kernel/cpu.h"

#define BLOCK_PAGE        0x1000ul
#define BLOCK_ENTRY       0x1000ul /* kernel_entry_page, executable */
#define BLOCK_NMI         0x3000ul /* one page each, with an unmapped one below */
#define BLOCK_DOUBLE      0x5000ul
#define BLOCK_MACHINE     0x7000ul
#define BLOCK_DEBUG       0x9000ul
#define BLOCK_STACK       0xb000ul /* the CPU's stack, to the end of the block */
#define BLOCK_STACK_PAGES ((ARCH_CPU_BLOCK_SIZE - BLOCK_STACK) / BLOCK_PAGE)

_Static_assert(sizeof(struct cpu) <= BLOCK_PAGE, "the entry code's page follows");

/* Which of the block's pages are what; index is the page's number in the block. */
enum block_page { BLOCK_PAGE_GUARD, BLOCK_PAGE_DATA, BLOCK_PAGE_ENTRY };

static inline enum block_page block_page_kind(uint64_t offset) {
    switch (offset) {
    case 0:
    case BLOCK_NMI:
    case BLOCK_DOUBLE:
    case BLOCK_MACHINE:
    case BLOCK_DEBUG: return BLOCK_PAGE_DATA;
    case BLOCK_ENTRY: return BLOCK_PAGE_ENTRY;
    default: return offset >= BLOCK_STACK ? BLOCK_PAGE_DATA : BLOCK_PAGE_GUARD;
    }
}

#endif
