/*
 * Step: random bytes for the kernel.
 */
#ifndef BULKHEAD_BOOT_ENTROPY_H
#define BULKHEAD_BOOT_ENTROPY_H

#include "boot/loader.h"

/* From EFI_RNG_PROTOCOL, else RDRAND, else time stamps that are called what they are. */
EFI_STATUS entropy_gather(struct loader *loader);

#endif
