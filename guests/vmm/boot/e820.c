/* The machine's memory map as the zero page has it. */
#include "guests/vmm/boot/e820.h"

#include "guests/vmm/boot/memory_map.h"

void e820_fill(struct boot_params *params, const struct guest_memory *memory) {
    struct memory_map_range ranges[MEMORY_MAP_LIMIT];
    uint32_t count = memory_map_make(memory, ranges);
    for (uint32_t i = 0; i < count; i++) {
        params->e820_table[i] = (struct e820_entry){.address = ranges[i].address,
                                                    .length = ranges[i].length,
                                                    .type = ranges[i].type};
    }
    params->e820_entries = (uint8_t)count;
}
