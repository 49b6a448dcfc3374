/*
 * Nanoseconds to ticks of an oscillator and back, exactly: no rounding accumulates, because every
 * tick number is derived from the absolute time. For frequencies up to 1 GHz; touches nothing.
 */
#ifndef BULKHEAD_VMM_TICKS_H
#define BULKHEAD_VMM_TICKS_H

#include <stdint.h>

/* How many ticks of HERTZ have passed at NS: the whole part of ns * hertz / 10^9. */
uint64_t ticks_from_ns(uint64_t ns, uint32_t hertz);

/*
 * The first nanosecond at which TICKS ticks have passed; UINT64_MAX when that is beyond 64 bits.
 * ticks_from_ns(ticks_to_ns(t)) == t.
 */
uint64_t ticks_to_ns(uint64_t ticks, uint32_t hertz);

#endif
