/*
 * The checked parser of the kernel's ELF64 file. Portable: no UEFI, no memory but what it is given.
 */
#ifndef BULKHEAD_BOOT_ELF_H
#define BULKHEAD_BOOT_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENT_MAX 16u
#define ELF_PAGE_SIZE   4096u

enum elf_rights { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 }; /* p_flags of the ELF format */

/* One PT_LOAD segment; virtual is page-aligned, and no two segments share a page. */
struct elf_segment {
    uint64_t virtual;
    uint64_t memory_length;
    uint64_t file_offset;
    uint64_t file_length;
    uint32_t rights; /* enum elf_rights */
};

/* What is to be loaded: virtual .. virtual + length covers all segments, in whole pages. */
struct elf_image {
    uint64_t entry;
    uint64_t virtual;
    uint64_t length;
    uint32_t segment_count;
    struct elf_segment segment[ELF_SEGMENT_MAX]; /* in ascending order */
};

enum elf_status {
    ELF_OK,
    ELF_NOT_ELF,
    ELF_TRUNCATED,
    ELF_WRONG_CLASS,
    ELF_WRONG_MACHINE,
    ELF_NOT_STATIC,
    ELF_BAD_HEADER,
    ELF_NO_SEGMENT,
    ELF_TOO_MANY_SEGMENTS,
    ELF_BAD_SEGMENT,
    ELF_OVERLAP,
    ELF_OUTSIDE,
    ELF_WRITE_AND_EXECUTE,
    ELF_BAD_ENTRY,
};

/*
 * Checks everything about the file that loading relies on, and describes it in *image. Segments
 * must lie at or above base, and the image be no longer than length_limit.
 */
enum elf_status elf_parse(struct elf_image *image, const void *file, size_t length, uint64_t base,
                          uint64_t length_limit) __attribute__((warn_unused_result));

/* What is wrong, as the end of the sentence "NAME ...". Never NULL. */
const char *elf_status_text(enum elf_status status);

#endif
