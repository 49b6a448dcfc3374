/*
 * Multiboot 1 (Multiboot Specification version 0.6.96): the header in a kernel's first 8 KiB. Pure.
 */
#ifndef BULKHEAD_VMM_BOOT_MULTIBOOT_H
#define BULKHEAD_VMM_BOOT_MULTIBOOT_H

#include "guests/vmm/boot/image.h"

/* Whether the file has a multiboot header. */
bool multiboot_is(const struct boot_file *file);

/* As image_check, for the address fields of the header or the ELF around it. */
bool multiboot_check(const struct boot_file *file, const struct guest_memory *memory,
                     struct boot_image *image, struct boot_error *error);

#endif
