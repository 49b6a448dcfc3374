/* Where the initial RAM disk goes. Pure. */
#ifndef BULKHEAD_VMM_BOOT_INITRD_H
#define BULKHEAD_VMM_BOOT_INITRD_H

#include "guests/vmm/boot/image.h"

/*
 * The highest page-aligned place in RAM that the kernel allows and does not use itself. False:
 * there is none, and ERROR says how much there would be.
 */
bool initrd_place(const struct boot_file *initrd, const struct boot_image *image,
                  const struct guest_memory *memory, uint64_t *address, struct boot_error *error);

#endif
