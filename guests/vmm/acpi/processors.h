/* An SSDT with one processor device (ACPI0007) for each vCPU. Pure. */
#ifndef BULKHEAD_VMM_ACPI_PROCESSORS_H
#define BULKHEAD_VMM_ACPI_PROCESSORS_H

#include "guests/vmm/acpi/writer.h"

/* At most so many: their names have three hexadecimal digits. */
#define PROCESSORS_MAX 4096u

/* Appends the table; returns its address as the guest sees it. 0: it does not fit. */
uint64_t processors_write(struct writer *writer, uint32_t cpu_count);

#endif
