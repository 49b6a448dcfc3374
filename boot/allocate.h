/*
 * Memory for the kernel, its modules and the loader's tables, with a list of what was taken and for
 * what: a failed boot gives all of it back, a good one reports it in the memory map.
 */
#ifndef BULKHEAD_BOOT_ALLOCATE_H
#define BULKHEAD_BOOT_ALLOCATE_H

#include <stdint.h>

#include "kernel/abi/boot_info.h"

#define ALLOCATE_PAGE_SIZE 4096ull
#define ALLOCATE_4GIB      0x100000000ull
#define ALLOCATE_ANYWHERE  UINT64_MAX

struct allocation {
    struct allocation *next;
    uint64_t base;
    uint64_t page_count;
    enum boot_memory_type type; /* USABLE: the loader's scratch memory, free after the jump */
};

/*
 * Whole pages for length bytes (at least one page), all below the address `below`. Only the part
 * behind the last byte is zeroed. NULL: there is no such memory; the caller says for what.
 */
void *allocate(uint64_t length, enum boot_memory_type type, uint64_t below);

/* The same at an address that is a multiple of alignment, a power of two above the page size. */
void *allocate_aligned(uint64_t length, uint64_t alignment, enum boot_memory_type type,
                       uint64_t below);

/* All of it zero. */
void *allocate_zeroed(uint64_t length, enum boot_memory_type type, uint64_t below);

/* Reports memory that the firmware gives up by itself when boot services end. */
void *allocate_adopt(uint64_t base, uint64_t length, enum boot_memory_type type);

/* Every allocation, newest first. */
const struct allocation *allocate_list(void);

void allocate_free_all(void);

#endif
