/*
 * Linux bzImage: checks of the set-up header (Documentation/arch/x86/boot.rst, "The Real-Mode
 * Kernel Header" and "64-bit Boot Protocol"). Pure.
 */
#include "guests/vmm/boot/image.h"

#include <string.h>

#include "guests/vmm/boot/layout.h"
#include "guests/vmm/boot/params.h"

#define SECTOR             512u
#define SETUP_SECTS_OF_0   4u
#define ENTRY_64_OFFSET    0x200u
#define SYSSIZE_UNIT       16u
#define HEADER_JUMP_OFFSET 0x202u /* the jump's displacement counts from here */
#define HEADER_END_MIN     0x264u /* behind init_size, the last field read here */
#define MIB                (1024u * 1024u)

static bool header_check(const struct boot_file *file, const struct setup_header *setup,
                         struct boot_error *error) {
    if (setup->header != SETUP_MAGIC) {
        return boot_fail(error, "%s: not a bzImage: \"HdrS\" is missing at 0x202", file->name);
    }
    if (setup->version < SETUP_VERSION_MIN) {
        return boot_fail(error,
                         "%s: boot protocol %u.%02u; 2.12 or later is needed (Linux 3.8 or later)",
                         file->name, setup->version >> 8, setup->version & 0xffu);
    }
    if (!(setup->loadflags & SETUP_LOADED_HIGH)) {
        return boot_fail(error, "%s: a zImage, which loads below 1 MiB; a bzImage is needed",
                         file->name);
    }
    if (!(setup->xloadflags & SETUP_XLOAD_KERNEL_64)) {
        return boot_fail(error, "%s: a 32-bit kernel; one with a 64-bit entry point is needed",
                         file->name);
    }
    return true;
}

/* boot.rst, field init_size: where the kernel runs when it is loaded at its preferred address. */
static bool runtime_start(const struct boot_file *file, const struct setup_header *setup,
                          uint64_t *start, struct boot_error *error) {
    uint64_t alignment = setup->kernel_alignment;
    *start = setup->pref_address;
    if (!setup->relocatable_kernel) {
        return true;
    }
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
        return boot_fail(error, "%s: kernel_alignment %#llx is no power of two", file->name,
                         (unsigned long long)alignment);
    }
    if (*start > UINT64_MAX - alignment) {
        return boot_fail(error, "%s: pref_address %#llx is beyond any memory", file->name,
                         (unsigned long long)*start);
    }
    *start = (*start + alignment - 1) & ~(alignment - 1);
    return true;
}

bool bzimage_check(const struct boot_file *file, const struct guest_memory *memory,
                   struct boot_image *image, struct boot_error *error) {
    struct setup_header setup;
    if (file->length < BOOT_PARAMS_SETUP_OFFSET + sizeof(setup)) {
        return boot_fail(error, "%s: truncated: %llu bytes, its header alone has %llu", file->name,
                         (unsigned long long)file->length,
                         (unsigned long long)(BOOT_PARAMS_SETUP_OFFSET + sizeof(setup)));
    }
    memcpy(&setup, file->bytes + BOOT_PARAMS_SETUP_OFFSET, sizeof(setup));
    if (!header_check(file, &setup, error)) {
        return false;
    }

    uint64_t sectors = setup.setup_sects != 0 ? setup.setup_sects : SETUP_SECTS_OF_0;
    uint64_t offset = (sectors + 1) * SECTOR;
    uint64_t length = (uint64_t)setup.syssize * SYSSIZE_UNIT;
    if (length <= ENTRY_64_OFFSET) {
        return boot_fail(error, "%s: syssize says %llu bytes of code; more than 512 are needed",
                         file->name, (unsigned long long)length);
    }
    if (offset > file->length || length > file->length - offset) {
        return boot_fail(error, "%s: truncated: %llu bytes, its header says %llu", file->name,
                         (unsigned long long)file->length, (unsigned long long)offset + length);
    }

    uint64_t start;
    if (!runtime_start(file, &setup, &start, error)) {
        return false;
    }
    uint64_t needed = setup.init_size > length ? setup.init_size : length;
    if (start < LAYOUT_HIGH) {
        return boot_fail(error, "%s: wants to be loaded at %#llx; 1 MiB or above is allowed",
                         file->name, (unsigned long long)start);
    }
    if (start > memory->low_length || needed > memory->low_length - start) {
        return boot_fail(error,
                         "%s: larger than memory: needs %llu MiB at %#llx, the machine has %llu "
                         "MiB below 3 GiB",
                         file->name, (unsigned long long)((needed + MIB - 1) / MIB),
                         (unsigned long long)start, (unsigned long long)(memory->low_length / MIB));
    }

    uint64_t header_end = HEADER_JUMP_OFFSET + (setup.jump >> 8);
    if (header_end > BOOT_PARAMS_SETUP_END) {
        header_end = BOOT_PARAMS_SETUP_END;
    }
    if (header_end < HEADER_END_MIN || header_end > offset) {
        return boot_fail(error, "%s: its set-up header ends at %#llx; %#x to %#llx is allowed",
                         file->name, (unsigned long long)header_end, HEADER_END_MIN,
                         (unsigned long long)offset);
    }
    image->segment[0] = (struct boot_segment){
        .offset = offset, .length = length, .address = start, .memory_length = needed};
    image->segment_count = 1;
    image->protocol = BOOT_LINUX;
    image->entry = start + ENTRY_64_OFFSET;
    image->start = start;
    image->end = start + needed;
    image->initrd_max = setup.initrd_addr_max;
    image->command_line_max = setup.cmdline_size;
    image->setup_header_length = header_end - BOOT_PARAMS_SETUP_OFFSET;
    return true;
}
