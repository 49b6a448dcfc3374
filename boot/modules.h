/*
 * Step: the boot modules.
 */
#ifndef BULKHEAD_BOOT_MODULES_H
#define BULKHEAD_BOOT_MODULES_H

#include "boot/loader.h"

/* Loads every file of BOOT_MODULE_DIRECTORY, in the order of their names. */
EFI_STATUS modules_load(struct loader *loader);

#endif
