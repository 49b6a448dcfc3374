/* units: guests/vmm/settings.c guests/vmm/msr.c */
/* The VMM's arguments, and the order of its MSR rows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "guests/vmm/msr.h"
#include "guests/vmm/settings.h"

static struct settings settings;
static const char *reason;

static bool read_with(const char *memory, const char *cpus) {
    static char memory_text[64], cpus_text[64];
    char *argv[] = {"vmm",        "--name=debian", "--kernel=vmlinux",
                    "--cmdline=", memory_text,     cpus_text};
    strcpy(memory_text, memory);
    strcpy(cpus_text, cpus);
    return settings_read(6, argv, &settings, &reason);
}

static void test_good(void **state) {
    (void)state;
    assert_true(read_with("--memory=268435456", "--cpus=1"));
    assert_string_equal(settings.name, "debian");
    assert_string_equal(settings.kernel, "vmlinux");
    assert_string_equal(settings.command_line, "");
    assert_null(settings.initrd);
    assert_int_equal(settings.memory, 268435456);
    assert_int_equal(settings.cpu_count, 1);
    assert_int_equal(settings.module_count, 0);
    assert_int_equal(settings.protocol, BOOT_AUTO);
    assert_false(settings.has_debug_exit);
}

static void test_small_kernel(void **state) {
    (void)state;
    char *argv[32] = {"vmm",        "--name=t",    "--kernel=k", "--module=a x=1 y",
                      "--module=b", "--cmdline=",  "--boot=pvh", "--memory=2097152",
                      "--cpus=1",   "--debug-exit"};
    assert_true(settings_read(10, argv, &settings, &reason));
    assert_int_equal(settings.module_count, 2);
    assert_string_equal(settings.module[0], "a x=1 y");
    assert_string_equal(settings.module[1], "b");
    assert_int_equal(settings.protocol, BOOT_PVH);
    assert_true(settings.has_debug_exit);
    argv[6] = "--boot=grub";
    assert_false(settings_read(10, argv, &settings, &reason));
    assert_non_null(strstr(reason, "multiboot"));
    argv[6] = "--boot=linux";
    for (int i = 10; i < 24; i++) {
        argv[i] = "--module=c";
    }
    assert_true(settings_read(24, argv, &settings, &reason));
    assert_int_equal(settings.module_count, 16);
    argv[24] = "--module=d";
    assert_false(settings_read(25, argv, &settings, &reason));
    assert_non_null(strstr(reason, "16"));
}

static void test_wrong_numbers(void **state) {
    (void)state;
    static const char *const wrong[] = {"--memory=",         "--memory=0",
                                        "--memory=1048576",  "--memory=-2097152",
                                        "--memory=2097152 ", "--memory=18446744073711648768",
                                        "--memory=0x200000", "--mem=2097152"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(read_with(wrong[i], "--cpus=1"));
        assert_non_null(strstr(reason, "--memory"));
    }
    assert_false(read_with("--memory=2097152", "--cpus=0"));
    assert_false(read_with("--memory=2097152", "--cpus=65"));
    assert_non_null(strstr(reason, "1 to 64"));
}

static void test_missing(void **state) {
    (void)state;
    char *argv[] = {"vmm", "--name=a", "--memory=2097152", "--cpus=1", "--cmdline=x"};
    assert_false(settings_read(5, argv, &settings, &reason));
    assert_non_null(strstr(reason, "--kernel"));
    assert_false(settings_read(1, argv, &settings, &reason));
}

static void test_msr_rows(void **state) {
    (void)state;
    struct guest_msr rows[GUEST_MSR_LIMIT];
    uint32_t count = msr_build(rows);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(rows[i].first <= rows[i].last);
        assert_true(i == 0 || rows[i].first > rows[i - 1].last);
        assert_int_equal(rows[i].reserved, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_small_kernel),
        cmocka_unit_test(test_wrong_numbers), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_msr_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
