/*
 * A kernel file after its checks: what goes where, and where it starts. Both formats end in this;
 * what follows (placing the initrd, loading, the zero page) no longer asks which it was. A checked
 * image cannot fail to load: check, then commit.
 */
#ifndef BULKHEAD_VMM_BOOT_IMAGE_H
#define BULKHEAD_VMM_BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/boot/fail.h"
#include "guests/vmm/guest_memory.h"

/* A file in the VMM's memory. */
struct boot_file {
    const char *name;
    const uint8_t *bytes;
    uint64_t length;
};

#define BOOT_SEGMENT_LIMIT 16u

struct boot_segment {
    uint64_t offset;        /* in the file */
    uint64_t length;        /* bytes from the file */
    uint64_t address;       /* guest-physical */
    uint64_t memory_length; /* >= length; the rest stays zero, as new memory is */
};

struct boot_image {
    struct boot_segment segment[BOOT_SEGMENT_LIMIT];
    uint32_t segment_count;
    uint64_t entry;               /* 64-bit entry point, guest-physical */
    uint64_t start, end;          /* what the kernel occupies until it manages memory itself */
    uint64_t initrd_max;          /* highest address that the initrd may reach */
    uint64_t command_line_max;    /* bytes, without the NUL */
    uint64_t setup_header_length; /* bytes at file offset 0x1f1 to copy; 0: the file has none */
};

/* Each: false with the reason in ERROR; true with IMAGE filled. Changes nothing else. */
bool bzimage_check(const struct boot_file *file, const struct guest_memory *memory,
                   struct boot_image *image, struct boot_error *error);
bool elf_check(const struct boot_file *file, const struct guest_memory *memory,
               struct boot_image *image, struct boot_error *error);

/* By the first bytes; a file that is neither is an error that says what is accepted. */
bool image_check(const struct boot_file *file, const struct guest_memory *memory,
                 struct boot_image *image, struct boot_error *error);

/* Copies the segments of a checked image into fresh (zero) memory. */
void image_load(const struct boot_file *file, const struct boot_image *image,
                const struct guest_memory *memory);

#endif
