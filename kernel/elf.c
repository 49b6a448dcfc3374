/* ELF64 headers, believed only after they are checked against the file's length. */
#include "kernel/elf.h"

#include <stddef.h>

#include "kernel/abi/types.h"
#include "kernel/string.h"

#define ELF_MACHINE_X86_64  62u
#define ELF_TYPE_EXECUTABLE 2u
#define SEGMENT_LOAD        1u
#define SEGMENT_LIMIT       16u

struct elf_header {
    uint8_t magic[4];
    uint8_t class, data, version, abi[9];
    uint16_t type, machine;
    uint32_t file_version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF-64 object file format, file header");

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF-64 object file format, segments");

static const struct elf_program_header *program_headers(const void *file) {
    const struct elf_header *header = file;
    return (const void *)((const char *)file + header->program_headers);
}

static const char *check_segment(const struct elf_program_header *row, uint64_t length) {
    if (row->file_size > row->memory_size)
        return "a segment is larger in the file than in memory";
    if (row->offset > length || row->file_size > length - row->offset)
        return "a segment lies outside the file: the file is cut short";
    if (row->address % PAGE_SIZE != 0 || row->address < PAGE_SIZE)
        return "a segment does not begin on a page, or on the first";
    if (row->memory_size > SPACE_PROGRAM_END || row->address > SPACE_PROGRAM_END - row->memory_size)
        return "a segment lies outside a program's addresses";
    if ((row->flags & 3) == 3)
        return "a segment is writable and executable";
    return NULL;
}

const char *elf_check(const void *file, uint64_t length, uint64_t *entry) {
    const struct elf_header *header = file;
    if (length < sizeof *header || memcmp(header->magic, "\177ELF", 4) != 0)
        return "it is not an ELF file";
    if (header->class != 2 || header->data != 1 || header->machine != ELF_MACHINE_X86_64 ||
        header->type != ELF_TYPE_EXECUTABLE)
        return "it is not a static 64-bit executable for x86-64";
    uint64_t table = (uint64_t)header->program_header_count * sizeof(struct elf_program_header);
    if (header->program_header_size != sizeof(struct elf_program_header) ||
        header->program_header_count > SEGMENT_LIMIT || header->program_headers % 8 != 0 ||
        header->program_headers > length || table > length - header->program_headers)
        return "its program headers are not where the file header says";
    const struct elf_program_header *rows = program_headers(file);
    bool entry_is_inside = false;
    for (uint32_t i = 0; i < header->program_header_count; i++) {
        if (rows[i].type != SEGMENT_LOAD)
            continue;
        const char *error = check_segment(&rows[i], length);
        if (error != NULL)
            return error;
        if ((rows[i].flags & 1) != 0 && header->entry - rows[i].address < rows[i].memory_size)
            entry_is_inside = true;
    }
    if (!entry_is_inside)
        return "its entry point is in no executable segment";
    *entry = header->entry;
    return NULL;
}

uint32_t elf_segment_count(const void *file) {
    const struct elf_header *header = file;
    uint32_t count = 0;
    for (uint32_t i = 0; i < header->program_header_count; i++)
        if (program_headers(file)[i].type == SEGMENT_LOAD)
            count++;
    return count;
}

struct elf_segment elf_segment(const void *file, uint32_t index) {
    const struct elf_program_header *row = program_headers(file);
    while (row->type != SEGMENT_LOAD || index-- > 0)
        row++;
    return (struct elf_segment){
        .address = row->address,
        .memory_size = row->memory_size,
        .file_offset = row->offset,
        .file_size = row->file_size,
        .flags = ((row->flags & 4) != 0 ? MAP_READ : 0) | ((row->flags & 2) != 0 ? MAP_WRITE : 0) |
                 ((row->flags & 1) != 0 ? MAP_EXECUTE : 0) | MAP_READ,
    };
}
