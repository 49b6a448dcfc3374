/* units: guests/lib/start_info.c */
/* The start page: what creators write, and what programs believe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "guests/lib/start_info.h"

static struct start_info *page(void) {
    struct start_info *info = malloc(START_INFO_SIZE);
    assert_non_null(info);
    start_info_begin(info);
    return info;
}

static void what_is_added_is_found(void **state) {
    (void)state;
    struct start_info *info = page();
    assert_true(start_info_add_argument(info, "--memory=268435456"));
    assert_true(start_info_add_argument(info, ""));
    assert_true(start_info_add_environment(info, "A=b"));
    assert_true(start_info_add_handle(info, "kernel", 17, 4711));
    assert_true(start_info_is_valid(info));
    assert_int_equal(info->argc, 2);
    assert_string_equal(start_info_argument(info, 0), "--memory=268435456");
    assert_string_equal(start_info_argument(info, 1), "");
    assert_string_equal(start_info_environment(info, 0), "A=b");
    assert_int_equal(start_info_find(info, "kernel")->handle, 17);
    assert_int_equal(start_info_find(info, "kernel")->length, 4711);
    assert_null(start_info_find(info, "kern"));
    assert_null(start_info_find(info, "kernels"));
    free(info);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    struct start_info *info = page();
    char *huge = malloc(START_INFO_SIZE + 1);
    assert_non_null(huge);
    memset(huge, 'x', START_INFO_SIZE);
    huge[START_INFO_SIZE] = 0;
    assert_false(start_info_add_argument(info, huge));
    assert_false(start_info_add_handle(info, "a-name-of-24-characters.", 1, 0));
    assert_true(start_info_add_handle(info, "a-name-of-23-characters", 1, 0));
    for (unsigned i = 1; i < START_HANDLE_LIMIT; i++)
        assert_true(start_info_add_handle(info, "x", 1, 0));
    assert_false(start_info_add_handle(info, "x", 1, 0));
    for (unsigned i = 0; i < 64; i++)
        assert_true(start_info_add_argument(info, "y"));
    assert_false(start_info_add_argument(info, "y"));
    assert_true(start_info_is_valid(info));
    free(huge);
    free(info);
}

static void lies_are_found(void **state) {
    (void)state;
    for (unsigned lie = 0; lie < 8; lie++) {
        struct start_info *info = page();
        assert_true(start_info_add_argument(info, "one"));
        assert_true(start_info_is_valid(info));
        switch (lie) {
        case 0: info->magic++; break;
        case 1: info->version = 2; break;
        case 2: info->size = START_INFO_SIZE + 1; break;
        case 3: info->argv = info->size; break;
        case 4: info->argc = UINT32_MAX; break;
        case 5: *(uint32_t *)(void *)((uint8_t *)info + info->argv) = info->size; break;
        case 6: ((char *)info)[info->size - 1] = 'x'; break; /* no end of the string */
        case 7: info->handle_count = START_HANDLE_LIMIT + 1; break;
        default: break;
        }
        assert_false(start_info_is_valid(info));
        free(info);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_found),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(lies_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
