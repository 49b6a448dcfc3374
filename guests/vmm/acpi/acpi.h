/*
 * The ACPI tables of a machine: RSDP, XSDT, FADT, FACS, MADT, DSDT and an SSDT with the processors.
 * They describe the board of guests/vmm/devices/. Pure: writes into a buffer.
 */
#ifndef BULKHEAD_VMM_ACPI_ACPI_H
#define BULKHEAD_VMM_ACPI_ACPI_H

#include <stdbool.h>
#include <stdint.h>

struct acpi_config {
    uint32_t cpu_count; /* APIC ids and processor UIDs 0 to cpu_count - 1 */
    uint8_t io_apic_id;
};

/*
 * Writes the tables into BUFFER, which the guest sees at ADDRESS (below 4 GiB, a multiple of 64),
 * the RSDP first; USED gets the bytes written. False: they do not fit, that is cpu_count is too
 * high.
 */
bool acpi_build(const struct acpi_config *config, uint8_t *buffer, uint64_t size, uint64_t address,
                uint64_t *used);

#endif
