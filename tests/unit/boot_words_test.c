/*
 * The kernel's command line from the file and from EFI load options.
 */
/* units: boot/words.c */
#include "boot/words.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

enum { SIZE = 16 };

static char text[SIZE];
static struct words_line line;

static int start(void **state) {
    (void)state;
    memset(text, 0, sizeof(text));
    line = (struct words_line){.text = text, .size = SIZE, .length = 0};
    return 0;
}

static bool append_line(const char *file) {
    return words_append_first_line(&line, file, strlen(file));
}

static bool append_options(const char *ascii) {
    uint8_t wide[2 * 64] = {0};
    size_t count = strlen(ascii) + 1;
    for (size_t i = 0; i < count; i++) {
        wide[2 * i] = (uint8_t)ascii[i];
    }
    return words_append_load_options(&line, wide, 2 * count);
}

static void test_first_line_only(void **state) {
    (void)state;
    assert_true(append_line("a=1 b\nsecond\n"));
    assert_string_equal(text, "a=1 b");
    start(NULL);
    assert_true(append_line("dos\r\nsecond"));
    assert_string_equal(text, "dos");
    start(NULL);
    assert_true(append_line("\nsecond"));
    assert_string_equal(text, "");
    assert_true(words_append_first_line(&line, "", 0));
    assert_string_equal(text, "");
}

static void test_marks_and_spaces(void **state) {
    (void)state;
    assert_true(append_line("\xef\xbb\xbf  marked  \n"));
    assert_string_equal(text, "marked");
}

static void test_line_that_fits_exactly(void **state) {
    (void)state;
    assert_true(append_line("123456789012345"));
    assert_int_equal(line.length, 15);
    start(NULL);
    assert_false(append_line("1234567890123456"));
    assert_string_equal(text, "");
    assert_int_equal(line.length, 0);
}

static void test_options_are_appended(void **state) {
    (void)state;
    assert_true(append_line("one"));
    assert_true(append_options("two"));
    assert_string_equal(text, "one two");
    assert_false(append_options("12345678"));
    assert_string_equal(text, "one two");
    assert_true(append_options("1234567"));
    assert_string_equal(text, "one two 1234567");
}

static void test_options_in_bytes(void **state) {
    (void)state;
    assert_true(words_append_load_options(&line, "odd", 3));
    assert_string_equal(text, "odd");
    start(NULL);
    assert_true(words_append_load_options(&line, "even", 5)); /* with its NUL */
    assert_string_equal(text, "even");
}

static void test_shells_give_the_program_name(void **state) {
    (void)state;
    assert_true(append_options("FS0:\\X.EFI a b"));
    assert_string_equal(text, "a b");
    start(NULL);
    assert_true(append_options("bootx64.efi"));
    assert_string_equal(text, "");
    start(NULL);
    assert_true(append_options("a x.efi")); /* only the first word is the program */
    assert_string_equal(text, "a x.efi");
}

/* The GUID that edk2's boot manager attaches to the options which it makes itself. */
static void test_binary_options_are_not_ours(void **state) {
    (void)state;
    static const uint8_t guid[16] = {0x4e, 0xac, 0x08, 0x81, 0x11, 0x9f, 0x59, 0x4d,
                                     0x85, 0x0e, 0xe2, 0x1a, 0x52, 0x2c, 0x59, 0xb2};
    assert_true(words_append_load_options(&line, guid, sizeof(guid)));
    assert_string_equal(text, "");
    assert_true(words_append_load_options(&line, "a\tb", 3));
    assert_string_equal(text, "");
    assert_true(words_append_load_options(&line, "a\0\0\0b", 6)); /* NUL in the middle */
    assert_string_equal(text, "");
    assert_true(words_append_load_options(&line, NULL, 0));
    assert_string_equal(text, "");
    assert_true(words_append_load_options(&line, "\0\0\0", 4));
    assert_string_equal(text, "");
}

static void test_contain(void **state) {
    (void)state;
    assert_true(words_contain("lock-vmx-off", "lock-vmx-off"));
    assert_true(words_contain("a lock-vmx-off b", "lock-vmx-off"));
    assert_true(words_contain("a  b", "b"));
    assert_false(words_contain("lock-vmx-offf", "lock-vmx-off"));
    assert_false(words_contain("xlock-vmx-off", "lock-vmx-off"));
    assert_false(words_contain("lock-vmx", "lock-vmx-off"));
    assert_false(words_contain("", "a"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_first_line_only, start),
        cmocka_unit_test_setup(test_marks_and_spaces, start),
        cmocka_unit_test_setup(test_line_that_fits_exactly, start),
        cmocka_unit_test_setup(test_options_are_appended, start),
        cmocka_unit_test_setup(test_options_in_bytes, start),
        cmocka_unit_test_setup(test_shells_give_the_program_name, start),
        cmocka_unit_test_setup(test_binary_options_are_not_ours, start),
        cmocka_unit_test(test_contain),
    };
    return cmocka_run_group_tests_name("boot/words", tests, NULL, NULL);
}
