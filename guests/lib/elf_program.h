/*
 * Reads a program's ELF file: a static, fixed-address x86-64 executable. The file is not trusted:
 * every number is checked against the file's length and the program's addresses before it is used.
 * Pure.
 */
#ifndef BULKHEAD_ELF_PROGRAM_H
#define BULKHEAD_ELF_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define ELF_PROGRAM_SEGMENT_LIMIT 8u

struct elf_segment {
    uint64_t address;     /* of the first page */
    uint64_t size;        /* bytes mapped, whole pages */
    uint64_t data_offset; /* within those pages: where the file's bytes go */
    uint64_t file_offset;
    uint64_t file_size; /* the rest is cleared */
    uint32_t flags;     /* MAP_READ, MAP_WRITE, MAP_EXECUTE */
};

struct elf_program {
    uint64_t entry;
    uint32_t segment_count;
    struct elf_segment segment[ELF_PROGRAM_SEGMENT_LIMIT]; /* ascending, none shares a page */
};

/* NULL, and the program is filled; otherwise what is wrong with the file, in words. `limit` is the
 * first address that a program may not use. */
const char *elf_program_read(const void *file, uint64_t length, uint64_t limit,
                             struct elf_program *program);

#endif
