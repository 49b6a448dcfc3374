/*
 * Step: the kernel's image.
 */
#ifndef BULKHEAD_BOOT_KERNEL_H
#define BULKHEAD_BOOT_KERNEL_H

#include "boot/loader.h"

/* Reads BOOT_KERNEL_PATH, checks it, and puts its segments where they are to run. */
EFI_STATUS kernel_load(struct loader *loader);

#endif
