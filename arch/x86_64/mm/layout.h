/*
 * The kernel's half of the address space, by entries of the top table:
 *   256-...  direct map of all RAM (BOOT_DIRECT_MAP)
 *   509      devices' registers
 *   510      CPU area: blocks and tables of the CPUs
 *   511      the kernel's image (linker.ld)
 * All four are there before the first program space exists and never change, so spaces share them.
 */
#ifndef BULKHEAD_MM_LAYOUT_H
#define BULKHEAD_MM_LAYOUT_H

#include "kernel/abi/boot_info.h"

#define LAYOUT_DIRECT_MAP     BOOT_DIRECT_MAP
#define LAYOUT_DIRECT_MAP_END 0xfffffe8000000000ull
#define LAYOUT_DEVICES        0xfffffe8000000000ull
#define LAYOUT_DEVICES_END    0xffffff0000000000ull
#define LAYOUT_CPUS           0xffffff0000000000ull

/* Each CPU's part: its block, its tables, and then nothing: see cpu/tables.h for why. */
#define LAYOUT_CPU_STRIDE 0x40000ull
#define LAYOUT_CPU_TABLES 0x10000ull /* offset */
#define LAYOUT_CPU_LIMIT  (0x8000000000ull / LAYOUT_CPU_STRIDE)

#endif
