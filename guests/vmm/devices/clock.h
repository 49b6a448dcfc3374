/*
 * Where a device reads the time when a guest's access needs it. Nanoseconds since any fixed moment,
 * never going back. Devices ask only when the answer matters, so an access to a register that is
 * not about time costs no look at the clock.
 */
#ifndef BULKHEAD_VMM_CLOCK_H
#define BULKHEAD_VMM_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND_NS 1000000000ull
#define CLOCK_NEVER     UINT64_MAX /* a deadline that does not come */

struct clock {
    uint64_t (*now)(void *context);
    void *context;
};

static inline uint64_t clock_now(const struct clock *clock) {
    return clock->now(clock->context);
}

#endif
