/* Which kind of kernel a file is, and loading one that has been checked. Pure. */
#include "guests/vmm/boot/image.h"

#include <string.h>

#include "guests/vmm/boot/elf.h"
#include "guests/vmm/boot/layout.h"
#include "guests/vmm/boot/multiboot.h"
#include "guests/vmm/boot/params.h"

#define MIB (1024u * 1024u)

/* What a vmlinux takes where no set-up header says it: COMMAND_LINE_SIZE 2048, initrd below 2 GiB.
 */
#define ELF_COMMAND_LINE_MAX 2047u
#define ELF_INITRD_MAX       0x7fffffffu

/* --- Pieces --- */

static bool piece_check(const struct boot_file *file, const struct guest_memory *memory,
                        const char *name, const struct boot_segment *segment,
                        struct boot_error *error) {
    if (segment->length > segment->memory_length) {
        return boot_fail(error, "%s: %s has more bytes in the file than in memory", file->name,
                         name);
    }
    if (segment->offset > file->length || segment->length > file->length - segment->offset) {
        return boot_fail(error,
                         "%s: truncated: %s (%#llx bytes at %#llx) lies beyond its %llu bytes",
                         file->name, name, (unsigned long long)segment->length,
                         (unsigned long long)segment->offset, (unsigned long long)file->length);
    }
    if (segment->address < LAYOUT_HIGH) {
        return boot_fail(error, "%s: %s wants address %#llx; 1 MiB or above is allowed", file->name,
                         name, (unsigned long long)segment->address);
    }
    if (segment->address > memory->low_length ||
        segment->memory_length > memory->low_length - segment->address) {
        return boot_fail(error,
                         "%s: larger than memory: %s needs %#llx bytes at %#llx, the machine has "
                         "%llu MiB below 3 GiB",
                         file->name, name, (unsigned long long)segment->memory_length,
                         (unsigned long long)segment->address,
                         (unsigned long long)(memory->low_length / MIB));
    }
    return true;
}

bool image_add(const struct boot_file *file, const struct guest_memory *memory, const char *name,
               const struct boot_segment *segment, struct boot_image *image,
               struct boot_error *error) {
    if (image->segment_count == BOOT_SEGMENT_LIMIT) {
        return boot_fail(error, "%s: more than %u segments to load", file->name,
                         BOOT_SEGMENT_LIMIT);
    }
    if (!piece_check(file, memory, name, segment, error)) {
        return false;
    }
    uint64_t end = segment->address + segment->memory_length;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct boot_segment *other = &image->segment[i];
        if (segment->address < other->address + other->memory_length && other->address < end) {
            return boot_fail(error, "%s: %s overlaps another one at %#llx", file->name, name,
                             (unsigned long long)segment->address);
        }
    }
    if (image->segment_count == 0 || segment->address < image->start) {
        image->start = segment->address;
    }
    if (end > image->end) {
        image->end = end;
    }
    image->segment[image->segment_count++] = *segment;
    return true;
}

bool image_has_code(const struct boot_image *image, uint64_t address) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct boot_segment *segment = &image->segment[i];
        if (address >= segment->address && address - segment->address < segment->length) {
            return true;
        }
    }
    return false;
}

/* --- ELF --- */

/* The kernel enters as startup_64 does: e_entry is a physical address. */
static bool check_linux(const struct boot_file *file, const struct elf *elf,
                        struct boot_image *image, struct boot_error *error) {
    if (!elf->is_64) {
        return boot_fail(error,
                         "%s: a 32-bit ELF with neither a PVH note nor a multiboot header: there "
                         "is no way to enter it",
                         file->name);
    }
    image->entry = elf->entry;
    image->initrd_max = ELF_INITRD_MAX;
    image->command_line_max = ELF_COMMAND_LINE_MAX;
    return true;
}

static bool check_pvh(const struct boot_file *file, const struct elf_notes *notes,
                      struct boot_image *image, struct boot_error *error) {
    if (!notes->has_pvh) {
        return boot_fail(error, "%s: %s", file->name,
                         notes->is_damaged ? "its ELF notes do not lie within the file"
                                           : "no PVH entry among its ELF notes");
    }
    image->entry = notes->pvh_entry;
    return true;
}

static enum boot_protocol choose(const struct boot_file *file, const struct elf *elf,
                                 const struct elf_notes *notes) {
    if (elf->is_64 && notes->is_linux) {
        return BOOT_LINUX;
    }
    if (notes->has_pvh) {
        return BOOT_PVH;
    }
    return multiboot_is(file) ? BOOT_MULTIBOOT : BOOT_LINUX;
}

static bool check_elf(const struct boot_file *file, enum boot_protocol wish,
                      const struct guest_memory *memory, struct boot_image *image,
                      struct boot_error *error) {
    struct elf elf;
    if (!elf_open(file, &elf, error)) {
        return false;
    }
    struct elf_notes notes = elf_read_notes(file, &elf);
    image->protocol = (uint8_t)(wish == BOOT_AUTO ? choose(file, &elf, &notes) : wish);
    if (image->protocol == BOOT_MULTIBOOT) {
        return multiboot_check(file, memory, image, error);
    }
    bool ok = image->protocol == BOOT_PVH ? check_pvh(file, &notes, image, error)
                                          : check_linux(file, &elf, image, error);
    if (!ok || !elf_add_segments(file, &elf, memory, image, error)) {
        return false;
    }
    if (!image_has_code(image, image->entry)) {
        return boot_fail(error, "%s: entry %#llx lies in no segment; a physical address is needed",
                         file->name, (unsigned long long)image->entry);
    }
    return true;
}

/* --- Any file --- */

static bool has(const struct boot_file *file, uint64_t offset, const void *bytes, size_t length) {
    return file->length >= offset + length && memcmp(file->bytes + offset, bytes, length) == 0;
}

static bool is_bzimage(const struct boot_file *file) {
    static const uint8_t boot_flag[2] = {SETUP_BOOT_FLAG & 0xff, SETUP_BOOT_FLAG >> 8};
    return has(file, BOOT_PARAMS_SETUP_OFFSET + offsetof(struct setup_header, boot_flag), boot_flag,
               sizeof(boot_flag));
}

static bool has_setup_magic(const struct boot_file *file) {
    return has(file, BOOT_PARAMS_SETUP_OFFSET + offsetof(struct setup_header, header), "HdrS", 4);
}

bool image_check(const struct boot_file *file, enum boot_protocol wish,
                 const struct guest_memory *memory, struct boot_image *image,
                 struct boot_error *error) {
    memset(image, 0, sizeof(*image));
    if (file->length == 0) {
        return boot_fail(error, "%s: the file is empty; a kernel is needed", file->name);
    }
    if (elf_is(file)) {
        return check_elf(file, wish, memory, image, error);
    }
    if (wish == BOOT_MULTIBOOT ||
        (wish == BOOT_AUTO && !has_setup_magic(file) && multiboot_is(file))) {
        return multiboot_check(file, memory, image, error);
    }
    if (wish == BOOT_PVH) {
        return boot_fail(error, "%s: not an ELF file, which PVH needs", file->name);
    }
    if (is_bzimage(file)) {
        return bzimage_check(file, memory, image, error);
    }
    if (has(file, 0, "\x1f\x8b", 2)) {
        return boot_fail(error, "%s: a gzip file; unpack it first, or give the bzImage",
                         file->name);
    }
    return boot_fail(error,
                     "%s: not a kernel: neither a Linux bzImage (0xaa55 at 0x1fe) nor an ELF file "
                     "nor one with a multiboot header",
                     file->name);
}

void image_load(const struct boot_file *file, const struct boot_image *image,
                const struct guest_memory *memory) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct boot_segment *segment = &image->segment[i];
        if (segment->length != 0) {
            memcpy(guest_memory_at(memory, segment->address, segment->length),
                   file->bytes + segment->offset, segment->length);
        }
    }
}
