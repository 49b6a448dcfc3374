/* The ACPI power-management timer as a reference clock. */
#ifndef BULKHEAD_DRIVERS_PM_TIMER_H
#define BULKHEAD_DRIVERS_PM_TIMER_H

#include <stdbool.h>

#include "drivers/reference_clock.h"

/* False: it does not count. */
bool pm_timer_open(struct reference_clock *clock, uint16_t port, bool is_32_bit);

#endif
