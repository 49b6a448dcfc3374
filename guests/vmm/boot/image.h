/*
 * A kernel file that has passed all checks: what goes where, where it starts and how. All formats
 * end in this; what follows (modules, loading, what the protocol hands over) no longer asks which
 * it was. A checked image cannot fail to load: check, then commit.
 */
#ifndef BULKHEAD_VMM_BOOT_IMAGE_H
#define BULKHEAD_VMM_BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/boot/fail.h"
#include "guests/vmm/boot/protocol.h"
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
    uint64_t entry;      /* guest-physical */
    uint64_t start, end; /* what the kernel occupies until it manages memory itself */
    uint8_t protocol;    /* enum boot_protocol, never BOOT_AUTO */
    /* Linux only. */
    uint64_t initrd_max;          /* highest address that the initrd may reach */
    uint64_t command_line_max;    /* bytes, without the NUL */
    uint64_t setup_header_length; /* bytes at file offset 0x1f1 to copy; 0: the file has none */
};

/*
 * Which protocol a file is entered by, and whether it can be. With BOOT_AUTO: a bzImage, and a
 * 64-bit ELF with a note of Linux, by Linux' protocol; else an ELF with a PVH note by PVH; else a
 * file with a multiboot header by multiboot; else a 64-bit ELF as Linux is. False with the reason
 * in ERROR; true with IMAGE filled. Changes nothing else.
 */
bool image_check(const struct boot_file *file, enum boot_protocol wish,
                 const struct guest_memory *memory, struct boot_image *image,
                 struct boot_error *error);

/* One format each, for image_check; IMAGE is zero. */
bool bzimage_check(const struct boot_file *file, const struct guest_memory *memory,
                   struct boot_image *image, struct boot_error *error);

/* Adds a piece of the file. False: it lies outside memory, or on another one. NAME for messages. */
bool image_add(const struct boot_file *file, const struct guest_memory *memory, const char *name,
               const struct boot_segment *segment, struct boot_image *image,
               struct boot_error *error);

/* Whether bytes of the file are loaded at ADDRESS: code can be there. */
bool image_has_code(const struct boot_image *image, uint64_t address);

/* Copies the segments of a checked image into fresh (zero) memory. */
void image_load(const struct boot_file *file, const struct boot_image *image,
                const struct guest_memory *memory);

#endif
