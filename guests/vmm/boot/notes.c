/* Notes of an ELF (System V ABI, "Note Section"). Pure. */
#include <string.h>

#include "guests/vmm/boot/elf.h"

/* xen/include/public/elfnote.h: the entry point of PVH, a physical address. */
#define NOTE_PHYS32_ENTRY 18u
#define ALIGNMENT         4u

struct note_header {
    uint32_t name_length;
    uint32_t length;
    uint32_t type;
};
_Static_assert(sizeof(struct note_header) == 12, "ELF note header");

static uint64_t padded(uint32_t length) {
    return ((uint64_t)length + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

static bool is_name(const uint8_t *bytes, uint32_t length, const char *name) {
    return length == strlen(name) + 1 && memcmp(bytes, name, length) == 0;
}

static void take_note(const struct note_header *header, const uint8_t *name, const uint8_t *bytes,
                      struct elf_notes *notes) {
    if (is_name(name, header->name_length, "Linux")) {
        notes->is_linux = true;
    }
    if (is_name(name, header->name_length, "Xen") && header->type == NOTE_PHYS32_ENTRY &&
        (header->length == 4 || header->length == 8)) {
        notes->has_pvh = true;
        notes->pvh_entry = 0;
        memcpy(&notes->pvh_entry, bytes, header->length);
    }
}

/* False: the last of them is cut off. */
static bool take_notes(const uint8_t *bytes, uint64_t left, struct elf_notes *notes) {
    struct note_header header;
    while (left >= sizeof(header)) {
        memcpy(&header, bytes, sizeof(header));
        bytes += sizeof(header);
        left -= sizeof(header);
        uint64_t name_length = padded(header.name_length);
        if (name_length > left || header.length > left - name_length) {
            return false;
        }
        take_note(&header, bytes, bytes + name_length, notes);
        uint64_t length = name_length + padded(header.length);
        length = length < left ? length : left;
        bytes += length;
        left -= length;
    }
    return true;
}

struct elf_notes elf_read_notes(const struct boot_file *file, const struct elf *elf) {
    struct elf_notes notes = {.has_pvh = false};
    for (uint32_t i = 0; i < elf->program_count; i++) {
        struct elf_program program = elf_program(file, elf, i);
        if (program.type != ELF_PROGRAM_NOTE) {
            continue;
        }
        if (program.offset > file->length || program.file_length > file->length - program.offset ||
            !take_notes(file->bytes + program.offset, program.file_length, &notes)) {
            notes.is_damaged = true;
        }
    }
    return notes;
}
