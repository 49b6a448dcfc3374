/*
 * The list of CPUs under construction. Portable: unit-tested on the host.
 */
#include "boot/cpu_rows.h"

#include <string.h>

static uint32_t cpu_rows_find(const struct cpu_rows *rows, uint32_t apic_id) {
    uint32_t i = 0;
    while (i < rows->count && rows->row[i].apic_id != apic_id) {
        i++;
    }
    return i;
}

bool cpu_rows_add(struct cpu_rows *rows, uint32_t apic_id, uint32_t flags) {
    uint32_t i = cpu_rows_find(rows, apic_id);
    if (i < rows->count) {
        rows->row[i].flags |= flags;
        return true;
    }
    if (rows->count == rows->capacity) {
        return false;
    }
    rows->row[rows->count++] = (struct boot_cpu){.apic_id = apic_id, .flags = flags};
    return true;
}

bool cpu_rows_boot_first(struct cpu_rows *rows, uint32_t apic_id) {
    if (!cpu_rows_add(rows, apic_id, BOOT_CPU_ENABLED | BOOT_CPU_BOOT)) {
        return false;
    }
    uint32_t i = cpu_rows_find(rows, apic_id);
    struct boot_cpu boot = rows->row[i];
    memmove(&rows->row[1], &rows->row[0], i * sizeof(boot));
    rows->row[0] = boot;
    return true;
}

uint32_t cpu_rows_enabled(const struct cpu_rows *rows) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        count += (rows->row[i].flags & BOOT_CPU_ENABLED) != 0;
    }
    return count;
}
