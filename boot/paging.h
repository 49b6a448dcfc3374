/*
 * The page tables that the kernel is entered with (SDM Vol. 3, 4.5 "4-Level Paging and 5-Level
 * Paging"). Portable: memory comes from the caller, physical addresses are pointers.
 */
#ifndef BULKHEAD_BOOT_PAGING_H
#define BULKHEAD_BOOT_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#define PAGING_4K 4096ull
#define PAGING_2M (2ull << 20)
#define PAGING_1G (1ull << 30)

#define PAGING_PRESENT    (1ull << 0)
#define PAGING_WRITE      (1ull << 1)
#define PAGING_LARGE      (1ull << 7)
#define PAGING_NO_EXECUTE (1ull << 63)
#define PAGING_ADDRESS    0x000ffffffffff000ull

/* The lower half has 256 top-level entries; the direct map has as many but for the kernel's. */
#define PAGING_DIRECT_MAP_LIMIT (255ull << 39)

struct paging {
    uint64_t *(*allocate)(void); /* a zeroed, page-aligned page, or NULL */
    bool gigabyte_pages;
    uint64_t *root; /* made at the first mapping */
};

/*
 * Maps physical 0 .. end one to one (writable and executable: the loader itself runs there) and at
 * BOOT_DIRECT_MAP (writable, not executable). end is a multiple of 2M, at most
 * PAGING_DIRECT_MAP_LIMIT. False: out of memory.
 */
bool paging_map_memory(struct paging *paging, uint64_t end) __attribute__((warn_unused_result));

/*
 * Maps whole 4K pages at a virtual address in the higher half above the direct map. rights: any of
 * PAGING_WRITE and PAGING_NO_EXECUTE. False: out of memory.
 */
bool paging_map_kernel(struct paging *paging, uint64_t virtual, uint64_t physical, uint64_t length,
                       uint64_t rights) __attribute__((warn_unused_result));

#endif
