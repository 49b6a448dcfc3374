/* Interrupt lines of devices: from ISA or global line to vector, through the I/O APICs. */
#ifndef BULKHEAD_PLATFORM_LINES_H
#define BULKHEAD_PLATFORM_LINES_H

#include <stdint.h>

#include "drivers/acpi.h"

/* Finds the I/O APICs and masks all of their pins. */
void lines_init(const struct acpi_platform *platform);

/* A device vector came. */
void lines_interrupt(uint8_t vector);

#endif
