/*
 * The firmware's memory map, and leaving boot services. The map is turned into the kernel's before
 * boot services end, so that every failure can still be reported.
 */
#include "boot/memory_map.h"

#include <stddef.h>

#include "boot/allocate.h"
#include "boot/console.h"

_Static_assert(sizeof(struct memory_descriptor) == sizeof(EFI_MEMORY_DESCRIPTOR) &&
                   offsetof(struct memory_descriptor, base) ==
                       offsetof(EFI_MEMORY_DESCRIPTOR, PhysicalStart) &&
                   offsetof(struct memory_descriptor, page_count) ==
                       offsetof(EFI_MEMORY_DESCRIPTOR, NumberOfPages) &&
                   offsetof(struct memory_descriptor, attributes) ==
                       offsetof(EFI_MEMORY_DESCRIPTOR, Attribute),
               "memory.c reads the firmware's rows");

enum {
    MEMORY_MAP_SLACK = 128, /* rows that allocations and the firmware's own handlers may add */
    MEMORY_MAP_TRIES = 8,
};

static struct {
    void *buffer;
    UINTN size; /* of the buffer */
    UINTN length;
    UINTN key;
    UINTN descriptor_size;
    UINT32 version;
    struct memory_map map;
} memory_map;

static EFI_STATUS memory_map_read(void) {
    memory_map.length = memory_map.size;
    EFI_STATUS status = firmware_services->GetMemoryMap(&memory_map.length, memory_map.buffer,
                                                        &memory_map.key,
                                                        &memory_map.descriptor_size,
                                                        &memory_map.version);
    if (EFI_ERROR(status)) {
        return status;
    }
    memory_map.map.count = 0;
    if (!memory_from_firmware(&memory_map.map, memory_map.buffer, memory_map.length,
                              memory_map.descriptor_size)) {
        return EFI_BUFFER_TOO_SMALL;
    }
    for (const struct allocation *a = allocate_list(); a != NULL; a = a->next) {
        if (!memory_set(&memory_map.map, a->base, a->page_count * ALLOCATE_PAGE_SIZE,
                        (uint32_t)a->type)) {
            return EFI_BUFFER_TOO_SMALL;
        }
    }
    return EFI_SUCCESS;
}

EFI_STATUS memory_map_prepare(struct loader *loader) {
    (void)loader;
    UINTN length = 0;
    EFI_STATUS status = firmware_services->GetMemoryMap(&length, NULL, &memory_map.key,
                                                        &memory_map.descriptor_size,
                                                        &memory_map.version);
    if (status != EFI_BUFFER_TOO_SMALL || memory_map.descriptor_size == 0) {
        console_print("the firmware gives no memory map: %s", firmware_status_text(status));
        console_print("remedy: update the firmware");
        return EFI_LOAD_ERROR;
    }
    uint32_t descriptors = (uint32_t)(length / memory_map.descriptor_size) + MEMORY_MAP_SLACK;
    uint32_t allocations = MEMORY_MAP_SLACK;
    for (const struct allocation *a = allocate_list(); a != NULL; a = a->next) {
        allocations++;
    }
    memory_map.size = descriptors * memory_map.descriptor_size;
    memory_map.buffer = allocate(memory_map.size, BOOT_MEMORY_USABLE, ALLOCATE_ANYWHERE);
    memory_map.map.capacity = 2 * (descriptors + allocations);
    memory_map.map.row = allocate_zeroed(memory_map.map.capacity * sizeof(struct boot_memory),
                                         BOOT_MEMORY_LOADER, ALLOCATE_ANYWHERE);
    status = EFI_OUT_OF_RESOURCES;
    if (memory_map.buffer != NULL && memory_map.map.row != NULL) {
        status = memory_map_read();
    }
    if (EFI_ERROR(status)) {
        console_print("the memory map cannot be read: %s", firmware_status_text(status));
        console_print("remedy: give the machine more memory, or update the firmware");
    }
    return status;
}

const struct memory_map *memory_map_current(void) {
    return &memory_map.map;
}

EFI_STATUS memory_map_exit(struct loader *loader) {
    EFI_STATUS status = EFI_NOT_STARTED;
    /* Ending boot services may itself change the map; then the key is stale, and only reading the
       map again and another try are allowed (UEFI 2.10, 7.4.6 "ExitBootServices()"). */
    for (int i = 0; i < MEMORY_MAP_TRIES; i++) {
        status = memory_map_read();
        if (EFI_ERROR(status)) {
            break;
        }
        status = firmware_services->ExitBootServices(firmware_image, memory_map.key);
        if (!EFI_ERROR(status)) {
            loader->info->memory = (uint64_t)memory_map.map.row;
            loader->info->memory_count = memory_map.map.count;
            return EFI_SUCCESS;
        }
        if (status != EFI_INVALID_PARAMETER) {
            break;
        }
    }
    console_print("the firmware does not end boot services: %s", firmware_status_text(status));
    console_print("remedy: turn the machine off and on, or update its firmware");
    return status;
}
