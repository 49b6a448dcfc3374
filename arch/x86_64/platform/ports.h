/* I/O ports that the kernel keeps to itself. */
#ifndef BULKHEAD_PLATFORM_PORTS_H
#define BULKHEAD_PLATFORM_PORTS_H

#include "drivers/acpi.h"

/* Adds what ACPI says of this computer to what all PCs have. */
void ports_init(const struct acpi_platform *platform);

#endif
