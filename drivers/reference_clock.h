/* A counter of known rate, against which others are measured. */
#ifndef BULKHEAD_DRIVERS_REFERENCE_CLOCK_H
#define BULKHEAD_DRIVERS_REFERENCE_CLOCK_H

#include <stdint.h>

struct reference_clock {
    const char *name;
    uint64_t hz;
    uint64_t mask; /* the counter counts up and wraps to 0 behind this */
    uint64_t (*read)(const struct reference_clock *clock);
    volatile uint64_t *registers; /* the driver's own */
    uint16_t port;
};

#endif
