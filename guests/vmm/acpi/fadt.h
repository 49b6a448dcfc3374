/* The table of fixed hardware, and the FACS that it needs. Pure. */
#ifndef BULKHEAD_VMM_ACPI_FADT_H
#define BULKHEAD_VMM_ACPI_FADT_H

#include "guests/vmm/acpi/writer.h"

/* Appends FACS and FADT; returns the FADT's address as the guest sees it. 0: they do not fit. */
uint64_t fadt_write(struct writer *writer, uint64_t dsdt);

#endif
