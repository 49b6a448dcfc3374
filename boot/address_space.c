/*
 * Step: the stack and the page tables that the kernel is entered with. Tables lie below 4 GiB, so
 * that a CPU that is still in 32-bit mode can load CR3 with them.
 */
#include "boot/address_space.h"

#include <stddef.h>

#include "boot/allocate.h"
#include "boot/console.h"
#include "boot/cpu.h"
#include "boot/memory_map.h"
#include "boot/paging.h"

#define ADDRESS_SPACE_STACK_SIZE  (32ull << 10)
#define ADDRESS_SPACE_CHUNK_PAGES 16u

/* Tables come from chunks of a few pages: fewer calls of the firmware, fewer rows in the map. */
static uint64_t *address_space_page(void) {
    static uint8_t *chunk;
    static uint32_t used = ADDRESS_SPACE_CHUNK_PAGES;
    if (used == ADDRESS_SPACE_CHUNK_PAGES) {
        chunk = allocate_zeroed(ADDRESS_SPACE_CHUNK_PAGES * ALLOCATE_PAGE_SIZE, BOOT_MEMORY_LOADER,
                                ALLOCATE_4GIB);
        if (chunk == NULL) {
            return NULL;
        }
        used = 0;
    }
    return (uint64_t *)(chunk + used++ * ALLOCATE_PAGE_SIZE);
}

static uint64_t address_space_rights(uint32_t elf_rights) {
    return ((elf_rights & ELF_WRITE) != 0 ? PAGING_WRITE : 0) |
           ((elf_rights & ELF_EXECUTE) != 0 ? 0 : PAGING_NO_EXECUTE);
}

static bool address_space_map(struct loader *loader, struct paging *paging) {
    const struct boot_info *info = loader->info;
    if (!paging_map_memory(paging, info->direct_map_end)) {
        return false;
    }
    for (uint32_t i = 0; i < loader->kernel.segment_count; i++) {
        const struct elf_segment *segment = &loader->kernel.segment[i];
        uint64_t physical = info->kernel_base + (segment->virtual - info->kernel_virtual);
        if (!paging_map_kernel(paging, segment->virtual, physical, segment->memory_length,
                               address_space_rights(segment->rights))) {
            return false;
        }
    }
    return true;
}

EFI_STATUS address_space_build(struct loader *loader) {
    struct paging paging = {.allocate = address_space_page,
                            .gigabyte_pages = cpu_has_gigabyte_pages()};
    uint64_t end = memory_end(memory_map_current());
    loader->info->direct_map_end = end < PAGING_DIRECT_MAP_LIMIT ? end : PAGING_DIRECT_MAP_LIMIT;

    void *stack = allocate_zeroed(ADDRESS_SPACE_STACK_SIZE, BOOT_MEMORY_LOADER, ALLOCATE_4GIB);
    if (stack == NULL || !address_space_map(loader, &paging)) {
        console_print("out of memory for the kernel's first page tables and stack");
        console_print("remedy: give the machine more memory");
        return EFI_OUT_OF_RESOURCES;
    }
    loader->page_table = (uint64_t)paging.root;
    loader->stack_top = (uint64_t)stack + ADDRESS_SPACE_STACK_SIZE;
    return EFI_SUCCESS;
}
