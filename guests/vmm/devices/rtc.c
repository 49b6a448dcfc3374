/*
 * The MC146818A real-time clock. While it runs, the time registers are computed when they are read;
 * while a guest holds it (SET, or the divider in reset) they are memory. Flags are raised when
 * somebody looks, for all the time since somebody looked last.
 */
#include "guests/vmm/devices/rtc.h"

#include <string.h>

#include "guests/vmm/devices/ticks.h"

enum rtc_register {
    RTC_SECONDS = 0x00,
    RTC_SECONDS_ALARM = 0x01,
    RTC_MINUTES = 0x02,
    RTC_MINUTES_ALARM = 0x03,
    RTC_HOURS = 0x04,
    RTC_HOURS_ALARM = 0x05,
    RTC_WEEKDAY = 0x06, /* Sunday is 1 */
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_A = 0x0a,
    RTC_B = 0x0b,
    RTC_C = 0x0c,
    RTC_D = 0x0d
};

#define A_UIP          0x80u
#define A_DIVIDER      0x70u
#define A_DIVIDER_LAST 0x20u /* 0 to 2 name time bases; above, the divider is held in reset */
#define A_RATE         0x0fu
#define A_DEFAULT      0x26u /* 32,768 Hz; 1,024 periodic interrupts a second */

#define B_SET     0x80u
#define B_UPDATE  0x10u /* enables; the flags have the same places in C */
#define B_BINARY  0x04u
#define B_24_HOUR 0x02u

#define C_REQUEST  0x80u
#define C_PERIODIC 0x40u
#define C_ALARM    0x20u
#define C_UPDATE   0x10u
#define C_FLAGS    (C_PERIODIC | C_ALARM | C_UPDATE)

#define D_VALID 0x80u /* the battery is good */

#define HOUR_PM  0x80u
#define ANY_MASK 0xc0u /* an alarm byte with both upper bits set matches everything */

#define DIVIDER_HERTZ  32768u
#define UPDATE_NS      244000u    /* UIP rises so long before an update ("UIP", 244 us) */
#define RESTART_NS     500000000u /* first update after the divider's reset */
#define DAY_SECONDS    86400
#define HOUR_SECONDS   3600
#define MINUTE_SECONDS 60

/* Time since the start of the second in which the clock was 0. */
struct moment {
    uint64_t second;
    uint64_t rest; /* nanoseconds */
};

static struct moment moment_of(const struct rtc *rtc, uint64_t now) {
    struct moment moment = {now / CLOCK_SECOND_NS, now % CLOCK_SECOND_NS + rtc->phase};
    if (moment.rest >= CLOCK_SECOND_NS) {
        moment.rest -= CLOCK_SECOND_NS;
        moment.second++;
    }
    return moment;
}

/* The clock's time at which SECOND (1 or later) begins. */
static uint64_t start_of(const struct rtc *rtc, uint64_t second) {
    if (second > UINT64_MAX / CLOCK_SECOND_NS) {
        return CLOCK_NEVER;
    }
    return second * CLOCK_SECOND_NS - rtc->phase;
}

static bool divider_runs(const struct rtc *rtc) {
    return (rtc->cmos[RTC_A] & A_DIVIDER) <= A_DIVIDER_LAST;
}

static bool runs(const struct rtc *rtc) {
    return divider_runs(rtc) && (rtc->cmos[RTC_B] & B_SET) == 0;
}

static int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

static int64_t floor_mod(int64_t value, int64_t by) {
    return value - floor_div(value, by) * by;
}

/*
 * Days since 1 January 1970 in the Gregorian calendar, counting years from March, so that the leap
 * day is the last of its year. MONTH is 0 to 11.
 */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    int64_t march_year = month >= 2 ? year : year - 1;
    int64_t march_month = month >= 2 ? month - 2 : month + 10;
    int64_t leaps = floor_div(march_year, 4) - floor_div(march_year, 100) +
                    floor_div(march_year, 400);
    int64_t days_before_month = (153 * march_month + 2) / 5; /* 31 30 31 30 31, repeated */
    return march_year * 365 + leaps + days_before_month + day - 1 - 719468;
}

struct date {
    int64_t year;
    unsigned month; /* 1 to 12 */
    unsigned day;
};

static struct date date_of(int64_t days) {
    /* The estimate by the mean year is at most one year late. */
    int64_t year = floor_div((days + 719468) * 400, 146097);
    if (days_of(year, 2, 1) > days) {
        year--;
    } else if (days_of(year + 1, 2, 1) <= days) {
        year++;
    }
    int64_t day = days - days_of(year, 2, 1);
    int64_t month = (5 * day + 2) / 153;
    struct date date;
    date.day = (unsigned)(day - (153 * month + 2) / 5 + 1);
    date.month = (unsigned)(month < 10 ? month + 3 : month - 9);
    date.year = month < 10 ? year : year + 1;
    return date;
}

static uint8_t encode(const struct rtc *rtc, unsigned value) {
    bool binary = (rtc->cmos[RTC_B] & B_BINARY) != 0;
    return (uint8_t)(binary ? value : value / 10 << 4 | value % 10);
}

static unsigned decode(const struct rtc *rtc, uint8_t byte) {
    bool binary = (rtc->cmos[RTC_B] & B_BINARY) != 0;
    return binary ? byte : (byte >> 4) * 10u + (byte & 15u);
}

static uint8_t encode_hour(const struct rtc *rtc, unsigned hour) {
    if ((rtc->cmos[RTC_B] & B_24_HOUR) != 0) {
        return encode(rtc, hour);
    }
    unsigned twelve = hour % 12 == 0 ? 12 : hour % 12;
    return (uint8_t)(encode(rtc, twelve) | (hour >= 12 ? HOUR_PM : 0));
}

static unsigned decode_hour(const struct rtc *rtc, uint8_t byte) {
    if ((rtc->cmos[RTC_B] & B_24_HOUR) != 0) {
        return decode(rtc, byte);
    }
    unsigned twelve = decode(rtc, byte & (uint8_t)~HOUR_PM) % 12;
    return twelve + ((byte & HOUR_PM) != 0 ? 12 : 0);
}

/* Unix time to the time registers. */
static void show_time(struct rtc *rtc, int64_t unix_time) {
    int64_t days = floor_div(unix_time, DAY_SECONDS);
    unsigned second = (unsigned)floor_mod(unix_time, DAY_SECONDS);
    struct date date = date_of(days);
    unsigned year = (unsigned)floor_mod(date.year, 10000);
    rtc->cmos[RTC_SECONDS] = encode(rtc, second % 60);
    rtc->cmos[RTC_MINUTES] = encode(rtc, second / MINUTE_SECONDS % 60);
    rtc->cmos[RTC_HOURS] = encode_hour(rtc, second / HOUR_SECONDS);
    rtc->cmos[RTC_WEEKDAY] = encode(rtc, (unsigned)floor_mod(days + 4, 7) + 1);
    rtc->cmos[RTC_DAY] = encode(rtc, date.day);
    rtc->cmos[RTC_MONTH] = encode(rtc, date.month);
    rtc->cmos[RTC_YEAR] = encode(rtc, year % 100);
    rtc->cmos[RTC_CENTURY] = encode(rtc, year / 100);
}

/* The time registers to Unix time. Impossible dates are carried over: 32 January is 1 February. */
static int64_t read_time(const struct rtc *rtc) {
    int64_t century = decode(rtc, rtc->cmos[RTC_CENTURY]);
    int64_t year = century * 100 + decode(rtc, rtc->cmos[RTC_YEAR]);
    int64_t months = year * 12 + decode(rtc, rtc->cmos[RTC_MONTH]) - 1;
    int64_t days = days_of(floor_div(months, 12), floor_mod(months, 12),
                           decode(rtc, rtc->cmos[RTC_DAY]));
    int64_t hours = days * 24 + decode_hour(rtc, rtc->cmos[RTC_HOURS]);
    int64_t minutes = hours * 60 + decode(rtc, rtc->cmos[RTC_MINUTES]);
    return minutes * 60 + decode(rtc, rtc->cmos[RTC_SECONDS]);
}

static int64_t unix_time(const struct rtc *rtc, uint64_t second) {
    return rtc->base + (int64_t)second;
}

/* The registers hold the time of NOW, if the clock runs. */
static void refresh(struct rtc *rtc, uint64_t now) {
    if (runs(rtc)) {
        show_time(rtc, unix_time(rtc, moment_of(rtc, now).second));
    }
}

/* The clock goes on from the time in the registers, if it runs. */
static void resume(struct rtc *rtc, uint64_t now) {
    if (runs(rtc)) {
        rtc->base = read_time(rtc) - (int64_t)moment_of(rtc, now).second;
    }
}

enum { ALARM_ANY = -1, ALARM_NEVER = -2 };

/* The value in an alarm byte: one below LIMIT, or ALARM_*. */
static int alarm_value(const struct rtc *rtc, enum rtc_register reg, unsigned limit) {
    uint8_t byte = rtc->cmos[reg];
    if ((byte & ANY_MASK) == ANY_MASK) {
        return ALARM_ANY;
    }
    for (unsigned value = 0; value < limit; value++) {
        uint8_t code = reg == RTC_HOURS_ALARM ? encode_hour(rtc, value) : encode(rtc, value);
        if (code == byte) {
            return (int)value;
        }
    }
    return ALARM_NEVER;
}

static bool matches(int alarm, int value) {
    return alarm == ALARM_ANY || alarm == value;
}

/* Seconds from TIME until the alarm, 1 to 86400; 0: it never comes. Skips what cannot match. */
static uint64_t seconds_to_alarm(const struct rtc *rtc, int64_t time) {
    int hour = alarm_value(rtc, RTC_HOURS_ALARM, 24);
    int minute = alarm_value(rtc, RTC_MINUTES_ALARM, 60);
    int second = alarm_value(rtc, RTC_SECONDS_ALARM, 60);
    if (hour == ALARM_NEVER || minute == ALARM_NEVER || second == ALARM_NEVER) {
        return 0;
    }
    int start = (int)floor_mod(time, DAY_SECONDS);
    int at = start + 1;
    while (at <= start + DAY_SECONDS) {
        if (!matches(hour, at / HOUR_SECONDS % 24)) {
            at = (at / HOUR_SECONDS + 1) * HOUR_SECONDS;
        } else if (!matches(minute, at / MINUTE_SECONDS % 60)) {
            at = (at / MINUTE_SECONDS + 1) * MINUTE_SECONDS;
        } else if (!matches(second, at % 60)) {
            at = second > at % 60 ? at - at % 60 + second
                                  : (at / MINUTE_SECONDS + 1) * MINUTE_SECONDS;
        } else {
            return (uint64_t)(at - start);
        }
    }
    return 0;
}

/* Ticks of the divider between periodic interrupts; 0: none (register A, RS3-RS0). */
static uint64_t periodic_ticks(const struct rtc *rtc) {
    unsigned rate = rtc->cmos[RTC_A] & A_RATE;
    if (rate == 0 || !divider_runs(rtc)) {
        return 0;
    }
    return rate < 3 ? 1ull << (rate + 6) : 1ull << (rate - 1);
}

static uint64_t divider_ticks(struct moment moment) {
    return moment.second * DIVIDER_HERTZ + ticks_from_ns(moment.rest, DIVIDER_HERTZ);
}

static void update_irq(struct rtc *rtc) {
    bool level = (rtc->cmos[RTC_C] & rtc->cmos[RTC_B] & C_FLAGS) != 0;
    rtc->cmos[RTC_C] = (uint8_t)((rtc->cmos[RTC_C] & C_FLAGS) | (level ? C_REQUEST : 0));
    if (level != rtc->irq_level) {
        rtc->irq_level = level;
        line_set(&rtc->irq, level);
    }
}

void rtc_run(struct rtc *rtc, uint64_t now) {
    if (now <= rtc->seen) {
        return;
    }
    struct moment before = moment_of(rtc, rtc->seen);
    struct moment after = moment_of(rtc, now);
    uint64_t passed = after.second - before.second;
    unsigned flags = 0;
    if (runs(rtc) && passed != 0) {
        uint64_t alarm = seconds_to_alarm(rtc, unix_time(rtc, before.second));
        flags |= C_UPDATE;
        flags |= alarm != 0 && alarm <= passed ? C_ALARM : 0;
    }
    uint64_t period = periodic_ticks(rtc);
    if (period != 0 && divider_ticks(before) / period != divider_ticks(after) / period) {
        flags |= C_PERIODIC;
    }
    rtc->seen = now;
    rtc->cmos[RTC_C] |= (uint8_t)flags;
    update_irq(rtc);
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t rtc_next(const struct rtc *rtc) {
    struct moment moment = moment_of(rtc, rtc->seen);
    unsigned enabled = rtc->cmos[RTC_B];
    uint64_t next = CLOCK_NEVER;
    if (rtc->irq_level) {
        return CLOCK_NEVER; /* the guest must read register C first */
    }
    if (runs(rtc) && (enabled & C_UPDATE) != 0) {
        next = start_of(rtc, moment.second + 1);
    }
    if (runs(rtc) && (enabled & C_ALARM) != 0) {
        uint64_t alarm = seconds_to_alarm(rtc, unix_time(rtc, moment.second));
        next = alarm != 0 ? earlier(next, start_of(rtc, moment.second + alarm)) : next;
    }
    uint64_t period = periodic_ticks(rtc);
    if (period != 0 && (enabled & C_PERIODIC) != 0) {
        uint64_t tick = (divider_ticks(moment) / period + 1) * period;
        uint64_t ns = ticks_to_ns(tick, DIVIDER_HERTZ);
        next = ns != UINT64_MAX ? earlier(next, ns - rtc->phase) : next;
    }
    return next;
}

static bool is_time(unsigned index) {
    return index == RTC_CENTURY || index == RTC_SECONDS || index == RTC_MINUTES ||
           (index >= RTC_HOURS && index <= RTC_YEAR && index != RTC_HOURS_ALARM);
}

/* "UIP": an update is less than 244 microseconds away. */
static bool update_is_near(const struct rtc *rtc, uint64_t now) {
    return runs(rtc) && moment_of(rtc, now).rest >= CLOCK_SECOND_NS - UPDATE_NS;
}

static uint8_t read_byte(struct rtc *rtc, uint64_t now) {
    unsigned index = rtc->index;
    if (index == RTC_A) {
        return (uint8_t)(rtc->cmos[RTC_A] | (update_is_near(rtc, now) ? A_UIP : 0));
    }
    if (index == RTC_C) {
        uint8_t flags = rtc->cmos[RTC_C];
        rtc->cmos[RTC_C] = 0;
        update_irq(rtc);
        return flags;
    }
    if (is_time(index)) {
        refresh(rtc, now);
    }
    return rtc->cmos[index];
}

/* Registers A and B start and stop the clock. */
static void write_control(struct rtc *rtc, unsigned index, uint8_t value, uint64_t now) {
    bool ran = runs(rtc);
    bool divided = divider_runs(rtc);
    refresh(rtc, now);
    if (index == RTC_A) {
        rtc->cmos[RTC_A] = value & (uint8_t)~A_UIP;
    } else {
        bool stops = (value & B_SET) != 0;
        rtc->cmos[RTC_B] = stops ? value & (uint8_t)~B_UPDATE : value;
    }
    if (!divided && divider_runs(rtc)) {
        uint64_t rest = now % CLOCK_SECOND_NS;
        rtc->phase = (CLOCK_SECOND_NS + RESTART_NS - rest) % CLOCK_SECOND_NS;
    }
    if (!ran) {
        resume(rtc, now);
    }
    update_irq(rtc);
}

static void write_byte(struct rtc *rtc, uint8_t value, uint64_t now) {
    unsigned index = rtc->index;
    if (index == RTC_A || index == RTC_B) {
        write_control(rtc, index, value, now);
    } else if (is_time(index)) {
        refresh(rtc, now);
        rtc->cmos[index] = value;
        resume(rtc, now);
    } else if (index != RTC_C && index != RTC_D) {
        rtc->cmos[index] = value;
    }
}

uint8_t rtc_read(struct rtc *rtc, uint16_t port, uint64_t now) {
    if (port != RTC_PORT + 1) {
        return 0xff; /* the index is write-only */
    }
    rtc_run(rtc, now);
    return read_byte(rtc, now);
}

void rtc_write(struct rtc *rtc, uint16_t port, uint8_t value, uint64_t now) {
    if (port == RTC_PORT) {
        rtc->index = value % RTC_CMOS_SIZE; /* bit 7 masks NMI, which this board has not */
    } else if (port == RTC_PORT + 1) {
        rtc_run(rtc, now);
        write_byte(rtc, value, now);
    }
}

void rtc_set_byte(struct rtc *rtc, uint8_t index, uint8_t value) {
    if (index > RTC_D && index < RTC_CMOS_SIZE && !is_time(index)) {
        rtc->cmos[index] = value;
    }
}

static void set_size(struct rtc *rtc, uint8_t index, unsigned count, uint64_t size) {
    uint64_t largest = (1ull << (8 * count)) - 1;
    uint64_t value = size < largest ? size : largest;
    for (unsigned i = 0; i < count; i++) {
        rtc_set_byte(rtc, (uint8_t)(index + i), (uint8_t)(value >> (8 * i)));
    }
}

/* The places that PC firmware has used since the AT: KiB, then blocks of 64 KiB. */
void rtc_set_memory(struct rtc *rtc, uint64_t below_4g, uint64_t above_4g) {
    const uint64_t kib = 1024;
    const uint64_t mib = 1024 * kib;
    uint64_t base = below_4g < 640 * kib ? below_4g : 640 * kib;
    uint64_t extended = below_4g > mib ? below_4g - mib : 0;
    uint64_t above_16m = below_4g > 16 * mib ? below_4g - 16 * mib : 0;
    set_size(rtc, 0x15, 2, base / kib);
    set_size(rtc, 0x17, 2, extended / kib);
    set_size(rtc, 0x30, 2, extended / kib);
    set_size(rtc, 0x34, 2, above_16m / (64 * kib));
    set_size(rtc, 0x5b, 3, above_4g / (64 * kib));
}

void rtc_init(struct rtc *rtc, const struct clock *clock, const struct line *irq,
              uint64_t wall_ns) {
    uint64_t now = clock_now(clock);
    memset(rtc, 0, sizeof(*rtc));
    rtc->clock = *clock;
    rtc->irq = *irq;
    rtc->seen = now;
    uint64_t rest = wall_ns % CLOCK_SECOND_NS;
    rtc->phase = (CLOCK_SECOND_NS + rest - now % CLOCK_SECOND_NS) % CLOCK_SECOND_NS;
    rtc->base = (int64_t)(wall_ns / CLOCK_SECOND_NS) - (int64_t)moment_of(rtc, now).second;
    rtc->cmos[RTC_A] = A_DEFAULT;
    rtc->cmos[RTC_B] = B_24_HOUR;
    rtc->cmos[RTC_D] = D_VALID;
    refresh(rtc, now);
}

static uint32_t port_read(void *device, uint16_t port, unsigned width) {
    struct rtc *rtc = device;
    (void)width;
    return rtc_read(rtc, port, clock_now(&rtc->clock));
}

static void port_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    struct rtc *rtc = device;
    (void)width;
    rtc_write(rtc, port, (uint8_t)value, clock_now(&rtc->clock));
}

static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTH_1};

bool rtc_attach(struct rtc *rtc, struct io_bus *bus) {
    return bus_io_claim(bus, RTC_PORT, 2, &port_ops, rtc);
}
