/* The C library's clocks. */
/* What the C library declares for more than ISO C. */
#define _DEFAULT_SOURCE 1

#include <errno.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "guests/lib/clock.h"
#include "guests/lib/start.h"

#define NS_PER_SECOND 1000000000ull

int clock_gettime(clockid_t clock, struct timespec *time);
int nanosleep(const struct timespec *time, struct timespec *rest);

int clock_gettime(clockid_t clock, struct timespec *time) {
    uint64_t now = clock_now_ns();
    if (clock == CLOCK_REALTIME)
        now += start_wall_clock_ns();
    time->tv_sec = (time_t)(now / NS_PER_SECOND);
    time->tv_nsec = (long)(now % NS_PER_SECOND);
    return 0;
}

int gettimeofday(struct timeval *time, void *zone) {
    uint64_t now = clock_now_ns() + start_wall_clock_ns();
    (void)zone;
    time->tv_sec = (time_t)(now / NS_PER_SECOND);
    time->tv_usec = (suseconds_t)(now % NS_PER_SECOND / 1000);
    return 0;
}

/* Nothing is accounted here: the partition's accounts are in partition_info. */
clock_t times(struct tms *buffer) {
    *buffer = (struct tms){0};
    return (clock_t)(clock_now_ns() / (NS_PER_SECOND / CLOCKS_PER_SEC));
}

int nanosleep(const struct timespec *time, struct timespec *rest) {
    if (time->tv_sec < 0 || time->tv_nsec < 0 || (uint64_t)time->tv_nsec >= NS_PER_SECOND) {
        errno = EINVAL;
        return -1;
    }
    clock_sleep_until(clock_now_ns() + (uint64_t)time->tv_sec * NS_PER_SECOND +
                      (uint64_t)time->tv_nsec);
    if (rest)
        *rest = (struct timespec){0};
    return 0;
}
