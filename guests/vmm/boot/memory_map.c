/* Conventional memory, the firmware's area, RAM below and above 4 GiB. */
#include "guests/vmm/boot/memory_map.h"

#include "guests/vmm/boot/layout.h"

uint32_t memory_map_make(const struct guest_memory *memory,
                         struct memory_map_range ranges[MEMORY_MAP_LIMIT]) {
    const struct memory_map_range all[MEMORY_MAP_LIMIT] = {
        {0,                     LAYOUT_LOW_END,                   MEMORY_MAP_RAM     },
        {LAYOUT_LOW_END,        LAYOUT_HIGH - LAYOUT_LOW_END,     MEMORY_MAP_RESERVED},
        {LAYOUT_HIGH,           memory->low_length - LAYOUT_HIGH, MEMORY_MAP_RAM     },
        {GUEST_MEMORY_HOLE_END, memory->high_length,              MEMORY_MAP_RAM     },
    };
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMORY_MAP_LIMIT; i++) {
        if (all[i].length != 0) {
            ranges[count++] = all[i];
        }
    }
    return count;
}
