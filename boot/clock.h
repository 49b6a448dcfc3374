/*
 * Step: wall-clock time.
 */
#ifndef BULKHEAD_BOOT_CLOCK_H
#define BULKHEAD_BOOT_CLOCK_H

#include "boot/loader.h"

/* Reads the firmware's clock; to be called last, as nothing measures the time that then passes. */
EFI_STATUS clock_read(struct loader *loader);

#endif
