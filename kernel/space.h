/* Spaces: page tables of any format, and the mappings of regions in them. */
#ifndef BULKHEAD_KERNEL_SPACE_H
#define BULKHEAD_KERNEL_SPACE_H

#include <stdint.h>

#include "arch_types.h"
#include "kernel/abi/types.h"
#include "kernel/object.h"
#include "kernel/page_format.h"

struct region;

/* One space_map. */
struct mapping {
    struct object object;    /* OBJECT_NONE; paid by the space's partition */
    struct list space_link;  /* in space->mappings, by address */
    struct list region_link; /* in region->mappings */
    struct space *space;
    struct region *region; /* counted */
    uint64_t address;
    uint64_t length;
    uint64_t offset; /* in the region */
    uint32_t flags;
};

struct space {
    struct object object;
    struct arch_space arch;
    enum space_kind kind;
    const struct page_format *format;
    uint64_t root;        /* physical address of the top table */
    uint64_t end;         /* first address behind the space */
    uint64_t table_count; /* tables, root included */
    struct list mappings;
};

/* kernel_lock is held for all of these. */
enum status space_create(struct partition *partition, enum space_kind kind, struct space **result);
enum status space_map(struct space *space, struct region *region, uint64_t offset, uint64_t address,
                      uint64_t length, uint32_t flags);
enum status space_unmap(struct space *space, uint64_t address, uint64_t length);
/* One step: takes down at most a bounded piece; STATUS_BUSY: call again. */
enum status space_clear(struct space *space);
/* Takes the region out of every space. */
void space_unmap_region(struct region *region);
/* Called when the last count goes. */
void space_destroy(struct space *space);

#endif
