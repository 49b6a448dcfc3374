/* All tables of a machine, in the order in which they need each other's addresses. */
#include "guests/vmm/acpi/acpi.h"

#include <string.h>

#include "guests/vmm/acpi/fadt.h"
#include "guests/vmm/acpi/madt.h"
#include "guests/vmm/acpi/processors.h"
#include "guests/vmm/acpi/writer.h"

#define RSDP_ALIGNMENT 16u
#define RSDP_REVISION  2u
#define XSDT_REVISION  1u

/* dsdt.asl, compiled by iasl when this program is built. */
static const uint8_t dsdt[] = {
#include "guests/vmm/acpi/dsdt.inc"
};

/* As compiled, checksum included. */
static uint64_t write_dsdt(struct writer *writer) {
    uint8_t *place = writer_reserve(writer, sizeof(dsdt), 64);
    if (place == NULL) {
        return 0;
    }
    memcpy(place, dsdt, sizeof(dsdt));
    return writer_end(writer, place);
}

static uint64_t write_xsdt(struct writer *writer, const uint64_t *tables, uint64_t size) {
    void *xsdt = writer_begin(writer, "XSDT", XSDT_REVISION, sizeof(struct acpi_header));
    writer_append(writer, tables, size);
    return writer_end(writer, xsdt);
}

static void fill_rsdp(struct acpi_rsdp *rsdp, uint64_t xsdt) {
    memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
    memcpy(rsdp->oem_id, "BLKHD ", sizeof(rsdp->oem_id));
    rsdp->revision = RSDP_REVISION;
    rsdp->length = sizeof(*rsdp);
    rsdp->xsdt_address = xsdt;
    rsdp->checksum = writer_checksum(rsdp, ACPI_RSDP_CHECKSUM_LENGTH);
    rsdp->extended_checksum = writer_checksum(rsdp, sizeof(*rsdp));
}

bool acpi_build(const struct acpi_config *config, uint8_t *buffer, uint64_t size, uint64_t address,
                uint64_t *used) {
    struct writer writer = {.bytes = buffer, .size = size, .address = address};
    struct acpi_rsdp *rsdp = writer_reserve(&writer, sizeof(*rsdp), RSDP_ALIGNMENT);
    uint64_t dsdt_address = write_dsdt(&writer);
    const uint64_t tables[] = {
        fadt_write(&writer, dsdt_address),
        madt_write(&writer, config->cpu_count, config->io_apic_id),
        processors_write(&writer, config->cpu_count),
    };
    uint64_t xsdt = write_xsdt(&writer, tables, sizeof(tables));
    if (writer.is_full) {
        return false;
    }
    fill_rsdp(rsdp, xsdt);
    *used = writer.at;
    return true;
}
