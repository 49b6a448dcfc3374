/* The memory map of a machine: conventional memory, the firmware's area, RAM below and above 4 GiB.
 */
#include "guests/vmm/boot/e820.h"

#include "guests/vmm/boot/layout.h"

static void add(struct boot_params *params, uint64_t address, uint64_t end, enum e820_type type) {
    if (end > address) {
        params->e820_table[params->e820_entries] =
            (struct e820_entry){.address = address, .length = end - address, .type = type};
        params->e820_entries++;
    }
}

void e820_fill(struct boot_params *params, const struct guest_memory *memory) {
    params->e820_entries = 0;
    add(params, 0, LAYOUT_LOW_END, E820_RAM);
    add(params, LAYOUT_LOW_END, LAYOUT_HIGH, E820_RESERVED);
    add(params, LAYOUT_HIGH, memory->low_length, E820_RAM);
    add(params, GUEST_MEMORY_HOLE_END, GUEST_MEMORY_HOLE_END + memory->high_length, E820_RAM);
}
