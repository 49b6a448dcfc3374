/* Time: ticks of the TSC to nanoseconds and back, without division. Pure but for the last function.
 */
#include "kernel/arch.h"
#include "kernel/timer.h"

#define NS_PER_SECOND 1000000000ull

static struct {
    uint64_t start;        /* ticks at clock_init */
    uint64_t ns_per_tick;  /* 32.32 fixed point */
    uint64_t ticks_per_ns; /* 32.32 */
} rate;

void clock_init(uint64_t ticks_per_second) {
    unsigned __int128 one = (unsigned __int128)1 << 32;
    rate.ns_per_tick = (uint64_t)(one * NS_PER_SECOND / ticks_per_second);
    rate.ticks_per_ns = (uint64_t)(one * ticks_per_second / NS_PER_SECOND);
    rate.start = arch_ticks();
}

uint64_t clock_ticks_to_ns(uint64_t ticks) {
    return (uint64_t)((unsigned __int128)ticks * rate.ns_per_tick >> 32);
}

uint64_t clock_ns_to_ticks(uint64_t ns) {
    unsigned __int128 ticks = (unsigned __int128)ns * rate.ticks_per_ns >> 32;
    return ticks >> 64 != 0 ? UINT64_MAX : (uint64_t)ticks;
}

uint64_t clock_now_ns(void) {
    return clock_ticks_to_ns(arch_ticks() - rate.start);
}

uint64_t clock_deadline_ticks(uint64_t deadline_ns) {
    if (deadline_ns == UINT64_MAX)
        return UINT64_MAX;
    uint64_t ticks = clock_ns_to_ticks(deadline_ns);
    return ticks > UINT64_MAX - rate.start - 1 ? UINT64_MAX : ticks + rate.start;
}
