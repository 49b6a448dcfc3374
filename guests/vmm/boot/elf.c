/*
 * The ELF that a bzImage contains, and any other 64-bit ELF kernel that enters as startup_64 does:
 * its PT_LOAD segments at their physical addresses, e_entry a physical address (System V ABI,
 * "Object Files" and "Program Loading"). Pure.
 */
#include "guests/vmm/boot/image.h"

#include <string.h>

#include "guests/vmm/boot/layout.h"

#define MIB (1024u * 1024u)

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
_Static_assert(sizeof(struct elf_header) == 64, "ELF64 header");

struct elf_program {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_length;
    uint64_t memory_length;
    uint64_t alignment;
};
_Static_assert(sizeof(struct elf_program) == 56, "ELF64 program header");

enum {
    ELF_CLASS_INDEX = 4,
    ELF_DATA_INDEX = 5,
    ELF_CLASS_64 = 2,
    ELF_DATA_LITTLE = 1,
    ELF_TYPE_EXECUTABLE = 2,
    ELF_MACHINE_X86_64 = 62,
    ELF_PROGRAM_LOAD = 1,
    ELF_PROGRAM_LIMIT = 64
};

/* What a vmlinux takes where no set-up header says it: COMMAND_LINE_SIZE 2048, initrd below 2 GiB.
 */
#define ELF_COMMAND_LINE_MAX 2047u
#define ELF_INITRD_MAX       0x7fffffffu

static bool header_check(const struct boot_file *file, const struct elf_header *header,
                         struct boot_error *error) {
    if (header->ident[ELF_CLASS_INDEX] != ELF_CLASS_64 ||
        header->ident[ELF_DATA_INDEX] != ELF_DATA_LITTLE || header->machine != ELF_MACHINE_X86_64) {
        return boot_fail(error, "%s: an ELF for another processor; x86_64 is needed", file->name);
    }
    if (header->type != ELF_TYPE_EXECUTABLE) {
        return boot_fail(error, "%s: ELF type %u; an executable kernel (type 2) is needed",
                         file->name, header->type);
    }
    if (header->program_entry_size != sizeof(struct elf_program) || header->program_count == 0 ||
        header->program_count > ELF_PROGRAM_LIMIT) {
        return boot_fail(error,
                         "%s: %u program headers of %u bytes; 1 to %u of %u bytes are allowed",
                         file->name, header->program_count, header->program_entry_size,
                         ELF_PROGRAM_LIMIT, (unsigned)sizeof(struct elf_program));
    }
    uint64_t table = header->program_count * sizeof(struct elf_program);
    if (header->program_offset > file->length || table > file->length - header->program_offset) {
        return boot_fail(error, "%s: truncated: its program headers lie beyond its %llu bytes",
                         file->name, (unsigned long long)file->length);
    }
    return true;
}

static bool segment_check(const struct boot_file *file, const struct guest_memory *memory,
                          unsigned number, const struct elf_program *program,
                          struct boot_error *error) {
    if (program->file_length > program->memory_length) {
        return boot_fail(error, "%s: segment %u has more bytes in the file than in memory",
                         file->name, number);
    }
    if (program->offset > file->length || program->file_length > file->length - program->offset) {
        return boot_fail(error,
                         "%s: truncated: segment %u (%#llx bytes at %#llx) lies beyond its "
                         "%llu bytes",
                         file->name, number, (unsigned long long)program->file_length,
                         (unsigned long long)program->offset, (unsigned long long)file->length);
    }
    if (program->physical_address < LAYOUT_HIGH) {
        return boot_fail(error, "%s: segment %u wants address %#llx; 1 MiB or above is allowed",
                         file->name, number, (unsigned long long)program->physical_address);
    }
    if (program->physical_address > memory->low_length ||
        program->memory_length > memory->low_length - program->physical_address) {
        return boot_fail(error,
                         "%s: larger than memory: segment %u needs %#llx bytes at %#llx, the "
                         "machine has %llu MiB below 3 GiB",
                         file->name, number, (unsigned long long)program->memory_length,
                         (unsigned long long)program->physical_address,
                         (unsigned long long)(memory->low_length / MIB));
    }
    return true;
}

static bool overlap_check(const struct boot_file *file, const struct boot_image *image,
                          const struct elf_program *program, unsigned number,
                          struct boot_error *error) {
    uint64_t end = program->physical_address + program->memory_length;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct boot_segment *other = &image->segment[i];
        if (program->physical_address < other->address + other->memory_length &&
            other->address < end) {
            return boot_fail(error, "%s: segment %u overlaps another one at %#llx", file->name,
                             number, (unsigned long long)program->physical_address);
        }
    }
    return true;
}

static void segment_add(struct boot_image *image, const struct elf_program *program) {
    uint64_t end = program->physical_address + program->memory_length;
    image->segment[image->segment_count] =
        (struct boot_segment){.offset = program->offset,
                              .length = program->file_length,
                              .address = program->physical_address,
                              .memory_length = program->memory_length};
    if (image->segment_count == 0 || program->physical_address < image->start) {
        image->start = program->physical_address;
    }
    if (end > image->end) {
        image->end = end;
    }
    image->segment_count++;
}

static bool entry_check(const struct boot_file *file, const struct boot_image *image,
                        uint64_t entry, struct boot_error *error) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct boot_segment *segment = &image->segment[i];
        if (entry >= segment->address && entry - segment->address < segment->length) {
            return true;
        }
    }
    return boot_fail(error, "%s: entry %#llx lies in no segment; a physical address is needed",
                     file->name, (unsigned long long)entry);
}

bool elf_check(const struct boot_file *file, const struct guest_memory *memory,
               struct boot_image *image, struct boot_error *error) {
    struct elf_header header;
    if (file->length < sizeof(header)) {
        return boot_fail(error, "%s: truncated: %llu bytes, an ELF header has %u", file->name,
                         (unsigned long long)file->length, (unsigned)sizeof(header));
    }
    memcpy(&header, file->bytes, sizeof(header));
    if (!header_check(file, &header, error)) {
        return false;
    }
    for (unsigned i = 0; i < header.program_count; i++) {
        struct elf_program program;
        memcpy(&program, file->bytes + header.program_offset + i * sizeof(program),
               sizeof(program));
        if (program.type != ELF_PROGRAM_LOAD || program.memory_length == 0) {
            continue;
        }
        if (image->segment_count == BOOT_SEGMENT_LIMIT) {
            return boot_fail(error, "%s: more than %u segments to load", file->name,
                             BOOT_SEGMENT_LIMIT);
        }
        if (!segment_check(file, memory, i, &program, error) ||
            !overlap_check(file, image, &program, i, error)) {
            return false;
        }
        segment_add(image, &program);
    }
    if (!entry_check(file, image, header.entry, error)) {
        return false;
    }
    image->entry = header.entry;
    image->initrd_max = ELF_INITRD_MAX;
    image->command_line_max = ELF_COMMAND_LINE_MAX;
    image->setup_header_length = 0;
    return true;
}
