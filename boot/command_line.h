/*
 * Step: the kernel's command line.
 */
#ifndef BULKHEAD_BOOT_COMMAND_LINE_H
#define BULKHEAD_BOOT_COMMAND_LINE_H

#include "boot/loader.h"

/* The first line of BOOT_COMMAND_LINE_PATH, if it is there, then the EFI load options. */
EFI_STATUS command_line_load(struct loader *loader);

#endif
