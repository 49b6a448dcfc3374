/*
 * The program's own address space: places for mappings, with an unmapped page behind each.
 * Any thread. Results: 0 or the negative of an enum status.
 */
#ifndef BULKHEAD_LIB_MAP_H
#define BULKHEAD_LIB_MAP_H

#include <stdint.h>

#include "kernel/abi/types.h"

/* Who lives where in a program's addresses. */
#define PROGRAM_IMAGE_BASE 0x0000000000400000ull
#define PROGRAM_START_INFO 0x0000000f00000000ull /* mapped by the creator, read-only */
#define PROGRAM_STACK_TOP \
    0x0000000e00000000ull /* end of the first thread's area, mapped by the creator */
#define PROGRAM_HEAP_BASE 0x0000001000000000ull
#define PROGRAM_HEAP_END  0x0000002000000000ull
#define PROGRAM_MAP_BASE  0x0000002000000000ull
#define PROGRAM_MAP_END   0x0000700000000000ull

/* Maps part of a region with MAP_... flags at an address of the library's choice. length is rounded
 * up to pages; 2 MiB and more is aligned so that large pages can be used. NO_MEMORY: too many
 * mappings. */
int64_t map_region(handle_t region, uint64_t offset, uint64_t length, uint32_t flags,
                   void **address);
/* Cleared memory of the own partition, readable and writable. */
int64_t map_memory(uint64_t length, void **address);
/* Reserves addresses only, for a mapping that somebody else makes (a vCPU's page). */
int64_t map_reserve(uint64_t length, void **address);
/* Undoes one of these. */
int64_t map_undo(void *address);

#endif
