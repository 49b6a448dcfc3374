/* units: */
/*
 * tools/abi/generate: what it makes of the system-call table, and what it says about a faulty one.
 * Numbers and signatures are written out by hand from the table: the ABI has to be changed twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/syscall_numbers.h"
#include "abi/syscall_table.h"
#include "abi/syscalls.h"

static uint64_t last_number;
static uint64_t last_argument[6];

int64_t fake_syscall(uint64_t number, const uint64_t argument[6]) {
    last_number = number;
    memcpy(last_argument, argument, sizeof(last_argument));
    return -STATUS_NOT_YET;
}

struct row {
    unsigned number;
    const char *name;
    int argument_count; /* -1: later */
};

#define NOW_ROW(number, name, argument_count) {number, #name, argument_count},
#define LATER_ROW(number, name)               {number, #name, -1},
static const struct row rows[] = {SYSCALL_TABLE(NOW_ROW, LATER_ROW)};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct row *find(const char *name) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    fail_msg("no call %s", name);
    return NULL;
}

static void table_has_numbers_and_argument_counts(void **state) {
    (void)state;
    assert_int_equal(SYS_null, 0);
    assert_int_equal(SYS_handle_duplicate, 1);
    assert_int_equal(SYS_guest_enter, 98);
    assert_int_equal(find("handle_duplicate")->number, 1);
    assert_int_equal(find("handle_duplicate")->argument_count, 3);
    assert_int_equal(find("space_map")->argument_count, 6);
    assert_int_equal(find("clock_get")->argument_count, 0);
    assert_int_equal(find("endpoint_call")->argument_count, -1);
    for (size_t i = 1; i < ROW_COUNT; i++)
        assert_true(rows[i - 1].number < rows[i].number);
    assert_int_equal(SYS_COUNT, rows[ROW_COUNT - 1].number + 1);
}

/* The assignments compile only if the stubs have exactly these types. */
static void stubs_have_the_table_s_types(void **state) {
    (void)state;
    int64_t (*create)(handle_t, const struct partition_config *) = sys_partition_create;
    int64_t (*map)(handle_t, handle_t, uint64_t, uint64_t, uint64_t, uint32_t) = sys_space_map;
    int64_t (*pin)(handle_t, const uint64_t *, uint32_t) = sys_thread_pin;
    int64_t (*random)(char *, uint64_t) = sys_system_random;
    int64_t (*write)(const char *, uint64_t) = sys_log_write;
    int64_t (*clock)(void) = sys_clock_get;
    assert_non_null(create);
    assert_non_null(map);
    assert_non_null(pin);
    assert_non_null(random);
    assert_non_null(write);
    assert_non_null(clock);
}

static void arguments_keep_their_order(void **state) {
    (void)state;
    assert_int_equal(sys_space_map(1, 2, 3, 4, 5, 6), -2);
    assert_int_equal(last_number, 41);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(last_argument[i], i + 1);
}

/* Runs the generator on a table; the first line that it prints, and whether it succeeded. */
static int generate(const char *table, char *message, size_t size) {
    char directory[] = "/tmp/abi-test-XXXXXX";
    char path[64];
    char command[512];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/calls.tbl", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(table, file);
    fclose(file);
    snprintf(
        command, sizeof(command),
        "cd %s && '%s/tools/abi/generate' calls.tbl --types '%s/kernel/abi/types.h' --output out "
        "--reference out/R.md 2>&1",
        directory, getenv("PWD"), getenv("PWD"));
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    message[0] = 0;
    if (fgets(message, (int)size, pipe) == NULL)
        message[0] = 0;
    int status = pclose(pipe);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    assert_int_equal(system(command), 0);
    return status;
}

static void faults_are_named_with_their_line(void **state) {
    (void)state;
    static const struct {
        const char *table;
        const char *message;
    } cases[] = {
        {"# nothing\n",                                                               "calls.tbl:2: the table has no call"            },
        {"call 1 a()\n  now\n",                                                       "calls.tbl:1: a has no text"                    },
        {"call 1 a()\n",                                                              "calls.tbl:1: a says neither"                   },
        {"call 1 a()\n  now\n  | x\n\ncall 1 b()\n  now\n  | x\n",
         "calls.tbl:5: number 1 does not follow 1"                                                                                    },
        {"call 1 a()\n  now\n  | x\n\ncall 2 a()\n  now\n  | x\n",
         "calls.tbl:5: a is already defined in line 1"                                                                                },
        {"call 1 a(int x)\n  now\n  | x\n",                                           "calls.tbl:1: unknown type of argument: 'int x'"},
        {"call 1 a(u32 x, u32 x)\n  now\n  | x\n",                                    "calls.tbl:1: two arguments are called x"       },
        {"call 1 a(u32 a, u32 b, u32 c, u32 d, u32 e, u32 f, u32 g)\n  now\n  | x\n",
         "calls.tbl:1: 7 arguments"                                                                                                   },
        {"call 1 a(text x)\n  now\n  | x\n",                                          "calls.tbl:1: `text x` must be followed"        },
        {"call 1 a()\n  errors  NO_SUCH\n  now\n  | x\n",                             "calls.tbl:2: no such error: NO_SUCH"           },
        {"call 1 a()\n  rights  x: FLY\n  now\n  | x\n",                              "calls.tbl:2: no such right: FLY"               },
        {"call 1 a()\n  now\n  later\n  | x\n",                                       "calls.tbl:3: `now` or `later` comes once"      },
        {"call 1 a()\n  soon\n",                                                      "calls.tbl:2: expected rights"                  },
        {"call x a()\n",                                                              "calls.tbl:1: expected: call NUMBER"            },
        {"cal 1 a()\n",                                                               "calls.tbl:1: not a line of this table"         },
    };
    char message[256];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_not_equal(generate(cases[i].table, message, sizeof(message)), 0);
        if (strncmp(message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("expected \"%s...\", got \"%s\"", cases[i].message, message);
    }
}

static void a_good_table_is_silent(void **state) {
    (void)state;
    char message[256];
    assert_int_equal(
        generate("call 0 a(text x, u64 length) -> y\n  rights  x: READ\n  errors  QUOTA; "
                 "INVALID: why\n  later\n  | x\n",
                 message, sizeof(message)),
        0);
    assert_string_equal(message, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_has_numbers_and_argument_counts),
        cmocka_unit_test(stubs_have_the_table_s_types),
        cmocka_unit_test(arguments_keep_their_order),
        cmocka_unit_test(faults_are_named_with_their_line),
        cmocka_unit_test(a_good_table_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
