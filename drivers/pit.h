/* The 8254 timer's channel 2, as a reference clock: the one that every PC has. */
#ifndef BULKHEAD_DRIVERS_PIT_H
#define BULKHEAD_DRIVERS_PIT_H

#include "drivers/reference_clock.h"

/* Starts the channel. Wraps after 55 ms. Always succeeds. */
void pit_open(struct reference_clock *clock);

#endif
