/*
 * Page allocation through boot services, with a list of what was taken.
 */
#include "boot/allocate.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "boot/firmware.h"

struct allocate_record {
    struct allocation allocation;
    bool adopted; /* not ours to free */
};

static struct allocation *allocate_first;

static bool allocate_record(uint64_t base, uint64_t page_count, enum boot_memory_type type,
                            bool adopted) {
    void *memory;
    if (EFI_ERROR(firmware_services->AllocatePool(EfiLoaderData, sizeof(struct allocate_record),
                                                  &memory))) {
        return false;
    }
    struct allocate_record *record = memory;
    record->allocation.next = allocate_first;
    record->allocation.base = base;
    record->allocation.page_count = page_count;
    record->allocation.type = type;
    record->adopted = adopted;
    allocate_first = &record->allocation;
    return true;
}

static bool allocate_from_firmware(uint64_t page_count, uint64_t below,
                                   EFI_PHYSICAL_ADDRESS *base) {
    *base = below - 1;
    EFI_ALLOCATE_TYPE how = below == ALLOCATE_ANYWHERE ? AllocateAnyPages : AllocateMaxAddress;
    return !EFI_ERROR(firmware_services->AllocatePages(how, EfiLoaderData, page_count, base));
}

static void allocate_give_back(uint64_t base, uint64_t page_count) {
    if (page_count > 0) {
        firmware_services->FreePages(base, page_count);
    }
}

void *allocate_aligned(uint64_t length, uint64_t alignment, enum boot_memory_type type,
                       uint64_t below) {
    EFI_PHYSICAL_ADDRESS base;
    if (length > UINT64_MAX - alignment - ALLOCATE_PAGE_SIZE) {
        return NULL;
    }
    uint64_t pages = length == 0 ? 1 : (length + ALLOCATE_PAGE_SIZE - 1) / ALLOCATE_PAGE_SIZE;
    uint64_t extra = alignment / ALLOCATE_PAGE_SIZE - 1;
    if (!allocate_from_firmware(pages + extra, below, &base)) {
        return NULL;
    }
    uint64_t start = (base + alignment - 1) & ~(alignment - 1);
    uint64_t head = (start - base) / ALLOCATE_PAGE_SIZE;
    allocate_give_back(base, head);
    allocate_give_back(start + pages * ALLOCATE_PAGE_SIZE, extra - head);
    if (!allocate_record(start, pages, type, false)) {
        allocate_give_back(start, pages);
        return NULL;
    }
    memset((uint8_t *)start + length, 0, pages * ALLOCATE_PAGE_SIZE - length);
    return (void *)start;
}

void *allocate(uint64_t length, enum boot_memory_type type, uint64_t below) {
    return allocate_aligned(length, ALLOCATE_PAGE_SIZE, type, below);
}

void *allocate_zeroed(uint64_t length, enum boot_memory_type type, uint64_t below) {
    void *memory = allocate(length, type, below);
    return memory == NULL ? NULL : memset(memory, 0, length);
}

void *allocate_adopt(uint64_t base, uint64_t length, enum boot_memory_type type) {
    return allocate_record(base, length / ALLOCATE_PAGE_SIZE, type, true) ? (void *)base : NULL;
}

const struct allocation *allocate_list(void) {
    return allocate_first;
}

void allocate_free_all(void) {
    while (allocate_first != NULL) {
        struct allocate_record *record = (struct allocate_record *)allocate_first;
        allocate_first = record->allocation.next;
        if (!record->adopted) {
            allocate_give_back(record->allocation.base, record->allocation.page_count);
        }
        firmware_services->FreePool(record);
    }
}
_Static_assert(offsetof(struct allocate_record, allocation) == 0, "cast in allocate_free_all");
