/*
 * What the loader's steps hand to one another. Every step is one function that fills in its part,
 * or prints what is wrong and what helps and returns an error.
 */
#ifndef BULKHEAD_BOOT_LOADER_H
#define BULKHEAD_BOOT_LOADER_H

#include <stdint.h>

#include "boot/elf.h"
#include "boot/firmware.h"
#include "kernel/abi/boot_info.h"

struct loader {
    uint64_t tsc_start;      /* when the firmware called */
    struct boot_info *info;  /* in memory of type LOADER from the first step on */
    struct elf_image kernel; /* the kernel's segments, for its page tables */
    uint64_t page_table;     /* physical address of the top one */
    uint64_t stack_top;      /* physical */
};

/* One step of the boot. */
typedef EFI_STATUS loader_step(struct loader *loader);

#endif
