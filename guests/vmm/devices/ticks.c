/* Exact conversion between nanoseconds and ticks. Seconds and the rest go separately, so that every
 * product stays within 64 bits: rest * hertz < 10^18. */
#include "guests/vmm/devices/ticks.h"

#include "guests/vmm/devices/clock.h"

uint64_t ticks_from_ns(uint64_t ns, uint32_t hertz) {
    uint64_t seconds = ns / CLOCK_SECOND_NS;
    uint64_t rest = ns % CLOCK_SECOND_NS;
    return seconds * hertz + rest * hertz / CLOCK_SECOND_NS;
}

uint64_t ticks_to_ns(uint64_t ticks, uint32_t hertz) {
    uint64_t seconds = ticks / hertz;
    uint64_t rest = ticks % hertz;
    if (seconds >= UINT64_MAX / CLOCK_SECOND_NS) {
        return UINT64_MAX;
    }
    return seconds * CLOCK_SECOND_NS + (rest * CLOCK_SECOND_NS + hertz - 1) / hertz;
}
