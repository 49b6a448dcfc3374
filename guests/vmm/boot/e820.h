/* The memory map that Linux is told. Pure. */
#ifndef BULKHEAD_VMM_BOOT_E820_H
#define BULKHEAD_VMM_BOOT_E820_H

#include "guests/vmm/boot/params.h"
#include "guests/vmm/guest_memory.h"

/* Writes the map into the zero page. The memory has at least LAYOUT_HIGH bytes. */
void e820_fill(struct boot_params *params, const struct guest_memory *memory);

#endif
