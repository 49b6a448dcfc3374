/*
 * Files on the volume that the loader itself was read from.
 */
#ifndef BULKHEAD_BOOT_FILE_H
#define BULKHEAD_BOOT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/firmware.h"
#include "kernel/abi/boot_info.h"

struct file_content {
    void *base; /* on pages of its own, the rest of the last one zero */
    uint64_t length;
};

struct file_entry {
    char name[BOOT_MODULE_NAME_SIZE];
    uint64_t length;
    bool is_directory;
    bool name_cut; /* the name is longer than a module's may be */
};

/* Prints what is wrong on failure. To be called before all others, once. */
EFI_STATUS file_open_volume(void);
void file_close_volume(void);

/* Opens a file or directory for reading. Prints nothing: some files may be absent. */
EFI_STATUS file_open(EFI_FILE_PROTOCOL **file, const char *path);

/*
 * Whole file into memory of this type, with a line of progress for what the kernel keeps.
 * EFI_NOT_FOUND: no message yet; every other error is printed.
 */
EFI_STATUS file_read(struct file_content *content, const char *path, enum boot_memory_type type);

/* The next entry of a directory; EFI_END_OF_FILE behind the last. */
EFI_STATUS file_next(EFI_FILE_PROTOCOL *directory, struct file_entry *entry);

#endif
