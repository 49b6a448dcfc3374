/*
 * Step: low memory in which the kernel starts the other CPUs. A start-up IPI names a page below
 * 1 MiB (SDM Vol. 3, 9.4.4 "MP Initialization Example").
 */
#include "boot/trampoline.h"

#include "boot/allocate.h"
#include "boot/console.h"
#include "boot/memory_map.h"

#define TRAMPOLINE_LOW  0x1000ull  /* never page 0: it holds the real-mode interrupt table */
#define TRAMPOLINE_HIGH 0x9f000ull /* above lies what BIOSes keep for themselves */

EFI_STATUS trampoline_reserve(struct loader *loader) {
    void *base = allocate(BOOT_TRAMPOLINE_SIZE, BOOT_MEMORY_LOADER, TRAMPOLINE_HIGH);
    if ((uint64_t)base < TRAMPOLINE_LOW) {
        /* Boot services often hold all of low memory; when they end it is ours. */
        uint64_t found = memory_find(memory_map_current(), BOOT_TRAMPOLINE_SIZE, TRAMPOLINE_LOW,
                                     TRAMPOLINE_HIGH);
        base = found == 0 ? NULL : allocate_adopt(found, BOOT_TRAMPOLINE_SIZE, BOOT_MEMORY_LOADER);
    }
    if (base == NULL) {
        console_print("no %u KiB of memory below 636 KiB to start the other CPUs in",
                      BOOT_TRAMPOLINE_SIZE / 1024);
        console_print("remedy: disable legacy (CSM) and network boot in the firmware's set-up");
        return EFI_OUT_OF_RESOURCES;
    }
    loader->info->trampoline = (uint64_t)base;
    return EFI_SUCCESS;
}
