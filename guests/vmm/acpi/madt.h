/* The table of interrupt controllers. Pure. */
#ifndef BULKHEAD_VMM_ACPI_MADT_H
#define BULKHEAD_VMM_ACPI_MADT_H

#include "guests/vmm/acpi/writer.h"

/* Appends the MADT; returns its address as the guest sees it. 0: it does not fit. */
uint64_t madt_write(struct writer *writer, uint32_t cpu_count, uint8_t io_apic_id);

#endif
