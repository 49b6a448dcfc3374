/*
 * The list of CPUs under construction, whoever names them. Portable.
 */
#ifndef BULKHEAD_BOOT_CPU_ROWS_H
#define BULKHEAD_BOOT_CPU_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot_info.h"

struct cpu_rows {
    struct boot_cpu *row;
    uint32_t count;
    uint32_t capacity;
};

/* Adds a CPU; one that is there already only gains flags. False: the list is full. */
bool cpu_rows_add(struct cpu_rows *rows, uint32_t apic_id, uint32_t flags);

/* Makes this CPU, enabled, row 0; the others keep their order. False: absent, and no room. */
bool cpu_rows_boot_first(struct cpu_rows *rows, uint32_t apic_id);

/* How many are enabled. */
uint32_t cpu_rows_enabled(const struct cpu_rows *rows);

#endif
