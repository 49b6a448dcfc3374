/*
 * What PVH and multiboot share: files beside the kernel, their places in memory, and the small area
 * in which the boot loader's structures and texts lie. Pure.
 */
#ifndef BULKHEAD_VMM_BOOT_HANDOVER_H
#define BULKHEAD_VMM_BOOT_HANDOVER_H

#include "guests/vmm/boot/boot.h"

#define HANDOVER_LOADER "Bulkhead"

struct handover_file {
    const struct boot_file *file;
    const char *text;
    uint64_t address; /* of the file, guest-physical */
    uint32_t text_address;
};

struct handover {
    const struct guest_memory *memory;
    struct handover_file file[1 + BOOT_MODULE_LIMIT]; /* the initrd first */
    uint32_t file_count;
    uint64_t next; /* free place in the area */
};

/*
 * Places the files behind the kernel, each at the start of a page, or below it if they do not fit
 * there. Checks that texts and tables fit too. False: ERROR says what does not. Writes nothing.
 */
bool handover_plan(struct handover *handover, const struct boot_config *config,
                   const struct boot_image *image, const struct guest_memory *memory,
                   struct boot_error *error);

/* Loads kernel and files, and puts the files' texts into the area. Cannot fail after the plan. */
void handover_load(struct handover *handover, const struct boot_config *config,
                   const struct boot_image *image);

/* LENGTH bytes of the area, zero, as the guest and as we see them; what the plan has counted. */
void *handover_take(struct handover *handover, uint64_t length, uint32_t *address);
/* The text in the area: its guest-physical address. */
uint32_t handover_text(struct handover *handover, const char *text);
/* "FIRST SECOND", or FIRST alone if there is no second. */
uint32_t handover_texts(struct handover *handover, const char *first, const char *second);

#endif
