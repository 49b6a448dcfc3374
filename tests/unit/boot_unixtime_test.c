/*
 * Calendar time to Unix time. Expected values are those of GNU date.
 */
/* units: boot/unixtime.c */
#include "boot/unixtime.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const int64_t second = 1000000000;

static void test_known_dates(void **state) {
    (void)state;
    static const struct {
        struct unixtime_calendar calendar;
        int64_t seconds;
    } known[] = {
        {{1970, 1, 1, 0, 0, 1, 0, 0},      1         },
        {{1999, 12, 31, 23, 59, 59, 0, 0}, 946684799 },
        {{2000, 2, 29, 12, 0, 0, 0, 0},    951825600 },
        {{2000, 3, 1, 0, 0, 0, 0, 0},      951868800 },
        {{2001, 9, 9, 1, 46, 40, 0, 0},    1000000000},
        {{2024, 2, 29, 0, 0, 0, 0, 0},     1709164800},
        {{2038, 1, 19, 3, 14, 8, 0, 0},    2147483648},
        {{2100, 3, 1, 0, 0, 0, 0, 0},      4107542400},
        {{2261, 12, 31, 23, 59, 59, 0, 0}, 9214646399},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_int_equal(unixtime_from_calendar(&known[i].calendar), known[i].seconds * second);
    }
}

static void test_nanoseconds(void **state) {
    (void)state;
    const struct unixtime_calendar c = {2001, 9, 9, 1, 46, 40, 999999999, 0};
    assert_int_equal(unixtime_from_calendar(&c), 1000000000 * second + 999999999);
}

/* UEFI's own example: 12:00 in PST, TimeZone 480, is 20:00 UTC. */
static void test_time_zones(void **state) {
    (void)state;
    const struct unixtime_calendar utc = {2024, 1, 15, 20, 0, 0, 0, 0};
    const struct unixtime_calendar pst = {2024, 1, 15, 12, 0, 0, 0, 480};
    const struct unixtime_calendar ist = {2024, 1, 16, 1, 30, 0, 0, -330};
    assert_int_equal(unixtime_from_calendar(&pst), unixtime_from_calendar(&utc));
    assert_int_equal(unixtime_from_calendar(&ist), unixtime_from_calendar(&utc));
}

static void test_what_does_not_exist(void **state) {
    (void)state;
    static const struct unixtime_calendar bad[] = {
        {0,    0,  0,  0,  0,  0,  0,          0    },
        {1969, 12, 31, 23, 59, 59, 0,          0    },
        {2262, 1,  1,  0,  0,  0,  0,          0    },
        {2024, 0,  1,  0,  0,  0,  0,          0    },
        {2024, 13, 1,  0,  0,  0,  0,          0    },
        {2024, 1,  0,  0,  0,  0,  0,          0    },
        {2024, 4,  31, 0,  0,  0,  0,          0    },
        {2023, 2,  29, 0,  0,  0,  0,          0    },
        {2100, 2,  29, 0,  0,  0,  0,          0    },
        {2024, 1,  1,  24, 0,  0,  0,          0    },
        {2024, 1,  1,  0,  60, 0,  0,          0    },
        {2024, 1,  1,  0,  0,  60, 0,          0    },
        {2024, 1,  1,  0,  0,  0,  1000000000, 0    },
        {2024, 1,  1,  0,  0,  0,  0,          1441 },
        {2024, 1,  1,  0,  0,  0,  0,          -1441},
        {1970, 1,  1,  0,  0,  0,  0,          -60  }, /* before the epoch once in UTC */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(unixtime_from_calendar(&bad[i]), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_dates),
        cmocka_unit_test(test_nanoseconds),
        cmocka_unit_test(test_time_zones),
        cmocka_unit_test(test_what_does_not_exist),
    };
    return cmocka_run_group_tests_name("boot/unixtime", tests, NULL, NULL);
}
