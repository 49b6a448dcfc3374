/*
 * Step: the screen.
 */
#ifndef BULKHEAD_BOOT_FRAMEBUFFER_H
#define BULKHEAD_BOOT_FRAMEBUFFER_H

#include "boot/loader.h"

/* Describes the screen in the mode that it is in; having none is no error. */
EFI_STATUS framebuffer_find(struct loader *loader);

#endif
