/*
 * Step: the stack and the page tables that the kernel is entered with.
 */
#ifndef BULKHEAD_BOOT_ADDRESS_SPACE_H
#define BULKHEAD_BOOT_ADDRESS_SPACE_H

#include "boot/loader.h"

EFI_STATUS address_space_build(struct loader *loader);

#endif
