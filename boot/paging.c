/*
 * The page tables that the kernel is entered with. Portable: unit-tested on the host.
 */
#include "boot/paging.h"

#include <stddef.h>

#include "kernel/abi/boot_info.h"

enum { PAGING_ENTRIES = 512, PAGING_DIRECT_MAP_ENTRY = 256 };
_Static_assert(((BOOT_DIRECT_MAP >> 39) & (PAGING_ENTRIES - 1)) == PAGING_DIRECT_MAP_ENTRY &&
                   BOOT_DIRECT_MAP % (1ull << 39) == 0,
               "the direct map starts at an entry of the top table");

/* The table behind an entry, made if there is none. Rights are those of the last level alone. */
static uint64_t *paging_table(struct paging *paging, uint64_t *entry) {
    if ((*entry & PAGING_PRESENT) == 0) {
        uint64_t *table = paging->allocate();
        if (table == NULL) {
            return NULL;
        }
        *entry = (uint64_t)(uintptr_t)table | PAGING_WRITE | PAGING_PRESENT;
    }
    return (uint64_t *)(uintptr_t)(*entry & PAGING_ADDRESS);
}

static bool paging_make_root(struct paging *paging) {
    if (paging->root == NULL) {
        paging->root = paging->allocate();
    }
    return paging->root != NULL;
}

static unsigned paging_index(uint64_t address, unsigned shift) {
    return (unsigned)(address >> shift) & (PAGING_ENTRIES - 1);
}

/* Maps one gigabyte, or what of it lies below end, one to one. */
static bool paging_map_gigabyte(struct paging *paging, uint64_t *entry, uint64_t base,
                                uint64_t end) {
    const uint64_t large = PAGING_LARGE | PAGING_WRITE | PAGING_PRESENT;
    /*
     * Below 4 GiB RAM and devices share gigabytes, and a page must not span memory types (SDM
     * Vol. 3, 12.11.9 "Large Page Size Considerations").
     */
    if (paging->gigabyte_pages && base >= 4 * PAGING_1G && end - base >= PAGING_1G) {
        *entry = base | large;
        return true;
    }
    uint64_t *table = paging_table(paging, entry);
    if (table == NULL) {
        return false;
    }
    for (unsigned i = 0; i < PAGING_ENTRIES && base < end; i++, base += PAGING_2M) {
        table[i] = base | large;
    }
    return true;
}

bool paging_map_memory(struct paging *paging, uint64_t end) {
    if (!paging_make_root(paging)) {
        return false;
    }
    for (uint64_t base = 0; base < end; base += PAGING_1G) {
        unsigned top = paging_index(base, 39);
        uint64_t *table = paging_table(paging, &paging->root[top]);
        if (table == NULL ||
            !paging_map_gigabyte(paging, &table[paging_index(base, 30)], base, end)) {
            return false;
        }
        /* Both maps share their tables; execution is denied for one of them at the top. */
        paging->root[PAGING_DIRECT_MAP_ENTRY + top] = paging->root[top] | PAGING_NO_EXECUTE;
    }
    return true;
}

bool paging_map_kernel(struct paging *paging, uint64_t virtual, uint64_t physical, uint64_t length,
                       uint64_t rights) {
    if (!paging_make_root(paging)) {
        return false;
    }
    for (uint64_t offset = 0; offset < length; offset += PAGING_4K) {
        uint64_t *table = paging->root;
        for (unsigned shift = 39; shift > 12; shift -= 9) {
            table = paging_table(paging, &table[paging_index(virtual + offset, shift)]);
            if (table == NULL) {
                return false;
            }
        }
        table[paging_index(virtual + offset, 12)] = (physical + offset) | rights | PAGING_PRESENT;
    }
    return true;
}
