/* units: guests/manager/config_read.c guests/manager/config_check.c guests/manager/value.c
 * build/deps/src/inih/ini.c */
/* The configuration: what is read, and what is said about everything that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/manager/config.h"
#include "guests/manager/value.h"

static struct config config;

static void read_bytes(const char *bytes, size_t length) {
    /* Exactly as long as promised: the sanitizer sees a step behind it. */
    char *text = malloc(length + 1);
    assert_non_null(text);
    memcpy(text, bytes, length);
    config_read(&config, text, length);
    free(text);
}

static void read_text(const char *text) {
    read_bytes(text, strlen(text));
}

static const struct module_info modules[] = {
    {.name = "vmlinux",   .length = 100},
    {.name = "initramfs", .length = 100},
    {.name = "vmm",       .length = 100},
};

static void check_with(uint64_t memory) {
    struct config_computer computer = {
        .module = modules, .module_count = 3, .memory = memory, .cpu_count = 2};
    config_check(&config, &computer);
}

static void expect_diagnostic(uint32_t n, uint32_t line, const char *text) {
    if (n >= config.diagnostic_count)
        fail_msg("%u diagnostics only, expected \"%s\"", config.diagnostic_count, text);
    assert_int_equal(config.diagnostic[n].line, line);
    assert_string_equal(config.diagnostic[n].text, text);
}

static void expect_one(uint32_t line, const char *text) {
    expect_diagnostic(0, line, text);
    assert_int_equal(config.diagnostic_count, 1);
}

static void a_full_configuration_is_read(void **state) {
    (void)state;
    read_text("# a comment\n"
              "[system]\n"
              "when-empty = prompt   # behind a value\n"
              "mitigations = auto\n"
              "\n"
              "[machine linux]\r\n"
              "kernel = vmlinux\r\n"
              "initrd = initramfs\n"
              "cmdline = console=ttyS0,115200 root=/dev/ram0 a:b;c\n"
              "memory = 256M\n"
              "cpus = 1\n"
              "console = serial\n"
              "weight = 512\n"
              "cap = 50\n"
              "restart = on-failure\n"
              "[machine b.2_x-y]\n"
              "kernel=vmlinux\n"
              "after = linux\n"
              "console = none\n");
    check_with(2ull << 30);
    assert_int_equal(config.diagnostic_count, 0);
    assert_int_equal(config.when_empty, CONFIG_WHEN_EMPTY_PROMPT);
    assert_int_equal(config.machine_count, 2);
    const struct config_machine *linux_machine = &config.machine[0];
    assert_string_equal(linux_machine->name, "linux");
    assert_string_equal(linux_machine->kernel, "vmlinux");
    assert_string_equal(linux_machine->initrd, "initramfs");
    assert_string_equal(linux_machine->cmdline, "console=ttyS0,115200 root=/dev/ram0 a:b;c");
    assert_int_equal(linux_machine->memory, 256 << 20);
    assert_int_equal(linux_machine->cpus, 1);
    assert_int_equal(linux_machine->weight, 512);
    assert_int_equal(linux_machine->cap, 50);
    assert_int_equal(linux_machine->restart, CONFIG_RESTART_ON_FAILURE);
    assert_int_equal(linux_machine->console, CONFIG_CONSOLE_SERIAL);
    assert_false(linux_machine->is_faulty);
    assert_string_equal(config.machine[1].name, "b.2_x-y");
    assert_int_equal(config.machine[1].memory, 256 << 20);
    assert_int_equal(config.machine[1].weight, 256);
    assert_int_equal(config.machine[1].restart, CONFIG_RESTART_NEVER);
    assert_int_equal(config.machine[1].console, CONFIG_CONSOLE_NONE);
    assert_int_equal(config.machine[1].after, 1);
}

static void an_empty_file_has_the_defaults(void **state) {
    (void)state;
    read_text("");
    check_with(0);
    assert_int_equal(config.diagnostic_count, 0);
    assert_int_equal(config.machine_count, 0);
    assert_int_equal(config.when_empty, CONFIG_WHEN_EMPTY_SHUTDOWN);
}

static void unknown_keys_name_the_nearest(void **state) {
    (void)state;
    read_text("[machine a]\nkernel = vmlinux\nmemmory = 1G\n[system]\nwhenempty = prompt\n");
    assert_int_equal(config.diagnostic_count, 2);
    expect_diagnostic(0, 3, "unknown key memmory in [machine]; did you mean memory?");
    expect_diagnostic(1, 5, "unknown key whenempty in [system]; did you mean when-empty?");
    assert_true(config.machine[0].is_faulty);

    read_text("[machine a]\nkernel = vmlinux\ncolour = red\n");
    expect_one(3, "unknown key colour in [machine]; known are kernel, initrd, cmdline, modules, "
                  "boot, memory, cpus, console, weight, cap, restart, after, debug-exit");
}

static void keys_of_other_sections_are_explained(void **state) {
    (void)state;
    read_text("[machine a]\nkernel = k\nimage = x\n");
    expect_one(3, "image cannot be here: it belongs to a [container]");
    read_text("[machine a]\nkernel = k\nwhen-empty = prompt\n");
    expect_one(3, "when-empty cannot be here: it belongs to [system]");
}

static void modules_are_a_list(void **state) {
    (void)state;
    char name[MODULE_NAME_SIZE];
    read_text("[machine a]\nkernel = vmlinux\nmodules = initramfs \t root=1  two ,vmm,  vmlinux x\n"
              "boot = pvh\ndebug-exit = on\n");
    check_with(1ull << 30);
    assert_int_equal(config.diagnostic_count, 0);
    const struct config_machine *machine = &config.machine[0];
    assert_int_equal(machine->module_count, 3);
    assert_string_equal(machine->module[0], "initramfs root=1  two");
    assert_string_equal(machine->module[1], "vmm");
    assert_string_equal(machine->module[2], "vmlinux x");
    config_module_name(machine->module[0], name);
    assert_string_equal(name, "initramfs");
    assert_int_equal(machine->boot, CONFIG_BOOT_PVH);
    assert_true(machine->has_debug_exit);

    read_text("[machine a]\nkernel = vmlinux\ndebug-exit = off\n");
    assert_false(config.machine[0].has_debug_exit);
    assert_int_equal(config.machine[0].boot, CONFIG_BOOT_AUTO);
    assert_int_equal(config.machine[0].module_count, 0);
}

static void bad_modules_are_told(void **state) {
    (void)state;
    static const char *const bad[] = {
        "a, , b",
        "a,",
        ",",
        "",
        "../x y",
        "sub\\x",
        "a-name-that-is-longer-than-any-file-of-the-boot-volume-may-be-named"};
    char text[2048];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "[machine a]\nkernel = vmlinux\nmodules = %s\n", bad[i]);
        read_text(text);
        assert_int_equal(config.diagnostic_count, 1);
        assert_int_equal(config.diagnostic[0].line, 3);
        assert_non_null(strstr(config.diagnostic[0].text, "names of files"));
        assert_true(config.machine[0].is_faulty);
    }
    read_text(
        "[machine a]\nkernel = vmlinux\nmodules = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n");
    expect_one(3, "modules: at most 16 are allowed");
    read_text("[machine a]\nkernel = vmlinux\nmodules = vmlinux, initramf y\n");
    check_with(1ull << 30);
    expect_one(3, "modules = initramf: no such file in \\bulkhead\\; did you mean initramfs?");
    read_text("[machine a]\nkernel = vmlinux\nboot = grub\n");
    expect_one(3, "boot = grub: allowed are auto, linux, pvh, multiboot");
    read_text("[machine a]\nkernel = vmlinux\ndebug-exit = 1\n");
    expect_one(3, "debug-exit = 1: allowed are off, on");
    int length = snprintf(text, sizeof(text), "[machine a]\nkernel = vmlinux\nmodules = a ");
    memset(text + length, 'x', 600);
    text[length + 600] = 0;
    read_text(text);
    assert_int_equal(config.diagnostic_count, 1);
    assert_non_null(strstr(config.diagnostic[0].text, "602 characters, at most 511 are allowed"));
}

static void containers_are_not_supported_yet(void **state) {
    (void)state;
    read_text("[container web]\nimage = web\nargs = x\n[machine a]\nkernel = vmlinux\n");
    expect_one(1, "[container web]: containers are not supported by this version yet; the section "
                  "is left out");
    assert_int_equal(config.machine_count, 1);
    assert_false(config.machine[0].is_faulty);
}

static void absurd_values_are_refused(void **state) {
    (void)state;
    static const char size[] =
        "a size from 16M on, a whole number with M or G, at most what the computer has";
    static const char file[] = "the name of a file in \\bulkhead\\, without directories";
    static const char one[] = "a whole number from 1 to 1";
    static const char weight[] = "a whole number from 1 to 65535";
    static const struct {
        const char *line;
        const char *allowed;
    } cases[] = {
        {"memory = 12X",                      size                          },
        {"memory = 99999999999999999999999M", size                          },
        {"memory = 17179869184T",             size                          },
        {"memory = 18446744073709551615",     size                          },
        {"memory = -1",                       size                          },
        {"memory = ",                         size                          },
        {"memory = 1K",                       size                          },
        {"cpus = 2",                          one                           },
        {"cpus = 0",                          one                           },
        {"weight = 0",                        weight                        },
        {"weight = 65536",                    weight                        },
        {"weight = 4294967552",               weight                        },
        {"cap = 101",                         "a whole number from 0 to 100"},
        {"initrd = ",                         file                          },
        {"initrd = ../x",                     file                          },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        char expected[256];
        snprintf(text, sizeof(text), "[machine a]\nkernel = k\n%s\n[machine b]\nkernel = k\n",
                 cases[i].line);
        snprintf(expected, sizeof(expected), "%s: allowed is %s", cases[i].line, cases[i].allowed);
        read_text(text);
        expect_one(3, expected);
        assert_int_equal(config.machine_count, 2);
        assert_true(config.machine[0].is_faulty);
        assert_false(config.machine[1].is_faulty);
    }
    read_text("[machine a]\nkernel = k\nmemory = 33M\n");
    expect_one(3, "memory = 33M: allowed are multiples of 2M");
    read_text("[machine a]\nkernel = k\nrestart = sometimes\n");
    expect_one(3, "restart = sometimes: allowed are never, on-failure, always");
    read_text("[machine a]\nkernel = k\nconsole = vga\n");
    expect_one(3, "console = vga: allowed are serial, none");
}

static void bad_system_values_leave_the_default(void **state) {
    (void)state;
    read_text("[system]\nwhen-empty = halt\n");
    expect_one(2, "when-empty = halt: allowed are shutdown, prompt");
    assert_int_equal(config.when_empty, CONFIG_WHEN_EMPTY_SHUTDOWN);
    read_text("[system]\nmitigations = off\n");
    expect_one(2, "mitigations = off: this version has no switch for them; auto is used");
}

static void duplicates_name_the_first(void **state) {
    (void)state;
    read_text("[machine a]\nkernel = k\nkernel = l\n[machine b]\nkernel = k\n[machine a]\nkernel = "
              "k\nnonsense = 1\n");
    assert_int_equal(config.diagnostic_count, 2);
    expect_diagnostic(0, 3, "kernel is already given in line 2");
    expect_diagnostic(1, 6, "[machine a] is already in line 1");
    assert_int_equal(config.machine_count, 2);
    read_text("[system]\n[system]\n");
    expect_one(2, "[system] is already in line 1");
    read_text("[system]\nwhen-empty = prompt\nwhen-empty = shutdown\n");
    expect_one(3, "when-empty is already given in line 2");
    assert_int_equal(config.when_empty, CONFIG_WHEN_EMPTY_PROMPT);
}

static void names_are_checked(void **state) {
    (void)state;
    read_text("[machine]\nkernel = k\n");
    expect_one(1, "[machine ]: a name has 1 to 31 of the characters a-z 0-9 . _ -");
    read_text("[machine Linux]\nkernel = k\n");
    expect_one(1, "[machine Linux]: a name has 1 to 31 of the characters a-z 0-9 . _ -");
    read_text("[machine aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n");
    expect_one(1, "[machine aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]: a name has 1 to 31 of the "
                  "characters a-z 0-9 . _ -");
    read_text("[machine manager]\nkernel = k\n");
    expect_one(1, "[machine manager]: the name is the manager's own");
    read_text("[machine                                        "
              "                                             a]\nkernel = k\n");
    expect_one(1, "the section's name is too long");
    assert_int_equal(config.machine_count, 0);
}

static void sections_are_checked(void **state) {
    (void)state;
    read_text("memory = 1G\n[vm a]\nmemory = 1G\n");
    assert_int_equal(config.diagnostic_count, 2);
    expect_diagnostic(0, 1, "memory stands before the first section");
    expect_diagnostic(
        1, 2, "[vm a] is no section; allowed are [system], [machine NAME] and [container NAME]");
}

static void every_unreadable_line_is_named(void **state) {
    (void)state;
    read_text("[machine a]\nkernel = k\nmemory 256M\n[machine b\nmemory = 1X\n[machine c]\nkernel "
              "= k\ngarbage\n"
              "[machine d]\nkernel = k\n");
    assert_int_equal(config.diagnostic_count, 3);
    expect_diagnostic(0, 3, "neither [section] nor key = value nor a # comment");
    expect_diagnostic(1, 4, "neither [section] nor key = value nor a # comment");
    expect_diagnostic(2, 8, "neither [section] nor key = value nor a # comment");
    assert_int_equal(config.machine_count, 3);
    assert_true(config.machine[0].is_faulty);
    assert_true(config.machine[1].is_faulty); /* c */
    assert_false(config.machine[2].is_faulty);
}

static void long_lines_are_refused(void **state) {
    (void)state;
    static char text[8192];
    int length = snprintf(text, sizeof(text), "[machine a]\nkernel = k\ncmdline = ");
    memset(text + length, 'x', 3000);
    strcpy(text + length + 3000, "\n[machine b]\nkernel = k\n");
    read_text(text);
    expect_one(3, "the line is too long: at most 2046 bytes are allowed");
    assert_true(config.machine[0].is_faulty);
    assert_false(config.machine[1].is_faulty);

    memset(text + length, 'x', 1024);
    strcpy(text + length + 1024, "\n");
    read_text(text);
    expect_one(3, "cmdline: 1024 characters, at most 1023 are allowed");
    strcpy(text + length + 1023, "\n");
    read_text(text);
    assert_int_equal(config.diagnostic_count, 0);
    assert_int_equal(strlen(config.machine[0].cmdline), 1023);
}

static void zero_bytes_are_refused(void **state) {
    (void)state;
    read_bytes("[machine a]\nker\0nel = k\n", 25);
    expect_one(0, "the file contains a zero byte: it is no text");
}

static void too_many_machines_are_refused(void **state) {
    (void)state;
    char text[4096] = "";
    for (unsigned i = 0; i <= CONFIG_MACHINE_LIMIT; i++)
        sprintf(text + strlen(text), "[machine m%u]\nkernel = k\n", i);
    read_text(text);
    expect_one(33, "[machine m16]: at most 16 machines are allowed");
}

static void missing_files_are_named(void **state) {
    (void)state;
    read_text(
        "[machine a]\nkernel = vmlinuz\n[machine b]\nkernel = vmlinux\ninitrd = something-else\n"
        "[machine c]\nmemory = 64M\n");
    check_with(4ull << 30);
    assert_int_equal(config.diagnostic_count, 3);
    expect_diagnostic(0, 2,
                      "kernel = vmlinuz: no such file in \\bulkhead\\; did you mean vmlinux?");
    expect_diagnostic(1, 5,
                      "initrd = something-else: no such file in \\bulkhead\\ of the boot volume");
    expect_diagnostic(2, 6, "[machine c] has no kernel; it needs kernel = FILE");
    for (unsigned i = 0; i < 3; i++)
        assert_true(config.machine[i].is_faulty);
}

static void more_memory_than_there_is_is_refused(void **state) {
    (void)state;
    read_text("[machine a]\nkernel = vmlinux\nmemory = 512M\n[machine b]\nkernel = vmlinux\nmemory "
              "= 512M\n"
              "[machine c]\nkernel = vmlinux\nmemory = 64M\n");
    /* a: 512 and 10 of overhead; then 378 are left, of which 378 - 8 - 378/256 = 368.5, even: 368.
     */
    check_with(900ull << 20);
    expect_one(6, "memory = 512M, and 10M for the machine's devices, are more than the 378M that "
                  "are free; at most "
                  "368M are allowed");
    assert_false(config.machine[0].is_faulty);
    assert_true(config.machine[1].is_faulty);
    assert_false(config.machine[2].is_faulty);

    read_text("[machine a]\nkernel = vmlinux\nmemory = 4194303T\n");
    check_with(900ull << 20);
    assert_int_equal(config.diagnostic_count, 1);
    assert_true(config.machine[0].is_faulty);
}

static void machines_start_after_others(void **state) {
    (void)state;
    uint32_t order[CONFIG_MACHINE_LIMIT];
    read_text("[machine a]\nkernel = vmlinux\nafter = c, b\n[machine b]\nkernel = vmlinux\n"
              "[machine c]\nkernel = vmlinux\nafter = b\n[machine d]\nkernel = vmlinux\n");
    check_with(4ull << 30);
    assert_int_equal(config.diagnostic_count, 0);
    config_start_order(&config, order);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 0);
    assert_int_equal(order[3], 3);
}

static void circles_and_strangers_are_refused(void **state) {
    (void)state;
    uint32_t order[CONFIG_MACHINE_LIMIT];
    read_text("[machine a]\nkernel = vmlinux\nafter = b\n[machine b]\nkernel = vmlinux\nafter = a\n"
              "[machine c]\nkernel = vmlinux\nafter = nobody\n[machine d]\nkernel = vmlinux\n");
    check_with(4ull << 30);
    assert_int_equal(config.diagnostic_count, 3);
    expect_diagnostic(0, 3, "after = b: machine a would wait for itself");
    expect_diagnostic(1, 6, "after = a: machine b would wait for itself");
    expect_diagnostic(2, 9, "after = nobody: there is no machine of that name");
    assert_false(config.machine[3].is_faulty);
    config_start_order(&config, order);
    uint32_t seen = 0;
    for (unsigned i = 0; i < 4; i++)
        seen |= 1u << order[i];
    assert_int_equal(seen, 15);
}

static void many_faults_do_not_overflow(void **state) {
    (void)state;
    static char text[8192] = "";
    text[0] = 0;
    for (unsigned i = 0; i < 200; i++)
        strcat(text, i % 2 ? "nonsense = 1\n" : "nonsense\n");
    read_text(text);
    assert_int_equal(config.diagnostic_count, CONFIG_DIAGNOSTIC_LIMIT);
    assert_true(config.has_more_diagnostics);
}

/* Any bytes: no crash, no step out of bounds (the sanitizers watch), lines in order. */
static void noise_is_survived(void **state) {
    (void)state;
    static const char alphabet[] =
        "[]=#:;\n\n \tmachine system kernel memory a1\r\x01\xff\xef\xbb\xbf";
    uint32_t random = 1;
    for (unsigned round = 0; round < 500; round++) {
        char text[400];
        for (size_t i = 0; i < sizeof(text); i++) {
            random = random * 1664525 + 1013904223;
            text[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
        }
        read_bytes(text, sizeof(text));
        check_with(1ull << 30);
        for (uint32_t i = 1; i < config.diagnostic_count; i++)
            assert_true(config.diagnostic[i - 1].line <= config.diagnostic[i].line);
    }
}

static void sizes_are_read(void **state) {
    (void)state;
    uint64_t bytes;
    char buffer[32];
    assert_true(value_size("0", &bytes) && bytes == 0);
    assert_true(value_size("64", &bytes) && bytes == 64);
    assert_true(value_size("1K", &bytes) && bytes == 1024);
    assert_true(value_size("3m", &bytes) && bytes == 3u << 20);
    assert_true(value_size("2GB", &bytes) && bytes == 2ull << 30);
    assert_true(value_size("1T", &bytes) && bytes == 1ull << 40);
    assert_true(value_size("16777215T", &bytes) && bytes == 16777215ull << 40);
    assert_false(value_size("16777216T", &bytes));
    assert_true(value_size("18446744073709551615", &bytes) && bytes == UINT64_MAX);
    assert_false(value_size("18446744073709551616", &bytes));
    assert_false(value_size("", &bytes));
    assert_false(value_size("M", &bytes));
    assert_false(value_size("1 M", &bytes));
    assert_false(value_size("1MM", &bytes));
    assert_false(value_size("1.5G", &bytes));
    assert_false(value_size("0x10", &bytes));
    assert_false(value_size("+1", &bytes));
    assert_string_equal(value_format_size(0, buffer, sizeof(buffer)), "0");
    assert_string_equal(value_format_size(1000, buffer, sizeof(buffer)), "1000");
    assert_string_equal(value_format_size(1536ull << 20, buffer, sizeof(buffer)), "1536M");
    assert_string_equal(value_format_size(2ull << 40, buffer, sizeof(buffer)), "2T");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_configuration_is_read),
        cmocka_unit_test(an_empty_file_has_the_defaults),
        cmocka_unit_test(unknown_keys_name_the_nearest),
        cmocka_unit_test(keys_of_other_sections_are_explained),
        cmocka_unit_test(modules_are_a_list),
        cmocka_unit_test(bad_modules_are_told),
        cmocka_unit_test(containers_are_not_supported_yet),
        cmocka_unit_test(absurd_values_are_refused),
        cmocka_unit_test(bad_system_values_leave_the_default),
        cmocka_unit_test(duplicates_name_the_first),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(sections_are_checked),
        cmocka_unit_test(every_unreadable_line_is_named),
        cmocka_unit_test(long_lines_are_refused),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(too_many_machines_are_refused),
        cmocka_unit_test(missing_files_are_named),
        cmocka_unit_test(more_memory_than_there_is_is_refused),
        cmocka_unit_test(machines_start_after_others),
        cmocka_unit_test(circles_and_strangers_are_refused),
        cmocka_unit_test(many_faults_do_not_overflow),
        cmocka_unit_test(noise_is_survived),
        cmocka_unit_test(sizes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
