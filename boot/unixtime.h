/*
 * Calendar time to nanoseconds. Portable.
 */
#ifndef BULKHEAD_BOOT_UNIXTIME_H
#define BULKHEAD_BOOT_UNIXTIME_H

#include <stdint.h>

struct unixtime_calendar {
    uint32_t year, month, day; /* month and day count from 1 */
    uint32_t hour, minute, second;
    uint32_t nanosecond;
    int32_t zone_minutes; /* UTC - local time */
};

/* Nanoseconds since 1970-01-01 UTC; 0 for a date that does not exist or that int64_t cannot say. */
int64_t unixtime_from_calendar(const struct unixtime_calendar *calendar);

#endif
