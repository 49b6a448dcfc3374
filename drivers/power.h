/* Switching the computer off and resetting it, by every way that PCs have. */
#ifndef BULKHEAD_DRIVERS_POWER_H
#define BULKHEAD_DRIVERS_POWER_H

#include "drivers/acpi.h"

/* Ways that worked do not return. platform: without ACPI its has_ fields are false. */
void power_off(const struct acpi_platform *platform);
void power_reset(const struct acpi_platform *platform);

#endif
