/*
 * Finding an ACPI table from the root pointer (ACPI 6.5, 5.2). Portable; physical addresses in the
 * tables are taken as pointers.
 */
#ifndef BULKHEAD_BOOT_ACPI_H
#define BULKHEAD_BOOT_ACPI_H

#include <stdint.h>

/* What every table but the root pointer begins with. */
struct acpi_header {
    char signature[4];
    uint32_t length; /* of the whole table */
    uint8_t revision;
    uint8_t checksum;
    char oem[6];
    char oem_table[8];
    uint32_t oem_revision;
    uint32_t creator;
    uint32_t creator_revision;
};
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.5, 5.2.6");

/* The first table with this signature and a right checksum, or NULL. rsdp may be NULL. */
const struct acpi_header *acpi_find(const void *rsdp, const char signature[static 4]);

#endif
