/* Time for programs. Monotonic nanoseconds since the kernel's start. */
#ifndef BULKHEAD_LIB_CLOCK_H
#define BULKHEAD_LIB_CLOCK_H

#include <stdint.h>

uint64_t clock_now_ns(void);
/* Sleeps until that time of clock_now_ns. */
void clock_sleep_until(uint64_t deadline_ns);

#endif
