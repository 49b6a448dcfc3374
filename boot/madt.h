/*
 * The CPUs that ACPI's MADT names (ACPI 6.5, 5.2.12). Portable.
 */
#ifndef BULKHEAD_BOOT_MADT_H
#define BULKHEAD_BOOT_MADT_H

#include "boot/acpi.h"
#include "boot/cpu_rows.h"

/* How many CPUs a table of this length can name at most. */
uint32_t madt_capacity(const struct acpi_header *madt);

/*
 * Adds every CPU that is enabled, and, without BOOT_CPU_ENABLED, every one that may be enabled
 * while the system runs. Disabled ones are left out. Stops at the first damaged entry.
 */
void madt_add_cpus(struct cpu_rows *rows, const struct acpi_header *madt);

#endif
