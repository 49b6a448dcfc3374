/* The reader of programs' ELF files. Pure: reads the file's bytes, writes the caller's structure.
 */
#include "guests/lib/elf_program.h"

#include <string.h>

#include "kernel/abi/types.h"

/* System V ABI, "Object Files" and "Program Loading"; AMD64 supplement for the machine's number. */
struct elf_header {
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
_Static_assert(sizeof(struct elf_header) == 64, "System V ABI");

struct elf_program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "System V ABI");

static const uint8_t elf_ident[7] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */,
                                     1};
#define ELF_TYPE_EXECUTABLE 2
#define ELF_MACHINE_X86_64  62
#define ELF_LOAD            1
#define ELF_DYNAMIC         2
#define ELF_INTERPRETER     3
#define ELF_FLAG_EXECUTE    1u
#define ELF_FLAG_WRITE      2u
#define ELF_FLAG_READ       4u

static const char *check_header(const struct elf_header *header, uint64_t length) {
    if (memcmp(header->ident, elf_ident, sizeof(elf_ident)) != 0)
        return "not a 64-bit ELF file";
    if (header->machine != ELF_MACHINE_X86_64)
        return "made for another processor";
    if (header->type != ELF_TYPE_EXECUTABLE)
        return "not an executable at a fixed address";
    if (header->program_entry_size != sizeof(struct elf_program_header))
        return "program headers of another size";
    uint64_t table = (uint64_t)header->program_count * sizeof(struct elf_program_header);
    if (header->program_offset > length || table > length - header->program_offset)
        return "program headers are outside the file";
    return NULL;
}

static uint32_t map_flags(uint32_t flags) {
    return (flags & ELF_FLAG_READ ? MAP_READ : 0) | (flags & ELF_FLAG_WRITE ? MAP_WRITE : 0) |
           (flags & ELF_FLAG_EXECUTE ? MAP_EXECUTE : 0);
}

static const char *add_segment(const struct elf_program_header *header, uint64_t length,
                               uint64_t limit, struct elf_program *program) {
    if (header->memory_size == 0)
        return NULL;
    if (program->segment_count == ELF_PROGRAM_SEGMENT_LIMIT)
        return "too many segments";
    if (header->file_size > header->memory_size)
        return "a segment has more bytes in the file than in memory";
    if (header->offset > length || header->file_size > length - header->offset)
        return "a segment is outside the file";
    if (header->virtual_address < PAGE_SIZE || header->virtual_address >= limit ||
        header->memory_size > limit - header->virtual_address)
        return "a segment is outside a program's addresses";
    if ((header->flags & ELF_FLAG_WRITE) && (header->flags & ELF_FLAG_EXECUTE))
        return "a segment is both writable and executable";
    if (!(header->flags & ELF_FLAG_READ))
        return "a segment is not readable";

    uint64_t start = header->virtual_address & ~(PAGE_SIZE - 1);
    /* No overflow: limit is a multiple of the page size far below 2^64. */
    uint64_t end = (header->virtual_address + header->memory_size + PAGE_SIZE - 1) &
                   ~(PAGE_SIZE - 1);
    if (program->segment_count > 0) {
        const struct elf_segment *last = &program->segment[program->segment_count - 1];
        if (start < last->address + last->size)
            return "segments overlap or are not in ascending order";
    }
    program->segment[program->segment_count++] = (struct elf_segment){
        .address = start,
        .size = end - start,
        .data_offset = header->virtual_address - start,
        .file_offset = header->offset,
        .file_size = header->file_size,
        .flags = map_flags(header->flags),
    };
    return NULL;
}

static bool is_in_code(const struct elf_program *program, uint64_t address) {
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segment[i];
        if ((segment->flags & MAP_EXECUTE) && address >= segment->address &&
            address - segment->address < segment->size)
            return true;
    }
    return false;
}

const char *elf_program_read(const void *file, uint64_t length, uint64_t limit,
                             struct elf_program *program) {
    struct elf_header header;
    if (length < sizeof(header))
        return "too short for an ELF file";
    memcpy(&header, file, sizeof(header));
    const char *fault = check_header(&header, length);
    if (fault)
        return fault;

    *program = (struct elf_program){.entry = header.entry};
    for (uint32_t i = 0; i < header.program_count; i++) {
        struct elf_program_header segment;
        memcpy(&segment, (const uint8_t *)file + header.program_offset + i * sizeof(segment),
               sizeof(segment));
        if (segment.type == ELF_DYNAMIC || segment.type == ELF_INTERPRETER)
            return "dynamically linked";
        if (segment.type == ELF_LOAD)
            fault = add_segment(&segment, length, limit, program);
        if (fault)
            return fault;
    }
    if (program->segment_count == 0)
        return "nothing to load";
    if (!is_in_code(program, program->entry))
        return "the entry is not in an executable segment";
    return NULL;
}
