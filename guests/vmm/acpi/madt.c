/* Local APICs, the I/O APIC, and where ISA interrupts differ from identity. */
#include "guests/vmm/acpi/madt.h"

#include "guests/vmm/devices/ioapic.h"
#include "guests/vmm/devices/irq.h"

#define LOCAL_APIC_ADDRESS 0xfee00000u

static void write_local_apics(struct writer *writer, uint32_t cpu_count) {
    for (uint32_t id = 0; id < cpu_count; id++) {
        if (id < MADT_FIRST_X2) {
            const struct madt_local_apic entry = {.type = MADT_LOCAL_APIC,
                                                  .length = sizeof(entry),
                                                  .uid = (uint8_t)id,
                                                  .apic_id = (uint8_t)id,
                                                  .flags = MADT_ENABLED};
            writer_append(writer, &entry, sizeof(entry));
        } else {
            const struct madt_local_x2apic entry = {.type = MADT_LOCAL_X2APIC,
                                                    .length = sizeof(entry),
                                                    .apic_id = id,
                                                    .flags = MADT_ENABLED,
                                                    .uid = id};
            writer_append(writer, &entry, sizeof(entry));
        }
    }
}

static void write_override(struct writer *writer, uint8_t source, uint32_t interrupt,
                           uint16_t flags) {
    const struct madt_override entry = {.type = MADT_OVERRIDE,
                                        .length = sizeof(entry),
                                        .source = source,
                                        .interrupt = interrupt,
                                        .flags = flags};
    writer_append(writer, &entry, sizeof(entry));
}

/* LINT1 of every processor is its NMI. */
static void write_nmi(struct writer *writer, uint32_t cpu_count) {
    const struct madt_local_apic_nmi entry = {.type = MADT_LOCAL_APIC_NMI,
                                              .length = sizeof(entry),
                                              .uid = MADT_ALL_UIDS,
                                              .lint = MADT_LINT1};
    writer_append(writer, &entry, sizeof(entry));
    if (cpu_count > MADT_FIRST_X2) {
        const struct madt_local_x2apic_nmi more = {.type = MADT_LOCAL_X2APIC_NMI,
                                                   .length = sizeof(more),
                                                   .uid = MADT_ALL_X2_UIDS,
                                                   .lint = MADT_LINT1};
        writer_append(writer, &more, sizeof(more));
    }
}

uint64_t madt_write(struct writer *writer, uint32_t cpu_count, uint8_t io_apic_id) {
    const struct madt_io_apic io_apic = {.type = MADT_IO_APIC,
                                         .length = sizeof(io_apic),
                                         .id = io_apic_id,
                                         .address = (uint32_t)IOAPIC_ADDRESS};
    struct acpi_madt *madt = writer_begin(writer, "APIC", MADT_REVISION, sizeof(*madt));
    if (madt != NULL) {
        madt->local_apic_address = LOCAL_APIC_ADDRESS;
        madt->flags = MADT_PCAT_COMPAT;
    }
    write_local_apics(writer, cpu_count);
    writer_append(writer, &io_apic, sizeof(io_apic));
    write_override(writer, IRQ_TIMER, IRQ_TIMER_PIN, MADT_CONFORMS);
    write_override(writer, IRQ_SCI, IRQ_SCI, MADT_LEVEL_HIGH);
    write_nmi(writer, cpu_count);
    return writer_end(writer, madt);
}
