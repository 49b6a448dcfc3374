/* units: guests/manager/line_editor.c */
/* The prompt's line editor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/manager/line_editor.h"

static struct line_editor editor;
static char shown[4096];

/* Feeds a string; returns the last byte's result, and what was shown is in shown. */
static enum line_editor_result feed(const char *bytes, size_t length) {
    enum line_editor_result result = LINE_EDITOR_MORE;
    shown[0] = 0;
    for (size_t i = 0; i < length; i++) {
        char echo[LINE_EDITOR_ECHO_SIZE];
        memset(echo, 'x', sizeof(echo));
        result = line_editor_feed(&editor, (uint8_t)bytes[i], echo);
        assert_true(strnlen(echo, sizeof(echo)) < sizeof(echo));
        strncat(shown, echo, sizeof(shown) - strlen(shown) - 1);
    }
    return result;
}

#define FEED(text) feed(text, sizeof(text) - 1)

static int fresh(void **state) {
    (void)state;
    memset(&editor, 0, sizeof(editor));
    return 0;
}

static void a_line_ends_with_return_or_line_feed(void **state) {
    (void)state;
    assert_int_equal(FEED("list\r"), LINE_EDITOR_DONE);
    assert_string_equal(editor.line, "list");
    assert_string_equal(shown, "list\n");
    line_editor_clear(&editor);
    /* The line feed behind the return is no second line. */
    assert_int_equal(FEED("\n"), LINE_EDITOR_MORE);
    assert_int_equal(FEED("help\n"), LINE_EDITOR_DONE);
    assert_string_equal(editor.line, "help");
    line_editor_clear(&editor);
    assert_int_equal(FEED("\n"), LINE_EDITOR_DONE);
    assert_string_equal(editor.line, "");
}

static void backspace_and_delete_rub_out(void **state) {
    (void)state;
    FEED("ab\x7f");
    assert_string_equal(shown, "ab\b \b");
    assert_string_equal(editor.line, "a");
    FEED("\b\b\b");
    assert_string_equal(shown, "\b \b");
    assert_string_equal(editor.line, "");
}

static void control_u_w_and_c(void **state) {
    (void)state;
    FEED("stop linux  \x17");
    assert_string_equal(editor.line, "stop ");
    FEED("\x15");
    assert_string_equal(editor.line, "");
    assert_string_equal(shown, "\b \b\b \b\b \b\b \b\b \b");
    assert_int_equal(FEED("abc\x03"), LINE_EDITOR_CANCELLED);
    assert_string_equal(editor.line, "");
    assert_string_equal(shown, "abc^C\n");
}

static void keys_of_terminals_do_nothing(void **state) {
    (void)state;
    FEED("a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1b[3~e");
    assert_string_equal(editor.line, "abcde");
    assert_string_equal(shown, "abcde");
    /* A sequence that is broken off by a control character does not swallow it. */
    assert_int_equal(FEED("\x1b[1\r"), LINE_EDITOR_DONE);
    assert_string_equal(editor.line, "abcde");
}

static void a_full_line_rings(void **state) {
    (void)state;
    for (unsigned i = 0; i < LINE_EDITOR_SIZE - 1; i++)
        FEED("x");
    assert_int_equal(strlen(editor.line), LINE_EDITOR_SIZE - 1);
    FEED("y");
    assert_string_equal(shown, "\a");
    assert_int_equal(strlen(editor.line), LINE_EDITOR_SIZE - 1);
    FEED("\x15");
    assert_int_equal(strlen(shown), 3 * (LINE_EDITOR_SIZE - 1));
}

static void other_bytes_are_not_taken(void **state) {
    (void)state;
    FEED("\x02");
    assert_string_equal(shown, "\a");
    feed("\0", 1);
    assert_string_equal(shown, "");
    FEED("\xff\x80");
    assert_string_equal(editor.line, "");
}

static void noise_is_survived(void **state) {
    (void)state;
    uint32_t random = 3;
    for (unsigned i = 0; i < 200000; i++) {
        random = random * 1664525 + 1013904223;
        char byte = (char)(random >> 24);
        if (feed(&byte, 1) != LINE_EDITOR_MORE)
            line_editor_clear(&editor);
        assert_true(editor.length < LINE_EDITOR_SIZE);
        assert_int_equal(editor.line[editor.length], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_ends_with_return_or_line_feed, fresh),
        cmocka_unit_test_setup(backspace_and_delete_rub_out, fresh),
        cmocka_unit_test_setup(control_u_w_and_c, fresh),
        cmocka_unit_test_setup(keys_of_terminals_do_nothing, fresh),
        cmocka_unit_test_setup(a_full_line_rings, fresh),
        cmocka_unit_test_setup(other_bytes_are_not_taken, fresh),
        cmocka_unit_test_setup(noise_is_survived, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
