/* The rate of the time-stamp counter and of the APIC's timer, measured against a clock of known
 * rate. */
#ifndef BULKHEAD_CPU_CLOCK_H
#define BULKHEAD_CPU_CLOCK_H

#include <stdint.h>

#include "drivers/reference_clock.h"

/* On the boot CPU, once; its local APIC is on. */
void clock_calibrate(const struct reference_clock *reference);

#endif
