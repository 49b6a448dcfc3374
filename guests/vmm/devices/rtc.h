/*
 * The real-time clock with its CMOS memory: Motorola MC146818A, 128 bytes, ports 0x70 and 0x71, and
 * the century byte at 0x32. The time of day is the clock plus an offset; a guest that sets the time
 * changes the offset, of its own machine alone.
 */
#ifndef BULKHEAD_VMM_RTC_H
#define BULKHEAD_VMM_RTC_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"
#include "guests/vmm/devices/clock.h"
#include "guests/vmm/devices/line.h"

#define RTC_PORT      0x70u
#define RTC_CMOS_SIZE 128u
#define RTC_CENTURY   0x32u /* what the FADT's CENTURY field names */

struct rtc {
    struct clock clock;
    struct line irq;
    uint8_t cmos[RTC_CMOS_SIZE];
    uint8_t index;
    bool irq_level;
    uint64_t seen;  /* flags are those of this moment */
    uint64_t phase; /* nanoseconds, below a second: where in a second time 0 was */
    int64_t base;   /* Unix time of the second in which time 0 was */
};

/* WALL_NS: nanoseconds since 1 January 1970, UTC, at the clock's now. */
void rtc_init(struct rtc *rtc, const struct clock *clock, const struct line *irq, uint64_t wall_ns);

/* Claims 0x70-0x71. */
bool rtc_attach(struct rtc *rtc, struct io_bus *bus);

/* Memory sizes as a PC's firmware leaves them: bytes of RAM below 4 GiB (from 0) and above it. */
void rtc_set_memory(struct rtc *rtc, uint64_t below_4g, uint64_t above_4g);

/* A CMOS byte that is neither time nor register A-D; others are left alone. */
void rtc_set_byte(struct rtc *rtc, uint8_t index, uint8_t value);

/* Raises the flags that have become due at NOW, and the interrupt line if they are enabled. */
void rtc_run(struct rtc *rtc, uint64_t now);

/* When the next enabled interrupt is due. CLOCK_NEVER: none before the next access. */
uint64_t rtc_next(const struct rtc *rtc);

/* PORT is 0x70 or 0x71; others read 0xff. */
uint8_t rtc_read(struct rtc *rtc, uint16_t port, uint64_t now);
void rtc_write(struct rtc *rtc, uint16_t port, uint8_t value, uint64_t now);

#endif
