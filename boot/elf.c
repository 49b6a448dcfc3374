/*
 * The checked parser of the kernel's ELF64 file (System V ABI, "Object Files"). Portable:
 * unit-tested on the host. Nothing in the file is believed before it is compared with its length.
 */
#include "boot/elf.h"

#include <stdbool.h>
#include <string.h>

struct elf_header {
    uint8_t identity[16];
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
    uint16_t section_name_index;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_program {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual;
    uint64_t physical;
    uint64_t file_length;
    uint64_t memory_length;
    uint64_t alignment;
};
_Static_assert(sizeof(struct elf_program) == 56, "Elf64_Phdr");

enum {
    ELF_CLASS_INDEX = 4,
    ELF_DATA_INDEX = 5,
    ELF_VERSION_INDEX = 6,
    ELF_CLASS_64 = 2,
    ELF_DATA_LITTLE = 1,
    ELF_VERSION_CURRENT = 1,
    ELF_TYPE_EXECUTABLE = 2,
    ELF_MACHINE_X86_64 = 62,
    ELF_PROGRAM_LOAD = 1,
    ELF_PROGRAM_DYNAMIC = 2,
    ELF_PROGRAM_INTERPRETER = 3,
};

/* Whether offset .. offset + length lies in a file of file_length bytes. */
static bool elf_inside(uint64_t offset, uint64_t length, uint64_t file_length) {
    return offset <= file_length && length <= file_length - offset;
}

static enum elf_status elf_check_header(const struct elf_header *header, size_t length) {
    if (header->identity[ELF_CLASS_INDEX] != ELF_CLASS_64) {
        return ELF_WRONG_CLASS;
    }
    if (header->identity[ELF_DATA_INDEX] != ELF_DATA_LITTLE ||
        header->machine != ELF_MACHINE_X86_64) {
        return ELF_WRONG_MACHINE;
    }
    if (header->type != ELF_TYPE_EXECUTABLE) {
        return ELF_NOT_STATIC;
    }
    if (header->identity[ELF_VERSION_INDEX] != ELF_VERSION_CURRENT ||
        header->version != ELF_VERSION_CURRENT || header->header_size < sizeof(*header)) {
        return ELF_BAD_HEADER;
    }
    if (header->program_count == 0) {
        return ELF_NO_SEGMENT;
    }
    if (header->program_entry_size != sizeof(struct elf_program)) {
        return ELF_BAD_HEADER;
    }
    /* The section headers are the end of most files: without them the file was cut. */
    uint64_t programs = (uint64_t)header->program_count * header->program_entry_size;
    uint64_t sections = (uint64_t)header->section_count * header->section_entry_size;
    if (!elf_inside(header->program_offset, programs, length) ||
        !elf_inside(header->section_offset, sections, length)) {
        return ELF_TRUNCATED;
    }
    return ELF_OK;
}

static enum elf_status elf_check_segment(const struct elf_program *program, size_t file_length,
                                         uint64_t base, uint64_t length_limit) {
    if (program->memory_length < program->file_length || program->virtual % ELF_PAGE_SIZE != 0) {
        return ELF_BAD_SEGMENT;
    }
    if (!elf_inside(program->offset, program->file_length, file_length)) {
        return ELF_TRUNCATED;
    }
    if (program->virtual < base || program->virtual - base > length_limit ||
        program->memory_length > length_limit - (program->virtual - base)) {
        return ELF_OUTSIDE;
    }
    if ((program->flags & ELF_WRITE) != 0 && (program->flags & ELF_EXECUTE) != 0) {
        return ELF_WRITE_AND_EXECUTE;
    }
    return ELF_OK;
}

/* The first address behind the segment's last page. elf_check_segment ruled out an overflow. */
static uint64_t elf_segment_end(const struct elf_segment *segment) {
    uint64_t pages = (segment->memory_length + ELF_PAGE_SIZE - 1) / ELF_PAGE_SIZE;
    return segment->virtual + pages * ELF_PAGE_SIZE;
}

static enum elf_status elf_add_segment(struct elf_image *image, const struct elf_program *program) {
    if (image->segment_count == ELF_SEGMENT_MAX) {
        return ELF_TOO_MANY_SEGMENTS;
    }
    /* The format demands ascending order, so a lower address than the last end is an overlap. */
    if (image->segment_count > 0 &&
        program->virtual < elf_segment_end(&image->segment[image->segment_count - 1])) {
        return ELF_OVERLAP;
    }
    image->segment[image->segment_count++] = (struct elf_segment){
        .virtual = program->virtual,
        .memory_length = program->memory_length,
        .file_offset = program->offset,
        .file_length = program->file_length,
        .rights = program->flags & (ELF_READ | ELF_WRITE | ELF_EXECUTE),
    };
    return ELF_OK;
}

static bool elf_entry_is_code(const struct elf_image *image) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if ((segment->rights & ELF_EXECUTE) != 0 && image->entry >= segment->virtual &&
            image->entry - segment->virtual < segment->file_length) {
            return true;
        }
    }
    return false;
}

enum elf_status elf_parse(struct elf_image *image, const void *file, size_t length, uint64_t base,
                          uint64_t length_limit) {
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F'};
    const uint8_t *bytes = file;
    struct elf_header header;

    if (length < sizeof(magic) || memcmp(bytes, magic, sizeof(magic)) != 0) {
        return ELF_NOT_ELF;
    }
    if (length < sizeof(header)) {
        return ELF_TRUNCATED;
    }
    memcpy(&header, bytes, sizeof(header));
    enum elf_status status = elf_check_header(&header, length);
    if (status != ELF_OK) {
        return status;
    }

    memset(image, 0, sizeof(*image));
    image->entry = header.entry;
    for (uint16_t i = 0; i < header.program_count; i++) {
        struct elf_program program;
        memcpy(&program, bytes + header.program_offset + i * sizeof(program), sizeof(program));
        if (program.type == ELF_PROGRAM_DYNAMIC || program.type == ELF_PROGRAM_INTERPRETER) {
            return ELF_NOT_STATIC;
        }
        if (program.type != ELF_PROGRAM_LOAD || program.memory_length == 0) {
            continue;
        }
        status = elf_check_segment(&program, length, base, length_limit);
        if (status == ELF_OK) {
            status = elf_add_segment(image, &program);
        }
        if (status != ELF_OK) {
            return status;
        }
    }
    if (image->segment_count == 0) {
        return ELF_NO_SEGMENT;
    }
    if (!elf_entry_is_code(image)) {
        return ELF_BAD_ENTRY;
    }
    image->virtual = image->segment[0].virtual;
    image->length = elf_segment_end(&image->segment[image->segment_count - 1]) - image->virtual;
    return ELF_OK;
}

const char *elf_status_text(enum elf_status status) {
    static const char *const text[] = {
        [ELF_OK] = "is a good kernel",
        [ELF_NOT_ELF] = "is not an ELF file",
        [ELF_TRUNCATED] = "is truncated: parts that its headers name are not in the file",
        [ELF_WRONG_CLASS] = "is not a 64-bit ELF file",
        [ELF_WRONG_MACHINE] = "is an ELF file for another machine than x86-64",
        [ELF_NOT_STATIC] = "is not a statically linked executable at a fixed address",
        [ELF_BAD_HEADER] = "has a damaged ELF header",
        [ELF_NO_SEGMENT] = "holds no loadable segment",
        [ELF_TOO_MANY_SEGMENTS] = "has more than 16 loadable segments",
        [ELF_BAD_SEGMENT] = "has a segment that is off a page boundary or shorter than its data",
        [ELF_OVERLAP] = "has segments that overlap, share a page or are out of order",
        [ELF_OUTSIDE] = "has a segment outside the kernel's addresses",
        [ELF_WRITE_AND_EXECUTE] = "has a segment that is writable and executable",
        [ELF_BAD_ENTRY] = "has its entry point outside its code",
    };
    _Static_assert(ELF_SEGMENT_MAX == 16, "named in the text");
    size_t index = (size_t)status;
    return index < sizeof(text) / sizeof(text[0]) ? text[index] : "cannot be read";
}
