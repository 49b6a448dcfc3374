/* The walker over page tables of any format. Pure: tables come from a callback. */
#ifndef BULKHEAD_KERNEL_PAGE_TABLE_H
#define BULKHEAD_KERNEL_PAGE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/page_format.h"

struct page_table_allocator {
    /* A cleared table: physical address, or UINT64_MAX. */
    uint64_t (*allocate)(struct page_table_allocator *self);
    void (*free)(struct page_table_allocator *self, uint64_t table);
};

struct page_table {
    const struct page_format *format;
    uint64_t root; /* physical */
    struct page_table_allocator *allocator;
};

/*
 * Maps [address, address + length) to contiguous physical memory with the largest pages that fit.
 * QUOTA: no table could be had; then nothing of the range is mapped and no table is kept.
 * EXISTS: something is mapped in the range; nothing is changed.
 */
enum status page_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint64_t length, uint32_t flags);
/* Unmaps what is mapped in the range and frees tables that became empty (not the root). Large pages
 * must lie wholly inside. */
void page_table_unmap(struct page_table *table, uint64_t address, uint64_t length);
/* Frees every table below the first `top_entries` entries of the root; leaves are not looked at. */
void page_table_free_tables(struct page_table *table, uint32_t top_entries);

struct page_table_entry {
    uint64_t physical;
    uint64_t size;   /* bytes of the page */
    uint32_t rights; /* MAP_... */
    uint64_t raw;
};
/* The page at an address; false: nothing is mapped. */
bool page_table_lookup(const struct page_table *table, uint64_t address,
                       struct page_table_entry *entry);

/* Calls visit for every leaf in address order; address is not sign-extended. visit false: stop. */
bool page_table_walk(const struct page_table *table,
                     bool (*visit)(void *context, uint64_t address,
                                   const struct page_table_entry *entry),
                     void *context);

#endif
