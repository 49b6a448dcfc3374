/*
 * Calendar time to nanoseconds, by the Gregorian calendar. Portable: unit-tested on the host.
 */
#include "boot/unixtime.h"

#include <stdbool.h>

enum { UNIXTIME_FIRST_YEAR = 1970, UNIXTIME_LAST_YEAR = 2261, UNIXTIME_ZONE_LIMIT = 1440 };

static bool unixtime_is_leap(uint32_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t unixtime_month_days(uint32_t year, uint32_t month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && unixtime_is_leap(year) ? 1u : 0u);
}

static bool unixtime_exists(const struct unixtime_calendar *c) {
    return c->year >= UNIXTIME_FIRST_YEAR && c->year <= UNIXTIME_LAST_YEAR && c->month >= 1 &&
           c->month <= 12 && c->day >= 1 && c->day <= unixtime_month_days(c->year, c->month) &&
           c->hour < 24 && c->minute < 60 && c->second < 60 && c->nanosecond < 1000000000u &&
           c->zone_minutes >= -UNIXTIME_ZONE_LIMIT && c->zone_minutes <= UNIXTIME_ZONE_LIMIT;
}

int64_t unixtime_from_calendar(const struct unixtime_calendar *c) {
    if (!unixtime_exists(c)) {
        return 0;
    }
    int64_t days = c->day - 1;
    for (uint32_t year = UNIXTIME_FIRST_YEAR; year < c->year; year++) {
        days += unixtime_is_leap(year) ? 366 : 365;
    }
    for (uint32_t month = 1; month < c->month; month++) {
        days += unixtime_month_days(c->year, month);
    }
    int64_t minutes = (days * 24 + c->hour) * 60 + c->minute + c->zone_minutes;
    int64_t seconds = minutes * 60 + c->second;
    return seconds < 0 ? 0 : seconds * 1000000000 + c->nanosecond;
}
