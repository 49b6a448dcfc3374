/*
 * The memory map that the kernel gets: sorted, without overlaps, merged. Portable.
 */
#ifndef BULKHEAD_BOOT_MEMORY_H
#define BULKHEAD_BOOT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/boot_info.h"

#define MEMORY_PAGE_SIZE 4096ull

/* One row of the firmware's map (UEFI 2.10, 7.2.3 "GetMemoryMap()"). */
struct memory_descriptor {
    uint32_t type;
    uint32_t reserved;
    uint64_t base;
    uint64_t virtual;
    uint64_t page_count;
    uint64_t attributes;
};
_Static_assert(sizeof(struct memory_descriptor) == 40, "EFI_MEMORY_DESCRIPTOR, version 1");

struct memory_map {
    struct boot_memory *row;
    uint32_t count;
    uint32_t capacity; /* one memory_set needs at most two rows more */
};

/*
 * Makes base .. base + length (in whole pages: widened if need be) of this type, whatever it was.
 * False: there is no row left, and nothing was changed.
 */
bool memory_set(struct memory_map *map, uint64_t base, uint64_t length, uint32_t type)
    __attribute__((warn_unused_result));

/*
 * Fills the empty map from the firmware's: length bytes of descriptors that are descriptor_size
 * apart. Where the firmware's rows overlap, the more restricted use wins. False: no row left.
 */
bool memory_from_firmware(struct memory_map *map, const void *descriptors, size_t length,
                          size_t descriptor_size) __attribute__((warn_unused_result));

/* Behind the last byte of memory that the kernel may touch: at least 4 GiB, a multiple of 2 MiB. */
uint64_t memory_end(const struct memory_map *map);

/* The highest block of usable memory with this length in low .. high; 0: none. */
uint64_t memory_find(const struct memory_map *map, uint64_t length, uint64_t low, uint64_t high);

/* All memory of one type, in bytes. */
uint64_t memory_total(const struct memory_map *map, uint32_t type);

#endif
