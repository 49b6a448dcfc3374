/* Which addresses of an area are taken: a sorted table, first fit. No system call, no lock. */
#ifndef BULKHEAD_ADDRESS_RANGES_H
#define BULKHEAD_ADDRESS_RANGES_H

#include <stdint.h>

#define ADDRESS_RANGES_LIMIT 512u

struct address_ranges {
    uint64_t first, end;
    uint32_t count;
    struct {
        uint64_t start, length; /* length without the gap */
    } range[ADDRESS_RANGES_LIMIT];
};

/*
 * The start of `length` free bytes at a multiple of `alignment` (a power of two, at least a page),
 * with at least one free page on both sides; 0: no place. length: a multiple of the page size, not
 * 0.
 */
uint64_t address_ranges_take(struct address_ranges *ranges, uint64_t length, uint64_t alignment);
/* Gives back what take returned: its length, or 0 if there is no such range. */
uint64_t address_ranges_give(struct address_ranges *ranges, uint64_t start);

#endif
