/*
 * Step: the kernel's image. The file stays in memory too: the kernel reads its symbols from it.
 */
#include "boot/kernel.h"

#include <string.h>

#include "boot/allocate.h"
#include "boot/console.h"
#include "boot/file.h"
#include "boot/format.h"

#define KERNEL_ALIGNMENT    (2ull << 20)
#define KERNEL_LENGTH_LIMIT (1ull << 30)

static EFI_STATUS kernel_read(struct loader *loader) {
    struct file_content file;
    EFI_STATUS status = file_read(&file, BOOT_KERNEL_PATH, BOOT_MEMORY_MODULE);
    if (status == EFI_NOT_FOUND) {
        console_print("%s is not on the boot volume", BOOT_KERNEL_PATH);
        console_print("remedy: copy build/kernel/bulkhead.elf to %s", BOOT_KERNEL_PATH);
    }
    if (EFI_ERROR(status)) {
        return status;
    }
    enum elf_status elf = elf_parse(&loader->kernel, file.base, file.length, BOOT_KERNEL_BASE,
                                    KERNEL_LENGTH_LIMIT);
    if (elf != ELF_OK) {
        console_print("%s %s", BOOT_KERNEL_PATH, elf_status_text(elf));
        console_print("remedy: build the kernel for x86-64, and copy all of it to %s",
                      BOOT_KERNEL_PATH);
        return EFI_LOAD_ERROR;
    }
    loader->info->kernel_file = (uint64_t)file.base;
    loader->info->kernel_file_length = file.length;
    return EFI_SUCCESS;
}

/* In one piece; with large pages in mind where memory allows, else at any page. */
static void *kernel_allocate(uint64_t length) {
    void *base = allocate_aligned(length, KERNEL_ALIGNMENT, BOOT_MEMORY_KERNEL, ALLOCATE_4GIB);
    if (base == NULL) {
        base = allocate(length, BOOT_MEMORY_KERNEL, ALLOCATE_ANYWHERE);
    }
    return base;
}

EFI_STATUS kernel_load(struct loader *loader) {
    EFI_STATUS status = kernel_read(loader);
    if (EFI_ERROR(status)) {
        return status;
    }
    const struct elf_image *kernel = &loader->kernel;
    uint8_t *base = kernel_allocate(kernel->length);
    if (base == NULL) {
        char size[FORMAT_SIZE_LENGTH];
        console_print("out of memory: the kernel in %s needs %s in one piece", BOOT_KERNEL_PATH,
                      format_size(size, kernel->length));
        console_print("remedy: give the machine more memory");
        return EFI_OUT_OF_RESOURCES;
    }
    memset(base, 0, kernel->length);
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct elf_segment *segment = &kernel->segment[i];
        memcpy(base + (segment->virtual - kernel->virtual),
               (const uint8_t *)loader->info->kernel_file + segment->file_offset,
               segment->file_length);
    }
    loader->info->kernel_base = (uint64_t)base;
    loader->info->kernel_length = kernel->length;
    loader->info->kernel_virtual = kernel->virtual;
    return EFI_SUCCESS;
}
