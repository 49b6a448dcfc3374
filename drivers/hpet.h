/* The high-precision event timer as a reference clock. */
#ifndef BULKHEAD_DRIVERS_HPET_H
#define BULKHEAD_DRIVERS_HPET_H

#include <stdbool.h>

#include "drivers/reference_clock.h"

#define HPET_SIZE            1024u
#define HPET_DEFAULT_ADDRESS 0xfed00000u

/* False: no HPET answers there, or it does not count. */
bool hpet_open(struct reference_clock *clock, volatile void *registers);

#endif
