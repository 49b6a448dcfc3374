/* The kernel's own half of the address space: see layout.h. */
#ifndef BULKHEAD_MM_KERNEL_SPACE_H
#define BULKHEAD_MM_KERNEL_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/* Physical address of the top table that has nothing but the kernel. */
uint64_t kernel_space_root(void);

/* Device registers, uncached; or memory that the direct map leaves out, read-only. Any length, any
 * alignment; stays for ever. NULL: no memory for tables, or too long. */
void *kernel_space_map_device(uint64_t physical, uint64_t length);
const void *kernel_space_map_reserved(uint64_t physical, uint64_t length);

/* One page of the CPU area, writable. False: no memory. */
bool kernel_space_map_page(uint64_t address, uint64_t physical);
/* kernel_entry_page, executable, at another address. */
bool kernel_space_map_entry(uint64_t address);

/* What is in section .sealed becomes read-only. */
void kernel_space_seal(void);

#endif
