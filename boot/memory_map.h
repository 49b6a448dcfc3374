/*
 * The firmware's memory map, and leaving boot services, which needs its newest state.
 */
#ifndef BULKHEAD_BOOT_MEMORY_MAP_H
#define BULKHEAD_BOOT_MEMORY_MAP_H

#include "boot/loader.h"
#include "boot/memory.h"

/* Step: makes room for the map, and reads it once for the steps that need to know memory. */
EFI_STATUS memory_map_prepare(struct loader *loader);

/* The map as it was read last. */
const struct memory_map *memory_map_current(void);

/*
 * Reads the map a last time into boot_info and ends boot services. On success the firmware may not
 * be called any more; on failure it can only be told that the image failed.
 */
EFI_STATUS memory_map_exit(struct loader *loader);

#endif
