/*
 * Step: low memory in which the kernel starts the other CPUs.
 */
#ifndef BULKHEAD_BOOT_TRAMPOLINE_H
#define BULKHEAD_BOOT_TRAMPOLINE_H

#include "boot/loader.h"

EFI_STATUS trampoline_reserve(struct loader *loader);

#endif
