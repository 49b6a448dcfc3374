/* Reading a static ELF64 program for x86-64 or any other 64-bit little-endian machine. Pure. */
#ifndef BULKHEAD_KERNEL_ELF_H
#define BULKHEAD_KERNEL_ELF_H

#include <stdint.h>

struct elf_segment {
    uint64_t address;
    uint64_t memory_size;
    uint64_t file_offset;
    uint64_t file_size;
    uint32_t flags; /* MAP_READ, MAP_WRITE, MAP_EXECUTE */
};

/* NULL and *entry: the file can be loaded. Otherwise what is wrong with it. */
const char *elf_check(const void *file, uint64_t length, uint64_t *entry);

/* The number of segments to load of a checked file, and each of them. */
uint32_t elf_segment_count(const void *file);
struct elf_segment elf_segment(const void *file, uint32_t index);

#endif
