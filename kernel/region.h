/* Regions: physical memory that can be mapped and shared. */
#ifndef BULKHEAD_KERNEL_REGION_H
#define BULKHEAD_KERNEL_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/object.h"

struct region_extent {
    uint64_t base;  /* physical */
    uint32_t order; /* 2^order frames */
    uint32_t reserved;
};

struct region_page; /* a page of extents */

struct region {
    struct object object;
    uint64_t length;  /* bytes, of pages */
    uint64_t cleared; /* bytes from the start that are cleared */
    bool is_fixed;    /* not from the frame allocator: a boot module; never freed, read-only */
    uint64_t fixed_base;
    struct list mappings;
    struct region_page *first_page, *last_page; /* of extents, paid as kernel memory */
};

/* kernel_lock is held for all of these. Extents are as large as memory allows, so that 2 MiB and 1
 * GiB pages can be used. Memory is charged at once, cleared in pieces. */
enum status region_create(struct partition *partition, uint64_t length, struct region **result);
enum status region_create_fixed(struct partition *partition, uint64_t base, uint64_t length,
                                struct region **result);
/* Clears a bounded piece; true: all of it is cleared now. */
bool region_clear_some(struct region *region);
/* The run of contiguous memory at an offset: its physical address; *length: bytes to its end. */
uint64_t region_physical(const struct region *region, uint64_t offset, uint64_t *length);
/* Called when the last count goes. */
void region_destroy(struct region *region);

#endif
