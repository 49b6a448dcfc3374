/*
 * Step: the boot modules, every file of one directory, sorted by name.
 */
#include "boot/modules.h"

#include <string.h>

#include "boot/allocate.h"
#include "boot/console.h"
#include "boot/file.h"

#define MODULES_PATH_SIZE (sizeof(BOOT_MODULE_DIRECTORY) + BOOT_MODULE_NAME_SIZE)

static EFI_STATUS modules_fail(const char *what, const char *remedy, EFI_STATUS status) {
    console_print("%s %s: %s", BOOT_MODULE_DIRECTORY, what, firmware_status_text(status));
    console_print("remedy: %s", remedy);
    return status;
}

static void modules_insert(struct boot_module *module, uint32_t count, const char *name) {
    uint32_t i = count;
    for (; i > 0 && strcmp(module[i - 1].name, name) > 0; i--) {
        module[i] = module[i - 1];
    }
    memset(&module[i], 0, sizeof(module[i]));
    memcpy(module[i].name, name, BOOT_MODULE_NAME_SIZE);
}

/* Counts the files; with a list, also enters their names, at most capacity of them. */
static EFI_STATUS modules_list(EFI_FILE_PROTOCOL *directory, struct boot_module *module,
                               uint32_t capacity, uint32_t *count) {
    struct file_entry entry;
    *count = 0;
    EFI_STATUS status = directory->SetPosition(directory, 0);
    if (EFI_ERROR(status)) {
        return status;
    }
    for (;;) {
        status = file_next(directory, &entry);
        if (EFI_ERROR(status)) {
            return status == EFI_END_OF_FILE ? EFI_SUCCESS : status;
        }
        if (entry.is_directory) {
            continue;
        }
        if (entry.name_cut) {
            console_print("%s\\%s...: the name is longer than %u bytes", BOOT_MODULE_DIRECTORY,
                          entry.name, BOOT_MODULE_NAME_SIZE - 1);
            console_print("remedy: rename the file");
            return EFI_ABORTED;
        }
        if (module != NULL && *count == capacity) {
            return EFI_VOLUME_CORRUPTED; /* more files than a moment ago */
        }
        if (module != NULL) {
            modules_insert(module, *count, entry.name);
        }
        ++*count;
    }
}

static EFI_STATUS modules_find(struct loader *loader, EFI_FILE_PROTOCOL *directory) {
    uint32_t capacity, count;
    EFI_STATUS status = modules_list(directory, NULL, 0, &capacity);
    if (EFI_ERROR(status)) {
        return status;
    }
    struct boot_module *module = allocate_zeroed(capacity * sizeof(struct boot_module),
                                                 BOOT_MEMORY_LOADER, ALLOCATE_ANYWHERE);
    if (module == NULL) {
        return EFI_OUT_OF_RESOURCES;
    }
    status = modules_list(directory, module, capacity, &count);
    if (!EFI_ERROR(status)) {
        loader->info->module = (uint64_t)module;
        loader->info->module_count = count;
    }
    return status;
}

static EFI_STATUS modules_read(struct boot_module *module) {
    char path[MODULES_PATH_SIZE] = BOOT_MODULE_DIRECTORY "\\";
    struct file_content file;

    memcpy(path + sizeof(BOOT_MODULE_DIRECTORY), module->name, BOOT_MODULE_NAME_SIZE);
    EFI_STATUS status = file_read(&file, path, BOOT_MEMORY_MODULE);
    if (status == EFI_NOT_FOUND) {
        console_print("%s is listed in its directory but cannot be opened", path);
        console_print("remedy: check the volume's file system");
    }
    if (!EFI_ERROR(status)) {
        module->base = (uint64_t)file.base;
        module->length = file.length;
    }
    return status;
}

EFI_STATUS modules_load(struct loader *loader) {
    EFI_FILE_PROTOCOL *directory;
    EFI_STATUS status = file_open(&directory, BOOT_MODULE_DIRECTORY);
    if (status == EFI_NOT_FOUND) {
        console_print("%s is not on the boot volume: the kernel starts without modules",
                      BOOT_MODULE_DIRECTORY);
        return EFI_SUCCESS;
    }
    if (EFI_ERROR(status)) {
        return modules_fail("cannot be opened", "check the volume's file system", status);
    }
    status = modules_find(loader, directory);
    directory->Close(directory);
    if (status == EFI_ABORTED) {
        return status;
    }
    if (EFI_ERROR(status)) {
        return modules_fail("cannot be listed", "check the volume's file system", status);
    }
    struct boot_module *module = (struct boot_module *)loader->info->module;
    for (uint32_t i = 0; i < loader->info->module_count; i++) {
        status = modules_read(&module[i]);
        if (EFI_ERROR(status)) {
            return status;
        }
    }
    return EFI_SUCCESS;
}
