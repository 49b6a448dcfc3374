/*
 * Physical memory: a buddy allocator over frames of 4 KiB. Frames given out are cleared. Who pays
 * is partition.h's business.
 */
#ifndef BULKHEAD_KERNEL_FRAME_H
#define BULKHEAD_KERNEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot_info.h"

#define FRAME_NONE      UINT64_MAX
#define FRAME_ORDER_MAX 18u /* 1 GiB */

/* Takes the usable rows of the memory map; loader rows follow when boot is over (frame_add). */
void frame_init(const struct boot_info *info);
void frame_add(uint64_t base, uint64_t length);

/* 2^order contiguous frames, aligned to their size: physical address, or FRAME_NONE. Contents are
 * not cleared: see frame_allocate_clear and region.c. */
uint64_t frame_allocate(uint32_t order);
uint64_t frame_allocate_clear(void);
void frame_free(uint64_t base, uint32_t order);

uint64_t frame_free_count(void);
uint64_t frame_total_count(void);

#endif
