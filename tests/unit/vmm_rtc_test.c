/* The MC146818A clock. Quoted words are those of Motorola's data sheet. */
/* units: guests/vmm/devices/rtc.c guests/vmm/devices/ticks.c guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "guests/vmm/devices/rtc.h"
#include "tests/unit/vmm_random.h"

#define SECOND 1000000000ull
#define MS     1000000ull

static struct rtc rtc;
static uint64_t now_ns;
static bool irq;
static unsigned rise_count;

static uint64_t read_clock(void *context) {
    (void)context;
    return now_ns;
}

static void irq_set(void *device, unsigned input, bool level) {
    (void)device;
    assert_int_equal(input, 8);
    assert_true(irq != level);
    irq = level;
    rise_count += level;
}

static const struct clock rtc_clock = {read_clock, NULL};
static const struct line irq_line = {irq_set, NULL, 8};

/* The machine starts at NOW of its clock; on the wall it is WALL seconds and NS since 1970. */
static void start(uint64_t now, uint64_t wall, uint64_t ns) {
    now_ns = now;
    irq = false;
    rise_count = 0;
    rtc_init(&rtc, &rtc_clock, &irq_line, wall * SECOND + ns);
}

static int reset(void **state) {
    (void)state;
    start(12345678901ull, 951868799, 500 * MS); /* 2000-02-29 23:59:59.5 */
    return 0;
}

static uint8_t get(uint8_t index) {
    rtc_write(&rtc, 0x70, index, now_ns);
    return rtc_read(&rtc, 0x71, now_ns);
}

static void put(uint8_t index, uint8_t value) {
    rtc_write(&rtc, 0x70, index, now_ns);
    rtc_write(&rtc, 0x71, value, now_ns);
}

/* seconds, minutes, hours, weekday, day, month, year, century */
static void expect_time(const uint8_t *bytes) {
    static const uint8_t registers[] = {0, 2, 4, 6, 7, 8, 9, 0x32};
    for (unsigned i = 0; i < sizeof(registers); i++) {
        assert_int_equal(get(registers[i]), bytes[i]);
    }
}

/* "BCD Data Mode", 24 hours; 29 February 2000 was a Tuesday (3), 1 March a Wednesday (4). */
static void the_time_of_day(void **state) {
    (void)state;
    expect_time((const uint8_t[]){0x59, 0x59, 0x23, 3, 0x29, 0x02, 0x00, 0x20});
    now_ns += 499999999;
    assert_int_equal(get(0), 0x59);
    now_ns += 1;
    expect_time((const uint8_t[]){0x00, 0x00, 0x00, 4, 0x01, 0x03, 0x00, 0x20});
}

/* Register B: DM (bit 2) binary, 24/12 (bit 1); PM is bit 7 of the hours. Table 3. */
static void the_formats(void **state) {
    (void)state;
    put(0x0b, 0x06);
    expect_time((const uint8_t[]){59, 59, 23, 3, 29, 2, 0, 20});
    put(0x0b, 0x00);
    assert_int_equal(get(4), 0x91); /* 11 PM */
    put(0x0b, 0x04);
    assert_int_equal(get(4), 0x8b);
    static const uint8_t twelve[24] = {0x12, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                                       0x08, 0x09, 0x10, 0x11, 0x92, 0x81, 0x82, 0x83,
                                       0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x90, 0x91};
    put(0x0b, 0x00);
    now_ns += SECOND / 2;
    for (unsigned hour = 0; hour < 24; hour++) {
        assert_int_equal(get(4), twelve[hour]);
        put(4, twelve[hour]); /* and back */
        assert_int_equal(get(4), twelve[hour]);
        now_ns += 3600 * SECOND;
    }
}

static uint8_t to_bcd(int value) {
    return (uint8_t)(value / 10 << 4 | value % 10);
}

/* The C library's calendar as reference, over the years 1970 to 2262 (64-bit nanoseconds). */
static void the_calendar(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    for (unsigned i = 0; i < 20000; i++) {
        time_t when = (time_t)(vmm_random_next(&random) % 9223372036ull);
        struct tm tm;
        start(vmm_random_next(&random) >> 8, (uint64_t)when, 0);
        assert_non_null(gmtime_r(&when, &tm));
        const uint8_t bytes[] = {to_bcd(tm.tm_sec),        to_bcd(tm.tm_min),
                                 to_bcd(tm.tm_hour),       to_bcd(tm.tm_wday + 1),
                                 to_bcd(tm.tm_mday),       to_bcd(tm.tm_mon + 1),
                                 to_bcd(tm.tm_year % 100), to_bcd((tm.tm_year + 1900) / 100)};
        expect_time(bytes);
    }
}

/* "SET": the time is held and may be written; Linux resets the divider too, and then "the first
 * update is 500 ms later". */
static void linux_sets_the_time(void **state) {
    (void)state;
    put(0x0b, 0x82);
    put(0x0a, 0x76);
    put(0x00, 0x58);
    put(0x02, 0x59);
    put(0x04, 0x23);
    put(0x07, 0x31);
    put(0x08, 0x12);
    put(0x09, 0x99);
    put(0x32, 0x20);
    now_ns += 100 * SECOND;
    assert_int_equal(get(0), 0x58);
    put(0x0b, 0x02);
    now_ns += 100 * SECOND;
    assert_int_equal(get(0), 0x58); /* the divider is still in reset */
    put(0x0a, 0x26);
    now_ns += 500 * MS - 1;
    assert_int_equal(get(0), 0x58);
    now_ns += 1;
    assert_int_equal(get(0), 0x59);
    now_ns += SECOND; /* 2100 begins, on a Friday (6), and is no leap year */
    expect_time((const uint8_t[]){0x00, 0x00, 0x00, 6, 0x01, 0x01, 0x00, 0x21});
    now_ns += 59 * 86400 * SECOND;
    expect_time((const uint8_t[]){0x00, 0x00, 0x00, 2, 0x01, 0x03, 0x00, 0x21});
}

static void a_running_clock_can_be_written(void **state) {
    (void)state;
    put(0x02, 0x30);
    now_ns += 500 * MS;
    expect_time((const uint8_t[]){0x00, 0x31, 0x23, 3, 0x29, 0x02, 0x00, 0x20});
}

/* Impossible values are carried over; nothing breaks. */
static void nonsense_is_normalised(void **state) {
    (void)state;
    put(0x08, 0x00); /* month 0 of 2000: December 1999 has a 29th */
    expect_time((const uint8_t[]){0x59, 0x59, 0x23, 4, 0x29, 0x12, 0x99, 0x19});
    for (unsigned i = 0; i < 256; i++) {
        put(0x07, (uint8_t)i);
        put(0x09, (uint8_t)(i * 7));
        put(0x32, (uint8_t)(255 - i));
        uint8_t day = get(0x07);
        assert_true((day & 15) <= 9 && day >= 0x01 && day <= 0x31);
    }
}

/* "UIP": the update cycle begins 244 us later. SET clears it. */
static void update_in_progress(void **state) {
    (void)state;
    assert_int_equal(get(0x0a), 0x26);
    now_ns += 500 * MS - 244001;
    assert_int_equal(get(0x0a), 0x26);
    now_ns += 1;
    assert_int_equal(get(0x0a), 0xa6);
    put(0x0a, 0xa6); /* UIP is read-only */
    put(0x0b, 0x82);
    assert_int_equal(get(0x0a), 0x26);
    put(0x0b, 0x02);
    now_ns += 244000;
    assert_int_equal(get(0x0a), 0x26);
}

/* "Register C": IRQF, PF, AF, UF; reading clears them all. */
static void the_update_interrupt(void **state) {
    (void)state;
    assert_true(rtc_next(&rtc) == CLOCK_NEVER);
    put(0x0b, 0x12);
    uint64_t due = now_ns + 500 * MS;
    assert_int_equal(rtc_next(&rtc), due);
    rtc_run(&rtc, due - 1);
    assert_false(irq);
    rtc_run(&rtc, due);
    assert_true(irq);
    assert_true(rtc_next(&rtc) == CLOCK_NEVER);
    now_ns = due + 10 * SECOND;
    assert_int_equal(get(0x0c) & 0x90, 0x90);
    assert_false(irq);
    assert_int_equal(get(0x0c), 0x00);
    assert_int_equal(rtc_next(&rtc), due + 11 * SECOND);
    put(0x0b, 0x92); /* "SET ... clears the UIE bit" */
    assert_int_equal(get(0x0b), 0x82);
}

/* Table 5, time base 32.768 kHz: periods in nanoseconds, rounded up. */
static void periodic_rates(void **state) {
    (void)state;
    static const uint64_t period_ns[16] = {0,        3906250,   7812500,   122071,
                                           244141,   488282,    976563,    1953125,
                                           3906250,  7812500,   15625000,  31250000,
                                           62500000, 125000000, 250000000, 500000000};
    for (unsigned rate = 0; rate < 16; rate++) {
        start(0, 1000000000, 0);
        put(0x0a, (uint8_t)(0x20 | rate));
        put(0x0b, 0x42);
        if (rate == 0) {
            assert_true(rtc_next(&rtc) == CLOCK_NEVER);
            continue;
        }
        assert_int_equal(rtc_next(&rtc), period_ns[rate]);
        unsigned count = 0;
        while (rtc_next(&rtc) <= SECOND) {
            now_ns = rtc_next(&rtc);
            rtc_run(&rtc, now_ns);
            assert_true(irq);
            assert_int_equal(get(0x0c) & 0xc0, 0xc0);
            count++;
        }
        static const unsigned hertz[16] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                           256, 128, 64,  32,   16,   8,    4,    2};
        assert_int_equal(count, hertz[rate]);
    }
}

/* "Alarm": a byte with bits 7 and 6 set is don't care. */
static void alarms(void **state) {
    (void)state;
    static const struct {
        uint8_t seconds, minutes, hours;
        uint64_t after; /* seconds from 23:59:59, 0: never */
    } rows[] = {
        {0x00, 0x00, 0x00, 1    },
        {0x59, 0x59, 0x23, 86400},
        {0x58, 0x59, 0x23, 86399},
        {0xff, 0xff, 0xff, 1    },
        {0x10, 0xc0, 0xc0, 11   },
        {0x59, 0xff, 0xff, 60   },
        {0x30, 0x15, 0xff, 931  },
        {0x00, 0x00, 0x12, 43201},
        {0xff, 0x00, 0x12, 43201},
        {0xff, 0xff, 0x12, 43201},
        {0x60, 0x00, 0x00, 0    },
        {0x00, 0x5a, 0x00, 0    },
        {0x00, 0x00, 0x24, 0    },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reset(state);
        put(0x01, rows[i].seconds);
        put(0x03, rows[i].minutes);
        put(0x05, rows[i].hours);
        put(0x0b, 0x22);
        if (rows[i].after == 0) {
            assert_true(rtc_next(&rtc) == CLOCK_NEVER);
            rtc_run(&rtc, now_ns + 200000 * SECOND);
            assert_false(irq);
            continue;
        }
        uint64_t due = now_ns - 500 * MS + rows[i].after * SECOND;
        assert_int_equal(rtc_next(&rtc), due);
        rtc_run(&rtc, due - 1);
        assert_false(irq);
        now_ns = due;
        rtc_run(&rtc, due);
        assert_true(irq);
        assert_int_equal(get(0x0c) & 0xa0, 0xa0);
    }
}

/* Every alarm that next names is the first second at which the bytes agree. */
static void alarms_agree_with_a_search(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    for (unsigned i = 0; i < 200; i++) {
        start(0, 1000000000ull + vmm_random_below(&random, 86400), 0);
        uint8_t format = (uint8_t)(vmm_random_below(&random, 4) << 1);
        put(0x0b, format);
        uint8_t alarm[3];
        for (unsigned part = 0; part < 3; part++) {
            bool any = vmm_random_below(&random, 2) == 0;
            now_ns += vmm_random_below(&random, 86400) * SECOND;
            alarm[part] = any ? 0xff : get((uint8_t)(2 * part));
            put((uint8_t)(2 * part + 1), alarm[part]);
        }
        put(0x0b, format | 0x20);
        uint64_t due = rtc_next(&rtc);
        if (irq) {
            continue;
        }
        unsigned seconds = 0;
        bool match;
        do {
            now_ns += SECOND;
            seconds++;
            match = true;
            for (unsigned part = 0; part < 3; part++) {
                rtc_write(&rtc, 0x70, (uint8_t)(2 * part), now_ns);
                uint8_t byte = rtc_read(&rtc, 0x71, now_ns);
                match = match && (alarm[part] == 0xff || alarm[part] == byte);
            }
            assert_int_equal(irq, match);
        } while (!match && seconds < 86401);
        assert_int_equal(now_ns, due);
    }
}

/* Register D: VRT. CMOS: the AT's places for memory sizes. */
static void cmos_bytes(void **state) {
    (void)state;
    assert_int_equal(get(0x0d), 0x80);
    put(0x0d, 0x00);
    assert_int_equal(get(0x0d), 0x80);
    put(0x0f, 0x5a);
    assert_int_equal(get(0x8f), 0x5a); /* bit 7 of the index is the NMI mask */
    assert_int_equal(rtc_read(&rtc, 0x70, now_ns), 0xff);
    rtc_set_memory(&rtc, 256ull << 20, 3ull << 30);
    assert_int_equal(get(0x15) | get(0x16) << 8, 640);
    assert_int_equal(get(0x17) | get(0x18) << 8, 0xffff); /* 255 MiB in KiB does not fit */
    assert_int_equal(get(0x30) | get(0x31) << 8, 0xffff);
    assert_int_equal(get(0x34) | get(0x35) << 8, 240 * 16);
    assert_int_equal(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, 3 * 1024 * 16);
    rtc_set_memory(&rtc, 8ull << 20, 0);
    assert_int_equal(get(0x17) | get(0x18) << 8, 7 * 1024);
    assert_int_equal(get(0x34) | get(0x35) << 8, 0);
    rtc_set_byte(&rtc, 0x0b, 0xff);
    assert_int_equal(get(0x0b), 0x02);
    rtc_set_byte(&rtc, 0xff, 0xff);
}

static void any_sequence_keeps_the_invariants(void **state) {
    (void)state;
    static struct io_bus bus;
    struct vmm_random random = vmm_random_start();
    bus_io_init(&bus);
    assert_true(rtc_attach(&rtc, &bus));
    for (unsigned i = 0; i < 300000; i++) {
        uint64_t r = vmm_random_next(&random);
        uint8_t index = (uint8_t)(r & 1 ? r >> 8 & 15 : r >> 8);
        bus_io_write(&bus, 0x70, 1, index);
        switch (vmm_random_below(&random, 4)) {
        case 0: (void)bus_io_read(&bus, 0x70, 1u << (r >> 16 & 1)); break;
        case 1: (void)bus_io_read(&bus, 0x71, 1u << (r >> 16 & 1)); break;
        case 2: bus_io_write(&bus, (uint16_t)(0x6f + (r >> 16 & 3)), 4, (uint32_t)(r >> 20)); break;
        default: bus_io_write(&bus, 0x71, 1, (uint32_t)(r >> 20)); break;
        }
        now_ns += r >> 20 >> vmm_random_below(&random, 44);
        rtc_run(&rtc, now_ns);
        assert_true(rtc_next(&rtc) > now_ns);
        assert_true(rtc.phase < SECOND && rtc.index < 128);
        assert_true(((rtc.cmos[0x0c] & 0x80) != 0) == irq);
        if (i % 16 == 0) { /* the deadline is the first moment of the line's rise */
            uint64_t due = rtc_next(&rtc);
            if (due != CLOCK_NEVER) {
                rtc_run(&rtc, due - 1);
                assert_false(irq);
                now_ns = due;
                rtc_run(&rtc, due);
                assert_true(irq);
            }
        }
        if (now_ns > UINT64_MAX / 2) {
            reset(state);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_time_of_day, reset),
        cmocka_unit_test_setup(the_formats, reset),
        cmocka_unit_test_setup(the_calendar, reset),
        cmocka_unit_test_setup(linux_sets_the_time, reset),
        cmocka_unit_test_setup(a_running_clock_can_be_written, reset),
        cmocka_unit_test_setup(nonsense_is_normalised, reset),
        cmocka_unit_test_setup(update_in_progress, reset),
        cmocka_unit_test_setup(the_update_interrupt, reset),
        cmocka_unit_test_setup(periodic_rates, reset),
        cmocka_unit_test_setup(alarms, reset),
        cmocka_unit_test_setup(alarms_agree_with_a_search, reset),
        cmocka_unit_test_setup(cmos_bytes, reset),
        cmocka_unit_test_setup(any_sequence_keeps_the_invariants, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
