/* Which kind of kernel a file is, and loading one that has been checked. Pure. */
#include "guests/vmm/boot/image.h"

#include <string.h>

#include "guests/vmm/boot/params.h"

bool image_check(const struct boot_file *file, const struct guest_memory *memory,
                 struct boot_image *image, struct boot_error *error) {
    static const uint8_t elf_magic[4] = {0x7f, 'E', 'L', 'F'};
    static const uint8_t gzip_magic[2] = {0x1f, 0x8b};
    static const uint8_t boot_flag[2] = {SETUP_BOOT_FLAG & 0xff, SETUP_BOOT_FLAG >> 8};
    size_t flag_offset = BOOT_PARAMS_SETUP_OFFSET + offsetof(struct setup_header, boot_flag);
    memset(image, 0, sizeof(*image));
    if (file->length == 0) {
        return boot_fail(error, "%s: the file is empty; a Linux bzImage or its ELF is needed",
                         file->name);
    }
    if (file->length >= sizeof(elf_magic) &&
        memcmp(file->bytes, elf_magic, sizeof(elf_magic)) == 0) {
        return elf_check(file, memory, image, error);
    }
    if (file->length >= flag_offset + sizeof(boot_flag) &&
        memcmp(file->bytes + flag_offset, boot_flag, sizeof(boot_flag)) == 0) {
        return bzimage_check(file, memory, image, error);
    }
    if (file->length >= sizeof(gzip_magic) &&
        memcmp(file->bytes, gzip_magic, sizeof(gzip_magic)) == 0) {
        return boot_fail(error, "%s: a gzip file; unpack it first, or give the bzImage",
                         file->name);
    }
    return boot_fail(error,
                     "%s: not a kernel: neither a Linux bzImage (0xaa55 at 0x1fe) nor an ELF file",
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
