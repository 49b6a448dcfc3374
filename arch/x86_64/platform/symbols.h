/* Names of the kernel's functions, from the symbol table of its own file, which stays in memory. */
#ifndef BULKHEAD_PLATFORM_SYMBOLS_H
#define BULKHEAD_PLATFORM_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot_info.h"

struct symbol_table {
    const uint8_t *symbols; /* Elf64_Sym rows */
    uint64_t symbol_count;
    const char *names;
    uint64_t names_length; /* ends with a NUL */
};

void symbols_init(const struct boot_info *info);
const struct symbol_table *symbols_kernel(void);

/* Pure: finds the table in an ELF file of which nothing is taken for granted. False: none. */
bool symbols_open(struct symbol_table *table, const void *file, uint64_t length);

/* Pure: the function that an address is in, and how far; NULL: unknown. */
const char *symbols_find(const struct symbol_table *table, uint64_t address, uint64_t *offset);

#endif
