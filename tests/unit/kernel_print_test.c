/* Formatted text. What is expected is what C17 7.21.6.1 says of the same directives. */
/* units: kernel/print.c */
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "kernel/print.h"

#define CHECK(...)                                                  \
    do {                                                            \
        char expected[64], got[64];                                 \
        snprintf(expected, sizeof expected, __VA_ARGS__);           \
        size_t length = print_format(got, sizeof got, __VA_ARGS__); \
        assert_string_equal(got, expected);                         \
        assert_int_equal(length, strlen(expected));                 \
    } while (0)

static void agrees_with_the_c_library(void **state) {
    (void)state;
    CHECK("plain");
    CHECK("%%");
    CHECK("%s|%8s|%-8s|", "abc", "abc", "abc");
    CHECK("%.2s|%.9s", "abc", "abc");
    CHECK("%c%c", 'x', 'y');
    CHECK("%d %d %d", 0, INT_MIN, INT_MAX);
    CHECK("%ld %lu", LONG_MIN, ULONG_MAX);
    CHECK("%u %5u %-5u| %05u", 7u, 7u, 7u, 7u);
    CHECK("%05d %5d", -42, -42);
    CHECK("%x %lx %016lx", 0xabcu, ULONG_MAX, 0x1234ul);
    CHECK("%zu", sizeof(long));
    CHECK("%p", (void *)0xdeadbeef);
}

static void never_writes_past_the_end(void **state) {
    (void)state;
    char buffer[9];
    for (size_t size = 0; size < sizeof buffer; size++) {
        memset(buffer, '#', sizeof buffer);
        size_t length = print_format(buffer, size, "%s%d", "abc", 123456);
        assert_int_equal(length, size == 0 ? 0 : size - 1);
        assert_int_equal(buffer[size], '#');
        if (size > 0)
            assert_memory_equal(buffer, "abc123456", size - 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(never_writes_past_the_end),
    };
    return cmocka_run_group_tests_name("kernel/print", tests, NULL, NULL);
}
