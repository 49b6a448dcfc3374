/*
 * The memory map that the kernel gets. Portable: unit-tested on the host.
 */
#include "boot/memory.h"

#include <string.h>

#define MEMORY_SPECIFIC_PURPOSE 0x40000ull /* EFI_MEMORY_SP: RAM set aside for one device */

/* Indexed by EFI_MEMORY_TYPE; what is not here is reserved. Code and data of boot services and of
   boot loaders are free once boot services have ended (UEFI 2.10, table 7.10). */
static const uint8_t memory_type[] = {
    [1] = BOOT_MEMORY_USABLE,       /* EfiLoaderCode */
    [2] = BOOT_MEMORY_USABLE,       /* EfiLoaderData: what we keep is set again by the caller */
    [3] = BOOT_MEMORY_USABLE,       /* EfiBootServicesCode */
    [4] = BOOT_MEMORY_USABLE,       /* EfiBootServicesData */
    [5] = BOOT_MEMORY_RUNTIME,      /* EfiRuntimeServicesCode */
    [6] = BOOT_MEMORY_RUNTIME,      /* EfiRuntimeServicesData */
    [7] = BOOT_MEMORY_USABLE,       /* EfiConventionalMemory */
    [8] = BOOT_MEMORY_BAD,          /* EfiUnusableMemory */
    [9] = BOOT_MEMORY_ACPI_RECLAIM, /* EfiACPIReclaimMemory */
    [10] = BOOT_MEMORY_ACPI_NVS,    /* EfiACPIMemoryNVS */
    [11] = BOOT_MEMORY_MMIO,        /* EfiMemoryMappedIO */
    [12] = BOOT_MEMORY_MMIO,        /* EfiMemoryMappedIOPortSpace */
};

static uint64_t memory_row_end(const struct boot_memory *row) {
    return row->base + row->length;
}

static uint32_t memory_type_of(const struct memory_descriptor *descriptor) {
    uint32_t type = BOOT_MEMORY_RESERVED;
    if (descriptor->type < sizeof(memory_type) && memory_type[descriptor->type] != 0) {
        type = memory_type[descriptor->type];
    }
    if (type == BOOT_MEMORY_USABLE && (descriptor->attributes & MEMORY_SPECIFIC_PURPOSE) != 0) {
        type = BOOT_MEMORY_RESERVED;
    }
    return type;
}

/* Replaces rows first .. last - 1 by count new ones. The caller has checked that there is room. */
static void memory_replace(struct memory_map *map, uint32_t first, uint32_t last,
                           const struct boot_memory *rows, uint32_t count) {
    memmove(&map->row[first + count], &map->row[last],
            (map->count - last) * sizeof(struct boot_memory));
    memcpy(&map->row[first], rows, count * sizeof(struct boot_memory));
    map->count = map->count - (last - first) + count;
}

bool memory_set(struct memory_map *map, uint64_t base, uint64_t length, uint32_t type) {
    /* The last page of the address space is given up: so an end never overflows. */
    const uint64_t limit = ~(MEMORY_PAGE_SIZE - 1);
    uint64_t end = length > limit - base ? limit : (base + length + MEMORY_PAGE_SIZE - 1) & limit;
    base &= limit;
    if (length == 0 || base >= end) {
        return true;
    }
    if (map->capacity - map->count < 2) {
        return false;
    }

    /* Rows first .. last - 1 overlap the new one or touch it. */
    uint32_t first = 0;
    while (first < map->count && memory_row_end(&map->row[first]) < base) {
        first++;
    }
    uint32_t last = first;
    while (last < map->count && map->row[last].base <= end) {
        last++;
    }

    struct boot_memory rows[3];
    uint32_t count = 0;
    struct boot_memory middle = {.base = base, .length = end - base, .type = type};
    struct boot_memory after = {.length = 0};
    if (first < last) {
        struct boot_memory left = map->row[first];
        after = map->row[last - 1];
        uint64_t after_end = memory_row_end(&after);
        if (left.base < base && left.type == type) {
            middle.length += base - left.base;
            middle.base = left.base;
        } else if (left.base < base) {
            left.length = base - left.base;
            rows[count++] = left;
        }
        after.base = end;
        after.length = after_end > end ? after_end - end : 0;
        if (after.type == type) {
            middle.length += after.length;
            after.length = 0;
        }
    }
    rows[count++] = middle;
    if (after.length > 0) {
        rows[count++] = after;
    }
    memory_replace(map, first, last, rows, count);
    return true;
}

bool memory_from_firmware(struct memory_map *map, const void *descriptors, size_t length,
                          size_t descriptor_size) {
    if (descriptor_size < sizeof(struct memory_descriptor)) {
        return false;
    }
    /* Usable memory first, so that every other use cuts it where a faulty map overlaps. */
    for (int pass = 0; pass < 2; pass++) {
        const uint8_t *next = descriptors;
        for (size_t rest = length; rest >= descriptor_size; rest -= descriptor_size) {
            struct memory_descriptor descriptor;
            memcpy(&descriptor, next, sizeof(descriptor));
            next += descriptor_size;

            uint32_t type = memory_type_of(&descriptor);
            uint64_t bytes = descriptor.page_count > UINT64_MAX / MEMORY_PAGE_SIZE
                                 ? UINT64_MAX
                                 : descriptor.page_count * MEMORY_PAGE_SIZE;
            bool wanted = (type == BOOT_MEMORY_USABLE) == (pass == 0);
            if (wanted && !memory_set(map, descriptor.base, bytes, type)) {
                return false;
            }
        }
    }
    return true;
}

static bool memory_is_ram(uint32_t type) {
    return type != BOOT_MEMORY_RESERVED && type != BOOT_MEMORY_MMIO && type != BOOT_MEMORY_BAD;
}

uint64_t memory_end(const struct memory_map *map) {
    const uint64_t least = 1ull << 32, large_page = 2ull << 20;
    uint64_t end = least;
    for (uint32_t i = 0; i < map->count; i++) {
        if (memory_is_ram(map->row[i].type) && memory_row_end(&map->row[i]) > end) {
            end = memory_row_end(&map->row[i]);
        }
    }
    return end > ~(large_page - 1) ? ~(large_page - 1) : (end + large_page - 1) & ~(large_page - 1);
}

uint64_t memory_find(const struct memory_map *map, uint64_t length, uint64_t low, uint64_t high) {
    for (uint32_t i = map->count; i-- > 0;) {
        const struct boot_memory *row = &map->row[i];
        uint64_t start = row->base > low ? row->base : low;
        uint64_t end = memory_row_end(row) < high ? memory_row_end(row) : high;
        if (row->type == BOOT_MEMORY_USABLE && end > start && end - start >= length) {
            return end - length;
        }
    }
    return 0;
}

uint64_t memory_total(const struct memory_map *map, uint32_t type) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        total += map->row[i].type == type ? map->row[i].length : 0;
    }
    return total;
}
