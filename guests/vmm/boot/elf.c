/* Headers and segments of ELF executables. Pure. */
#include "guests/vmm/boot/elf.h"

#include <stdio.h>
#include <string.h>

struct header_64 {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_offset;
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_entry_size;
    uint16_t program_count;
    uint16_t section_entry_size;
    uint16_t section_count;
    uint16_t section_names;
};
_Static_assert(sizeof(struct header_64) == 64, "ELF64 header");

struct header_32 {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint32_t entry;
    uint32_t program_offset;
    uint32_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_entry_size;
    uint16_t program_count;
    uint16_t section_entry_size;
    uint16_t section_count;
    uint16_t section_names;
};
_Static_assert(sizeof(struct header_32) == 52, "ELF32 header");

struct program_64 {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_length;
    uint64_t memory_length;
    uint64_t alignment;
};
_Static_assert(sizeof(struct program_64) == 56, "ELF64 program header");

struct program_32 {
    uint32_t type;
    uint32_t offset;
    uint32_t virtual_address;
    uint32_t physical_address;
    uint32_t file_length;
    uint32_t memory_length;
    uint32_t flags;
    uint32_t alignment;
};
_Static_assert(sizeof(struct program_32) == 32, "ELF32 program header");

enum {
    CLASS_INDEX = 4,
    DATA_INDEX = 5,
    CLASS_32 = 1,
    CLASS_64 = 2,
    DATA_LITTLE = 1,
    TYPE_EXECUTABLE = 2,
    MACHINE_386 = 3,
    MACHINE_X86_64 = 62,
    PROGRAM_LIMIT = 64
};

bool elf_is(const struct boot_file *file) {
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    return file->length >= sizeof(magic) && memcmp(file->bytes, magic, sizeof(magic)) == 0;
}

/* The header as the wider class has it. False: the file is shorter than its header. */
static bool read_header(const struct boot_file *file, struct header_64 *header) {
    struct header_32 narrow;
    if (file->length < sizeof(narrow)) {
        return false;
    }
    memcpy(&narrow, file->bytes, sizeof(narrow));
    if (narrow.ident[CLASS_INDEX] != CLASS_32) {
        if (file->length < sizeof(*header)) {
            return false;
        }
        memcpy(header, file->bytes, sizeof(*header));
        return true;
    }
    *header = (struct header_64){.type = narrow.type,
                                 .machine = narrow.machine,
                                 .entry = narrow.entry,
                                 .program_offset = narrow.program_offset,
                                 .program_entry_size = narrow.program_entry_size,
                                 .program_count = narrow.program_count};
    memcpy(header->ident, narrow.ident, sizeof(header->ident));
    return true;
}

static bool machine_is_ours(const struct header_64 *header) {
    if (header->ident[DATA_INDEX] != DATA_LITTLE) {
        return false;
    }
    return header->ident[CLASS_INDEX] == CLASS_64
               ? header->machine == MACHINE_X86_64
               : header->ident[CLASS_INDEX] == CLASS_32 &&
                     (header->machine == MACHINE_386 || header->machine == MACHINE_X86_64);
}

bool elf_open(const struct boot_file *file, struct elf *elf, struct boot_error *error) {
    struct header_64 header;
    if (!read_header(file, &header)) {
        return boot_fail(error, "%s: truncated: %llu bytes are less than an ELF header", file->name,
                         (unsigned long long)file->length);
    }
    if (!machine_is_ours(&header)) {
        return boot_fail(error, "%s: an ELF for another processor; x86_64 or i386 is needed",
                         file->name);
    }
    if (header.type != TYPE_EXECUTABLE) {
        return boot_fail(error, "%s: ELF type %u; an executable kernel (type 2) is needed",
                         file->name, header.type);
    }
    elf->is_64 = header.ident[CLASS_INDEX] == CLASS_64;
    uint64_t entry_size = elf->is_64 ? sizeof(struct program_64) : sizeof(struct program_32);
    if (header.program_entry_size != entry_size || header.program_count == 0 ||
        header.program_count > PROGRAM_LIMIT) {
        return boot_fail(error,
                         "%s: %u program headers of %u bytes; 1 to %u of %u bytes are allowed",
                         file->name, header.program_count, header.program_entry_size,
                         (unsigned)PROGRAM_LIMIT, (unsigned)entry_size);
    }
    if (header.program_offset > file->length ||
        header.program_count * entry_size > file->length - header.program_offset) {
        return boot_fail(error, "%s: truncated: its program headers lie beyond its %llu bytes",
                         file->name, (unsigned long long)file->length);
    }
    elf->program_count = header.program_count;
    elf->program_offset = header.program_offset;
    elf->entry = header.entry;
    return true;
}

struct elf_program elf_program(const struct boot_file *file, const struct elf *elf,
                               uint32_t number) {
    const uint8_t *table = file->bytes + elf->program_offset;
    if (elf->is_64) {
        struct program_64 wide;
        memcpy(&wide, table + number * sizeof(wide), sizeof(wide));
        return (struct elf_program){
            wide.type,        wide.offset,       wide.virtual_address, wide.physical_address,
            wide.file_length, wide.memory_length};
    }
    struct program_32 narrow;
    memcpy(&narrow, table + number * sizeof(narrow), sizeof(narrow));
    return (struct elf_program){
        narrow.type,        narrow.offset,       narrow.virtual_address, narrow.physical_address,
        narrow.file_length, narrow.memory_length};
}

bool elf_add_segments(const struct boot_file *file, const struct elf *elf,
                      const struct guest_memory *memory, struct boot_image *image,
                      struct boot_error *error) {
    for (uint32_t i = 0; i < elf->program_count; i++) {
        struct elf_program program = elf_program(file, elf, i);
        char name[24] = "segment 00";
        if (program.type != ELF_PROGRAM_LOAD || program.memory_length == 0) {
            continue;
        }
        const struct boot_segment segment = {.offset = program.offset,
                                             .length = program.file_length,
                                             .address = program.physical_address,
                                             .memory_length = program.memory_length};
        snprintf(name, sizeof(name), "segment %u", (unsigned)i);
        if (!image_add(file, memory, name, &segment, image, error)) {
            return false;
        }
    }
    return true;
}
