/*
 * The memory map of a machine, in the types of E820 (ACPI, "System Address Map Interfaces"), from
 * which every protocol makes its own table. Pure.
 */
#ifndef BULKHEAD_VMM_BOOT_MEMORY_MAP_H
#define BULKHEAD_VMM_BOOT_MEMORY_MAP_H

#include "guests/vmm/guest_memory.h"

enum memory_map_type { MEMORY_MAP_RAM = 1, MEMORY_MAP_RESERVED = 2 };

struct memory_map_range {
    uint64_t address;
    uint64_t length;
    enum memory_map_type type;
};

#define MEMORY_MAP_LIMIT 4u

/* Fills in the ranges in ascending order and returns their count. The memory has at least
 * LAYOUT_HIGH bytes. */
uint32_t memory_map_make(const struct guest_memory *memory,
                         struct memory_map_range ranges[MEMORY_MAP_LIMIT]);

#endif
