/*
 * Files on the volume that the loader itself was read from, through the firmware's file system.
 */
#include "boot/file.h"

#include "boot/allocate.h"
#include "boot/console.h"
#include "boot/format.h"
#include "boot/text.h"

#define FILE_PATH_SIZE 256

/* EFI_FILE_INFO with the longest name that FAT allows. */
union file_info {
    EFI_FILE_INFO info;
    uint8_t bytes[sizeof(EFI_FILE_INFO) + 256 * sizeof(CHAR16)];
};

static EFI_FILE_PROTOCOL *file_root;

EFI_STATUS file_open_volume(void) {
    static EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    static EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    void *image, *volume;

    EFI_STATUS status = firmware_services->HandleProtocol(firmware_image, &loaded_image, &image);
    if (!EFI_ERROR(status)) {
        EFI_HANDLE device = ((EFI_LOADED_IMAGE_PROTOCOL *)image)->DeviceHandle;
        status = firmware_services->HandleProtocol(device, &file_system, &volume);
    }
    if (!EFI_ERROR(status)) {
        EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *system = volume;
        status = system->OpenVolume(system, &file_root);
    }
    if (EFI_ERROR(status)) {
        console_print("the volume that holds this loader cannot be opened: %s",
                      firmware_status_text(status));
        console_print("remedy: start \\EFI\\BOOT\\BOOTX64.EFI from a FAT volume");
    }
    return status;
}

void file_close_volume(void) {
    if (file_root != NULL) {
        file_root->Close(file_root);
        file_root = NULL;
    }
}

EFI_STATUS file_open(EFI_FILE_PROTOCOL **file, const char *path) {
    CHAR16 wide[FILE_PATH_SIZE];
    if (text_to_utf16(wide, FILE_PATH_SIZE, path) >= FILE_PATH_SIZE) {
        return EFI_NOT_FOUND;
    }
    return file_root->Open(file_root, file, wide, EFI_FILE_MODE_READ, 0);
}

static EFI_STATUS file_length(EFI_FILE_PROTOCOL *file, uint64_t *length) {
    static EFI_GUID file_info = EFI_FILE_INFO_ID;
    union file_info buffer;
    UINTN size = sizeof(buffer);

    EFI_STATUS status = file->GetInfo(file, &file_info, &size, &buffer);
    if (EFI_ERROR(status)) {
        return status;
    }
    *length = buffer.info.FileSize;
    return (buffer.info.Attribute & EFI_FILE_DIRECTORY) != 0 ? EFI_UNSUPPORTED : EFI_SUCCESS;
}

/* The path's last part. */
static const char *file_name(const char *path) {
    const char *name = path;
    for (; *path != '\0'; path++) {
        name = *path == '\\' ? path + 1 : name;
    }
    return name;
}

static EFI_STATUS file_read_open(EFI_FILE_PROTOCOL *file, struct file_content *content,
                                 const char *path, enum boot_memory_type type) {
    char size[FORMAT_SIZE_LENGTH];
    uint64_t length = 0;

    EFI_STATUS status = file_length(file, &length);
    if (!EFI_ERROR(status)) {
        if (type == BOOT_MEMORY_MODULE) {
            console_print("loading %s (%s)", file_name(path), format_size(size, length));
        }
        content->base = allocate(length, type, ALLOCATE_ANYWHERE);
        if (content->base == NULL) {
            console_print("out of memory: %s needs %s in one piece", path,
                          format_size(size, length));
            console_print("remedy: give the machine more memory, or make the file smaller");
            return EFI_OUT_OF_RESOURCES;
        }
        /* All of it in one call: firmware does best with few and large transfers. */
        UINTN done = length;
        status = file->Read(file, &done, content->base);
        if (!EFI_ERROR(status) && done != length) {
            status = EFI_END_OF_FILE;
        }
    }
    if (EFI_ERROR(status)) {
        console_print("%s cannot be read: %s", path, firmware_status_text(status));
        console_print("remedy: check the volume, and copy %s there again", path);
        return status;
    }
    content->length = length;
    return EFI_SUCCESS;
}

EFI_STATUS file_read(struct file_content *content, const char *path, enum boot_memory_type type) {
    EFI_FILE_PROTOCOL *file;
    EFI_STATUS status = file_open(&file, path);
    if (status == EFI_NOT_FOUND) {
        return status;
    }
    if (EFI_ERROR(status)) {
        console_print("%s cannot be opened: %s", path, firmware_status_text(status));
        console_print("remedy: check the volume, and copy %s there again", path);
        return status;
    }
    status = file_read_open(file, content, path, type);
    file->Close(file);
    return status == EFI_NOT_FOUND ? EFI_DEVICE_ERROR : status;
}

EFI_STATUS file_next(EFI_FILE_PROTOCOL *directory, struct file_entry *entry) {
    union file_info buffer;
    UINTN size = sizeof(buffer);

    EFI_STATUS status = directory->Read(directory, &size, &buffer);
    if (EFI_ERROR(status)) {
        return status;
    }
    if (size == 0) {
        return EFI_END_OF_FILE;
    }
    entry->length = buffer.info.FileSize;
    entry->is_directory = (buffer.info.Attribute & EFI_FILE_DIRECTORY) != 0;
    entry->name_cut = text_from_utf16(entry->name, sizeof(entry->name), buffer.info.FileName) >=
                      sizeof(entry->name);
    return EFI_SUCCESS;
}
