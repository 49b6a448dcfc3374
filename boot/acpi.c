/*
 * Finding an ACPI table. Portable: unit-tested on the host.
 */
#include "boot/acpi.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct acpi_rsdp {
    char signature[8];
    uint8_t checksum; /* of the first 20 bytes */
    char oem[6];
    uint8_t revision; /* 2 and more: what follows rsdt is there */
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.5, 5.2.5.3");

enum { ACPI_RSDP_1_LENGTH = 20 };

static bool acpi_sum_is_zero(const void *bytes, size_t length) {
    const uint8_t *byte = bytes;
    uint8_t sum = 0;
    while (length-- > 0) {
        sum = (uint8_t)(sum + *byte++);
    }
    return sum == 0;
}

static bool acpi_is_table(const struct acpi_header *table, const char *signature) {
    return table != NULL && memcmp(table->signature, signature, 4) == 0 &&
           table->length >= sizeof(*table) && acpi_sum_is_zero(table, table->length);
}

/* Searches the tables that a root table names by pointers of this size, 4 or 8 bytes. */
static const struct acpi_header *acpi_search(uint64_t root_address, const char *root_signature,
                                             size_t pointer_size, const char *signature) {
    const struct acpi_header *root = (const void *)(uintptr_t)root_address;
    if (!acpi_is_table(root, root_signature)) {
        return NULL;
    }
    const uint8_t *pointer = (const uint8_t *)(root + 1);
    size_t count = (root->length - sizeof(*root)) / pointer_size;
    for (; count > 0; count--, pointer += pointer_size) {
        uint64_t address = 0;
        memcpy(&address, pointer, pointer_size);
        const struct acpi_header *table = (const void *)(uintptr_t)address;
        if (acpi_is_table(table, signature)) {
            return table;
        }
    }
    return NULL;
}

const struct acpi_header *acpi_find(const void *rsdp_pointer, const char signature[static 4]) {
    const struct acpi_rsdp *rsdp = rsdp_pointer;
    if (rsdp == NULL || memcmp(rsdp->signature, "RSD PTR ", 8) != 0 ||
        !acpi_sum_is_zero(rsdp, ACPI_RSDP_1_LENGTH)) {
        return NULL;
    }
    if (rsdp->revision >= 2 && rsdp->xsdt != 0 && acpi_sum_is_zero(rsdp, sizeof(*rsdp))) {
        const struct acpi_header *table = acpi_search(rsdp->xsdt, "XSDT", 8, signature);
        if (table != NULL) {
            return table;
        }
    }
    return acpi_search(rsdp->rsdt, "RSDT", 4, signature);
}
