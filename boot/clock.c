/*
 * Step: wall-clock time from the firmware's clock.
 */
#include "boot/clock.h"

#include "boot/console.h"
#include "boot/unixtime.h"

EFI_STATUS clock_read(struct loader *loader) {
    EFI_TIME time;
    if (!EFI_ERROR(firmware_table->RuntimeServices->GetTime(&time, NULL))) {
        BOOLEAN zone_known = time.TimeZone != EFI_UNSPECIFIED_TIMEZONE;
        const struct unixtime_calendar calendar = {
            .year = time.Year,
            .month = time.Month,
            .day = time.Day,
            .hour = time.Hour,
            .minute = time.Minute,
            .second = time.Second,
            .nanosecond = time.Nanosecond,
            /* Local time = UTC - TimeZone (UEFI 2.10, 8.3 "GetTime()"); unspecified: UTC. */
            .zone_minutes = zone_known ? time.TimeZone : 0,
        };
        loader->info->wall_clock_ns = unixtime_from_calendar(&calendar);
    }
    if (loader->info->wall_clock_ns == 0) {
        console_print("the firmware's clock is not set: the time of day is unknown");
    }
    return EFI_SUCCESS;
}
