/*
 * UTF-8 from and to UTF-16 (The Unicode Standard, 3.9), and formatted text.
 */
/* units: boot/text.c boot/format.c */
#include "boot/format.h"
#include "boot/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* One, two, three and four bytes: A, U+00DC, U+20AC, U+1F6A2 */
static const char utf8[] = "A\xc3\x9c\xe2\x82\xac\xf0\x9f\x9a\xa2";
static const uint16_t utf16[] = {'A', 0xdc, 0x20ac, 0xd83d, 0xdea2, 0};

static void test_both_ways(void **state) {
    (void)state;
    char narrow[16];
    uint16_t wide[8];
    assert_int_equal(text_from_utf16(narrow, sizeof(narrow), utf16), 10);
    assert_string_equal(narrow, utf8);
    assert_int_equal(text_to_utf16(wide, 8, utf8), 5);
    assert_memory_equal(wide, utf16, sizeof(utf16));
}

static void test_no_character_is_cut(void **state) {
    (void)state;
    static const size_t whole[] = {0, 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t size = 1; size < sizeof(whole) / sizeof(whole[0]); size++) {
        char narrow[16];
        memset(narrow, 'x', sizeof(narrow));
        assert_int_equal(text_from_utf16(narrow, size, utf16), 10);
        assert_int_equal(strlen(narrow), whole[size]);
        assert_memory_equal(narrow, utf8, whole[size]);
    }
    uint16_t wide[5];
    assert_int_equal(text_to_utf16(wide, 5, utf8), 5);
    assert_int_equal(wide[3], 0);
    assert_int_equal(text_to_utf16(wide, 0, utf8), 5);
    assert_int_equal(text_from_utf16(NULL, 0, utf16), 10);
}

static void test_bad_utf16(void **state) {
    (void)state;
    static const uint16_t bad[] = {0xd800, 'a', 0xdc00, 'b', 0xdbff, 0};
    char narrow[16];
    text_from_utf16(narrow, sizeof(narrow), bad);
    assert_string_equal(narrow, "\xef\xbf\xbd"
                                "a"
                                "\xef\xbf\xbd"
                                "b"
                                "\xef\xbf\xbd");
}

static void test_bad_utf8(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint16_t first;
    } bad[] = {
        {"\x80",             0xfffd}, /* a continuation alone */
        {"\xc0\x80",         0xfffd}, /* NUL in two bytes */
        {"\xe0\x80\xaf",     0xfffd}, /* overlong */
        {"\xed\xa0\x80",     0xfffd}, /* a surrogate */
        {"\xf4\x90\x80\x80", 0xfffd}, /* above U+10FFFF */
        {"\xe2\x82",         0xfffd}, /* cut */
        {"\xff",             0xfffd},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint16_t wide[8];
        text_to_utf16(wide, 8, bad[i].text);
        assert_int_equal(wide[0], bad[i].first);
    }
    uint16_t wide[8];
    assert_int_equal(text_to_utf16(wide, 8, "\xe2\x82z"), 2); /* what follows is not lost */
    assert_int_equal(wide[1], 'z');
}

static size_t print(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static size_t print(char *out, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text(out, size, format, arguments);
    va_end(arguments);
    return length;
}

static void test_format(void **state) {
    (void)state;
    char out[64];
    assert_int_equal(print(out, sizeof(out), "%s %c%% %u %x", "text", 'c', 0u, 0xbeefu), 14);
    assert_string_equal(out, "text c% 0 beef");
    print(out, sizeof(out), "%lu %lx %u", UINT64_MAX, 0x8000000000000000ul, 4294967295u);
    assert_string_equal(out, "18446744073709551615 8000000000000000 4294967295");
}

static void test_format_cuts(void **state) {
    (void)state;
    char out[4] = "xxx";
    assert_int_equal(print(out, sizeof(out), "%u", 12345u), 5);
    assert_string_equal(out, "123");
    assert_int_equal(print(out, 1, "abc"), 3);
    assert_string_equal(out, "");
    assert_int_equal(print(out, 0, "abc"), 3);
}

static void test_sizes(void **state) {
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } known[] = {
        {0,             "0 KiB"             },
        {1,             "1 KiB"             },
        {1024,          "1 KiB"             },
        {1025,          "2 KiB"             },
        {(1 << 20) - 1, "1024 KiB"          },
        {1 << 20,       "1 MiB"             },
        {(3 << 19) - 1, "1 MiB"             },
        {3 << 19,       "2 MiB"             },
        {36ull << 20,   "36 MiB"            },
        {UINT64_MAX,    "17592186044416 MiB"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char out[FORMAT_SIZE_LENGTH];
        assert_string_equal(format_size(out, known[i].bytes), known[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways), cmocka_unit_test(test_no_character_is_cut),
        cmocka_unit_test(test_bad_utf16), cmocka_unit_test(test_bad_utf8),
        cmocka_unit_test(test_format),    cmocka_unit_test(test_format_cuts),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests_name("boot/text", tests, NULL, NULL);
}
