/*
 * A page-table format, as data: one walker (page_table.c) serves the processor's tables, EPT and
 * the IOMMU's. Tables have 512 entries of 8 bytes; level 0 holds 4 KiB pages, level 1 2 MiB, level
 * 2 1 GiB.
 */
#ifndef BULKHEAD_KERNEL_PAGE_FORMAT_H
#define BULKHEAD_KERNEL_PAGE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

struct page_format {
    const char *name;
    uint32_t levels;        /* of tables: 4, or 3 */
    uint32_t largest_level; /* of a page: 0, 1 or 2 */
    uint64_t present_mask;  /* an entry with none of these bits set maps nothing */
    uint64_t address_mask;  /* the physical address in an entry */
    uint64_t large_bit;     /* in a leaf above level 0 */
    uint64_t table_bits;    /* in an entry that points to a table */
    /* A leaf entry without its address; flags: MAP_READ|WRITE|EXECUTE and memory type. */
    uint64_t (*leaf)(uint32_t level, uint32_t flags);
    /* MAP_READ|WRITE|EXECUTE of a leaf, for the audit. */
    uint32_t (*rights)(uint64_t entry);
};

#endif
