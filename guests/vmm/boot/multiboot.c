/* Finding and checking a multiboot header (3.1 "OS image format"). */
#include "guests/vmm/boot/multiboot.h"

#include <stddef.h>
#include <string.h>

#include "guests/vmm/boot/elf.h"

#define HEADER_MAGIC  0x1badb002u
#define SEARCH_LENGTH 8192u
#define ALIGNMENT     4u

#define FLAG_PAGE_ALIGN 0x00000001u /* modules: ours always are */
#define FLAG_MEMORY     0x00000002u /* memory information: always there */
#define FLAG_VIDEO      0x00000004u
#define FLAGS_REQUIRED  0x0000ffffu /* a loader that does not know one of these has to give up */
#define FLAG_ADDRESSES  0x00010000u

struct header {
    uint32_t magic;
    uint32_t flags;
    uint32_t checksum;
    /* With FLAG_ADDRESSES only. */
    uint32_t header_address;
    uint32_t load_address;
    uint32_t load_end; /* 0: the file's end */
    uint32_t bss_end;  /* 0: none */
    uint32_t entry;
};
_Static_assert(sizeof(struct header) == 32, "Multiboot 3.1.1");

#define HEADER_SHORT offsetof(struct header, header_address)

/* False: there is none. What the file does not hold of it is 0. */
static bool find(const struct boot_file *file, struct header *header, uint64_t *offset) {
    uint64_t end = file->length < SEARCH_LENGTH ? file->length : SEARCH_LENGTH;
    for (*offset = 0; *offset + HEADER_SHORT <= end; *offset += ALIGNMENT) {
        *header = (struct header){0};
        memcpy(header, file->bytes + *offset, HEADER_SHORT);
        if (header->magic == HEADER_MAGIC &&
            header->magic + header->flags + header->checksum == 0) {
            uint64_t length = end - *offset < sizeof(*header) ? end - *offset : sizeof(*header);
            memcpy(header, file->bytes + *offset, length);
            return true;
        }
    }
    return false;
}

bool multiboot_is(const struct boot_file *file) {
    struct header header;
    uint64_t offset;
    return find(file, &header, &offset);
}

static bool flags_check(const struct boot_file *file, const struct header *header,
                        struct boot_error *error) {
    uint32_t unknown = header->flags & FLAGS_REQUIRED & ~(FLAG_PAGE_ALIGN | FLAG_MEMORY);
    if (unknown & FLAG_VIDEO) {
        return boot_fail(error,
                         "%s: its multiboot header asks for a screen, which a machine has "
                         "not",
                         file->name);
    }
    if (unknown != 0) {
        return boot_fail(error, "%s: its multiboot header asks for what nobody knows (flags %#x)",
                         file->name, (unsigned)header->flags);
    }
    return true;
}

/* 3.1.3 "The address fields of Multiboot header": the file is loaded in one piece. */
static bool addresses_check(const struct boot_file *file, const struct header *header,
                            uint64_t offset, const struct guest_memory *memory,
                            struct boot_image *image, struct boot_error *error) {
    uint64_t before = (uint64_t)header->header_address - header->load_address;
    if (header->header_address < header->load_address || before > offset) {
        return boot_fail(error,
                         "%s: its multiboot header at %#llx in the file, said to be at %#x, cannot "
                         "be loaded at %#x",
                         file->name, (unsigned long long)offset, (unsigned)header->header_address,
                         (unsigned)header->load_address);
    }
    uint64_t start = offset - before;
    uint64_t load_end = header->load_end != 0 ? header->load_end
                                              : header->load_address + (file->length - start);
    uint64_t bss_end = header->bss_end != 0 ? header->bss_end : load_end;
    if (load_end <= header->load_address || bss_end < load_end) {
        return boot_fail(error,
                         "%s: its multiboot header has its parts in no order: load %#x, load end "
                         "%#x, bss end %#x",
                         file->name, (unsigned)header->load_address, (unsigned)header->load_end,
                         (unsigned)header->bss_end);
    }
    const struct boot_segment segment = {.offset = start,
                                         .length = load_end - header->load_address,
                                         .address = header->load_address,
                                         .memory_length = bss_end - header->load_address};
    image->entry = header->entry;
    return image_add(file, memory, "the kernel", &segment, image, error);
}

/* An entry point that is a linked address becomes the physical one of its segment. */
static uint64_t physical_entry(const struct boot_file *file, const struct elf *elf) {
    for (uint32_t i = 0; i < elf->program_count; i++) {
        struct elf_program program = elf_program(file, elf, i);
        if (program.type == ELF_PROGRAM_LOAD && elf->entry >= program.virtual_address &&
            elf->entry - program.virtual_address < program.memory_length) {
            return program.physical_address + (elf->entry - program.virtual_address);
        }
    }
    return elf->entry;
}

static bool elf_image_check(const struct boot_file *file, const struct guest_memory *memory,
                            struct boot_image *image, struct boot_error *error) {
    struct elf elf;
    if (!elf_is(file)) {
        return boot_fail(error, "%s: its multiboot header has no addresses, and it is no ELF file",
                         file->name);
    }
    if (!elf_open(file, &elf, error) || !elf_add_segments(file, &elf, memory, image, error)) {
        return false;
    }
    image->entry = physical_entry(file, &elf);
    return true;
}

bool multiboot_check(const struct boot_file *file, const struct guest_memory *memory,
                     struct boot_image *image, struct boot_error *error) {
    struct header header;
    uint64_t offset;
    image->protocol = BOOT_MULTIBOOT;
    if (!find(file, &header, &offset)) {
        return boot_fail(error, "%s: no multiboot header in its first 8 KiB", file->name);
    }
    if (!flags_check(file, &header, error)) {
        return false;
    }
    bool ok = header.flags & FLAG_ADDRESSES
                  ? addresses_check(file, &header, offset, memory, image, error)
                  : elf_image_check(file, memory, image, error);
    if (!ok) {
        return false;
    }
    if (!image_has_code(image, image->entry)) {
        return boot_fail(error, "%s: entry %#llx lies in nothing that is loaded", file->name,
                         (unsigned long long)image->entry);
    }
    return true;
}
