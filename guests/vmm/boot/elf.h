/*
 * ELF executables of both classes, and the ways into them (System V ABI, "Object Files" and
 * "Program Loading"). Pure. Nothing of a file is believed before it is checked.
 */
#ifndef BULKHEAD_VMM_BOOT_ELF_H
#define BULKHEAD_VMM_BOOT_ELF_H

#include "guests/vmm/boot/image.h"

/* An ELF whose header and table of program headers lie within the file. */
struct elf {
    bool is_64;
    uint32_t program_count;
    uint64_t entry;
    uint64_t program_offset;
};

enum elf_program_type { ELF_PROGRAM_LOAD = 1, ELF_PROGRAM_NOTE = 4 };

/* A program header of either class. */
struct elf_program {
    uint32_t type;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_length;
    uint64_t memory_length;
};

/* By the first four bytes. */
bool elf_is(const struct boot_file *file);
bool elf_open(const struct boot_file *file, struct elf *elf, struct boot_error *error);
/* NUMBER is below program_count. */
struct elf_program elf_program(const struct boot_file *file, const struct elf *elf,
                               uint32_t number);

/* Adds every segment that is to be loaded to IMAGE, at its physical address. */
bool elf_add_segments(const struct boot_file *file, const struct elf *elf,
                      const struct guest_memory *memory, struct boot_image *image,
                      struct boot_error *error);

/* --- Its notes --- */

struct elf_notes {
    bool is_damaged; /* notes that do not lie within the file; what came before them counts */
    bool is_linux;   /* has a note that Linux' build leaves */
    bool has_pvh;
    uint64_t pvh_entry;
};

struct elf_notes elf_read_notes(const struct boot_file *file, const struct elf *elf);

#endif
