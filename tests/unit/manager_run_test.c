/* units: tests/unit/support/fake_kernel.c guests/manager/main.c guests/manager/machine.c
 * guests/manager/launch.c guests/manager/modules.c guests/manager/console.c guests/manager/input.c
 * guests/manager/prompt.c guests/manager/commands.c guests/manager/info.c guests/manager/shutdown.c
 * guests/manager/screen.c guests/manager/kernel_log.c guests/manager/config_read.c
 * guests/manager/config_check.c guests/manager/value.c guests/manager/keys.c guests/manager/flow.c
 * guests/manager/queue.c guests/manager/fault.c guests/manager/line_editor.c guests/lib/program.c
 * guests/lib/elf_program.c guests/lib/start_info.c guests/lib/ring.c guests/lib/status.c
 * guests/lib/exit_names.c build/deps/src/inih/ini.c */
/* The whole manager on a fake kernel: machines start, talk, end; what a person sees and types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/fake_kernel.h"

#define ONE_MACHINE \
    "[machine m0]\nkernel = vmlinux\ninitrd = initramfs\ncmdline = console=ttyS0\nmemory = 64M\n"
#define SECOND "[machine m1]\nkernel = vmlinux\nmemory = 32M\n"

static int settings(void **state) {
    (void)state;
    fake_has_vmm = true;
    fake_is_vmm_broken = false;
    fake_running_before = 0;
    fake_guests_reason = NULL;
    return 0;
}

/* Runs a scenario, and demands a status and pieces of what was sent, in this order. */
static void expect(const char *configuration, fake_step *step, int status,
                   const char *const *pieces) {
    int ended;
    const char *sent = fake_run(configuration, step, &ended);
    assert_non_null(sent);
    const char *place = sent;
    for (; *pieces; pieces++) {
        const char *found = strstr(place, *pieces);
        if (!found) {
            fputs(sent, stderr);
            fail_msg("\"%s\" is missing", *pieces);
            return;
        }
        place = found + strlen(*pieces);
    }
    if (ended != status) {
        fputs(sent, stderr);
        fail_msg("status %d, expected %d", ended, status);
    }
}

#define EXPECT(configuration, step, status, ...) \
    expect(configuration, step, status, (const char *const[]){__VA_ARGS__, NULL})

static void check(bool is_right, const char *what, int line) {
    if (is_right)
        return;
    fprintf(stderr, "line %d: not so: %s\n", line, what);
    abort();
}

/* In steps, which run in the manager's process. */
#define CHECK(what) check(what, #what, __LINE__)

/* --- Life and death
 * ------------------------------------------------------------------------------- */

static bool power_off_at_once(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    if (n > 0)
        return false;
    const struct start_info *info = &machine->info;
    CHECK(strcmp(machine->name, "m0") == 0);
    CHECK(machine->quota == (64u << 20) + MACHINE_OVERHEAD(64u << 20));
    CHECK(start_info_is_valid(info));
    CHECK(start_info_find(info, "kernel")->length == 0x2000);
    CHECK(start_info_find(info, "initrd") && start_info_find(info, "event"));
    CHECK(start_info_find(info, "manager") && start_info_find(info, "shared"));
    CHECK(info->argc == 6);
    CHECK(strcmp(start_info_argument(info, 0), "--name=m0") == 0);
    CHECK(strcmp(start_info_argument(info, 1), "--kernel=vmlinux") == 0);
    CHECK(strcmp(start_info_argument(info, 2), "--initrd=initramfs") == 0);
    CHECK(strcmp(start_info_argument(info, 3), "--cmdline=console=ttyS0") == 0);
    CHECK(strcmp(start_info_argument(info, 4), "--memory=67108864") == 0);
    CHECK(strcmp(start_info_argument(info, 5), "--cpus=1") == 0);
    CHECK(machine->shared->magic == MACHINE_SHARED_MAGIC);
    fake_guest_write(machine, "reboot: Power down");
    fake_end(machine, VMM_EXIT_POWER_OFF);
    return true;
}

static void a_machine_runs_and_powers_off(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, power_off_at_once, 0, "bulkhead: Ctrl-A h shows help\r\n",
           "reboot: Power down\r\n", "bulkhead: machine m0: powered off\r\n",
           "bulkhead: power off, status 0\r\n");
}

static bool multiboot_with_modules(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    const struct start_info *info = &machine->info;
    if (n > 0)
        return false;
    CHECK(info->argc == 9);
    CHECK(strcmp(start_info_argument(info, 2), "--module=initramfs root one") == 0);
    CHECK(strcmp(start_info_argument(info, 3), "--module=vmlinux") == 0);
    CHECK(strcmp(start_info_argument(info, 4), "--cmdline=") == 0);
    CHECK(strcmp(start_info_argument(info, 5), "--boot=multiboot") == 0);
    CHECK(strcmp(start_info_argument(info, 8), "--debug-exit") == 0);
    CHECK(start_info_find(info, "module0") && start_info_find(info, "module1"));
    CHECK(!start_info_find(info, "module2") && !start_info_find(info, "initrd"));
    CHECK(start_info_find(info, "module1")->length == start_info_find(info, "kernel")->length);
    fake_end(machine, (int32_t)(VMM_EXIT_DEBUG | 85));
    return true;
}

/* Modules reach the VMM in their order, and the guest's exit code is the run's. */
static void a_test_kernel_leaves_its_code(void **state) {
    (void)state;
    EXPECT("[machine t]\nkernel = vmlinux\nmodules = initramfs  root one , vmlinux\n"
           "boot = multiboot\ndebug-exit = on\nmemory = 64M\nrestart = on-failure\n",
           multiboot_with_modules, 85, "bulkhead: machine t: exit code 85\r\n",
           "bulkhead: power off, status 85\r\n");
}

static bool two_codes(unsigned n) {
    if (n == 0)
        fake_end(fake_partition(0), (int32_t)(VMM_EXIT_DEBUG | 3));
    if (n == 1)
        fake_end(fake_partition(1), (int32_t)(VMM_EXIT_DEBUG | 0x20b));
    return n < 2;
}

static bool code_then_power_off(unsigned n) {
    if (n == 0)
        fake_end(fake_partition(0), (int32_t)(VMM_EXIT_DEBUG | 3));
    if (n == 1)
        fake_end(fake_partition(1), VMM_EXIT_POWER_OFF);
    return n < 2;
}

static bool code_then_fault(unsigned n) {
    if (n == 0)
        fake_end(fake_partition(0), (int32_t)(VMM_EXIT_DEBUG | 3));
    if (n == 1)
        fake_fault(fake_partition(1), 0x10, 0x401000);
    return n < 2;
}

/* Only the last machine's code counts, a byte of it, and only if nothing has failed. */
static void the_last_code_counts(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE SECOND, two_codes, 11, "machine m0: exit code 3\r\n",
           "machine m1: exit code 523\r\n", "status 11\r\n");
    EXPECT(ONE_MACHINE SECOND, code_then_power_off, 0, "machine m0: exit code 3\r\n",
           "machine m1: powered off\r\n", "status 0\r\n");
    EXPECT(ONE_MACHINE SECOND, code_then_fault, 1, "machine m0: exit code 3\r\n",
           "machine m1: faulted", "status 1\r\n");
}

static bool fault_at_once(unsigned n) {
    if (n == 0)
        fake_fault(fake_partition(0), 0x10, 0x401000);
    return n == 0;
}

static void a_fault_is_told_and_makes_status_1(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, fault_at_once, 1,
           "bulkhead: machine m0: faulted: memory access to 0x10 (read) at 0x401000\r\n",
           "bulkhead: power off, status 1\r\n");
}

static bool reset_once(unsigned n) {
    CHECK(n < 2);
    CHECK(fake_partition(n) && !fake_partition(n + 1));
    CHECK(n == 0 || fake_partition(0)->is_destroyed);
    fake_end(fake_partition(n), n == 0 ? VMM_EXIT_RESET : VMM_EXIT_POWER_OFF);
    return true;
}

static void a_reset_makes_the_machine_anew(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, reset_once, 0, "machine m0: reset\r\n", "machine m0: powered off\r\n",
           "status 0\r\n");
}

static bool fail_always(unsigned n) {
    fake_end(fake_partition(n), VMM_EXIT_FAILED);
    return true;
}

static void restart_on_failure_gives_up(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE "restart = on-failure\n", fail_always, 1,
           "machine m0: ended with error 1\r\n", "machine m0: ended with error 1\r\n",
           "machine m0: ended with error 1\r\n", "machine m0: ended with error 1\r\n",
           "machine m0: ended with error 1\r\n",
           "machine m0: not started again: it has failed 5 times soon after its start\r\n",
           "status 1\r\n");
}

static bool end_in_the_prompt(unsigned n) {
    if (n == 0)
        fake_end(fake_partition(0), VMM_EXIT_POWER_OFF);
    if (n == 1)
        fake_type("shutdown\r");
    return n < 2;
}

static void when_empty_may_be_the_prompt(void **state) {
    (void)state;
    EXPECT("[system]\nwhen-empty = prompt\n" ONE_MACHINE, end_in_the_prompt, 0, "powered off\r\n",
           "bulkhead> ", "shutdown\r\n", "bulkhead: power off, status 0\r\n");
}

static bool nothing(unsigned n) {
    (void)n;
    return false;
}

static bool end_at_once(unsigned n) {
    if (n == 0)
        fake_end(fake_partition(0), VMM_EXIT_POWER_OFF);
    return n == 0;
}

static void faults_of_the_configuration_are_told(void **state) {
    (void)state;
    EXPECT("[machine m0]\nkernel = nothing\n" SECOND, end_at_once, 1,
           "bulkhead: bulkhead.conf:2: kernel = nothing: no such file",
           "machine m0: not started: its section", "machine m1: powered off\r\n");
    EXPECT("[machine a]\nkernel = nothing\n", nothing, 1, "bulkhead: power off, status 1\r\n");
    fake_has_vmm = false;
    EXPECT(ONE_MACHINE, nothing, 1,
           "machine m0: not started: loading the program vmm: there is no such file in "
           "\\bulkhead\\\r\n",
           "status 1\r\n");
    fake_has_vmm = true;
    fake_is_vmm_broken = true;
    EXPECT(ONE_MACHINE, nothing, 1,
           "machine m0: not started: loading the program vmm: not a 64-bit ELF file\r\n",
           "status 1\r\n");
}

static void no_machine_runs_without_hardware(void **state) {
    (void)state;
    fake_guests_reason = "no VT-x: the processor has none";
    EXPECT(ONE_MACHINE, nothing, 1,
           "bulkhead: machine m0: not started: this computer cannot run machines: no VT-x: the "
           "processor has none\r\n",
           "status 1\r\n");
}

/* --- Consoles
 * ------------------------------------------------------------------------------------- */

static bool talk(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    char got[64];
    switch (n) {
    case 0:
        CHECK(!fake_is_held());
        fake_guest_write(machine, "~ # ");
        break;
    case 1:
        CHECK(strstr(fake_sent(), "~ # "));
        fake_type("uname -s\r\x01\x01");
        break;
    case 2:
        CHECK(machine->own_event_bits & MACHINE_EVENT_INPUT);
        CHECK(fake_guest_read(machine, got, sizeof(got)) == 10);
        CHECK(strcmp(got, "uname -s\r\x01") == 0);
        fake_guest_write(machine, "Li\x13nu\x11x\r\n");
        break;
    case 3: fake_log("bulkhead: a line of the kernel"); break;
    case 4: fake_end(machine, VMM_EXIT_POWER_OFF); break;
    default: return false;
    }
    return true;
}

static void typed_and_written_bytes_pass(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, talk, 0, "~ # ", "Linux\r\nbulkhead: a line of the kernel\r\n",
           "status 0\r\n");
}

static char pattern(unsigned i) {
    return (char)('!' + i % 90);
}

/* Far more input than fits anywhere: held, let go, none lost. */
static bool much_input(unsigned n) {
    static unsigned typed, read;
    struct fake_partition *machine = fake_partition(0);
    char bytes[1025];
    if (read == 100000) {
        fake_end(machine, VMM_EXIT_POWER_OFF);
        return true;
    }
    CHECK(n < 1000);
    while (!fake_is_held() && typed < 100000 && n % 2 == 0) {
        for (unsigned i = 0; i < 1000; i++)
            bytes[i] = pattern(typed + i);
        fake_type_bytes(bytes, 1000);
        typed += 1000;
        return true;
    }
    uint32_t length = fake_guest_read(machine, bytes, sizeof(bytes));
    for (uint32_t i = 0; i < length; i++)
        CHECK(bytes[i] == pattern(read + i));
    read += length;
    return true;
}

static void no_input_is_lost(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, much_input, 0, "status 0\r\n");
}

static bool much_output(unsigned n) {
    static unsigned written;
    struct fake_partition *machine = fake_partition(0);
    (void)n;
    if (written < 100) {
        char line[1100];
        memset(line, 'x', 1000);
        snprintf(line + 1000, 100, "<%u>", written);
        CHECK(fake_guest_write(machine, line) == strlen(line));
        written++;
        return true;
    }
    fake_end(machine, VMM_EXIT_POWER_OFF);
    return true;
}

static void no_output_is_lost(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, much_output, 0, "<0>", "<1>", "<50>", "<98>",
           "<99>\r\nbulkhead: machine m0: powered off");
}

static bool two_consoles(unsigned n) {
    struct fake_partition *first = fake_partition(0);
    struct fake_partition *second = fake_partition(1);
    char got[16];
    switch (n) {
    case 0:
        fake_guest_write(second, "second speaks\r\n");
        fake_guest_write(first, "first speaks\r\n");
        break;
    case 1:
        CHECK(strstr(fake_sent(), "first speaks"));
        CHECK(!strstr(fake_sent(), "second speaks"));
        fake_type("\x01nx");
        break;
    case 2:
        CHECK(strstr(fake_sent(), "console of machine m1\r\nsecond speaks\r\n"));
        CHECK(fake_guest_read(second, got, sizeof(got)) == 1);
        CHECK(fake_guest_read(first, got, sizeof(got)) == 0);
        fake_type("\x01n");
        break;
    case 3:
        CHECK(strstr(fake_sent(), "second speaks\r\nbulkhead: console of machine m0\r\n"));
        fake_end(first, VMM_EXIT_POWER_OFF);
        break;
    case 4: fake_end(second, VMM_EXIT_POWER_OFF); break;
    default: return false;
    }
    return true;
}

static void consoles_are_switched(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE SECOND, two_consoles, 0, "machine m0: powered off", "bulkhead> ",
           "machine m1: powered off", "status 0");
}

/* --- The prompt
 * ----------------------------------------------------------------------------------- */

static bool commands(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    static const char *const lines[] = {
        "\x01plist\r",     "info m0\r",    "info\r",       "pause m0\r", "list\r",
        "resume m0\r",     "lisst\r",      "frobnicate\r", "start m0\r", "stop\r",
        "stop m0 later\r", "console m9\r", "log\rlist\r",  "help\r",     "\r\r",
        "\x01h",           "\x01q",        "\001c",
    };
    if (n < sizeof(lines) / sizeof(lines[0])) {
        if (n == 11)
            fake_log("bulkhead: from the log");
        if (n == 4)
            CHECK(machine->state == PARTITION_PAUSED);
        if (n == 6)
            CHECK(machine->state == PARTITION_RUNNING);
        fake_type(lines[n]);
        return true;
    }
    fake_end(machine, VMM_EXIT_POWER_OFF);
    return true;
}

static void commands_answer(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, commands, 0, "bulkhead> list\r\n",
           "m0               running      64M      20M       1.23 s\r\n", "bulkhead> info m0\r\n",
           "cmdline    console=ttyS0\r\n", "bulkhead> info\r\n", "fake VT-x\r\n",
           "leaks      First                     mitigated by luck\r\n",
           "leaks      Second                    not affected\r\n", "machine m0 is paused\r\n",
           "m0               paused", "machine m0 is running\r\n",
           "unknown command lisst; did you mean list? `help` lists all\r\n",
           "unknown command frobnicate; `help` lists all\r\n", "machine m0 is running\r\n",
           "usage: stop NAME [now]\r\n", "usage: stop NAME [now]\r\n", "bulkhead: from the log\r\n",
           "there is no machine m9; `list` shows all\r\n",
           "bulkhead> log\r\nbulkhead: from the log\r\nbulkhead> list\r\nNAME", "stats NAME",
           "Ctrl-A, then", "bulkhead> \r\nbulkhead> \r\nbulkhead> ",
           "unknown key; Ctrl-A h shows help\r\n", "console of machine m0\r\n", "status 0\r\n");
}

static bool statistics(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    switch (n) {
    case 0: fake_type("\x01pstats m0\rlist\r"); break;
    case 1:
        CHECK(machine->own_event_bits & MACHINE_EVENT_STATISTICS);
        CHECK(atomic_load(&machine->shared->statistics_request) == 1);
        CHECK(!strstr(fake_sent(), "STATE")); /* list waits its turn */
        machine->shared->statistics.exits_total = 4711;
        machine->shared->statistics.exits[10] = 700;
        machine->shared->statistics.exits[30] = 4011;
        memcpy(machine->shared->statistics.technology, "vmx", 4);
        atomic_store(&machine->shared->statistics_answer, 1);
        fake_notify(machine);
        break;
    case 2: fake_end(machine, VMM_EXIT_POWER_OFF); break;
    default: return false;
    }
    return true;
}

static void statistics_are_asked_for(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, statistics, 0, "4711  exits\r\n", "700    CPUID\r\n",
           "4011    I/O instruction\r\n", "STATE", "status 0\r\n");
}

static bool no_statistics(unsigned n) {
    if (n == 0)
        fake_type("\x01pstats m0\r");
    if (n == 2)
        fake_end(fake_partition(0), VMM_EXIT_POWER_OFF);
    return n < 3;
}

static void a_silent_machine_is_not_waited_for_long(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, no_statistics, 0, "machine m0 (running) gives no answer", "bulkhead> ",
           "status 0\r\n");
}

static bool stop_and_start(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    switch (n) {
    case 0: fake_type("\x01pstop m0\r"); break;
    case 1:
        CHECK(machine->own_event_bits & MACHINE_EVENT_POWER_BUTTON);
        fake_type("stop m0 now\r");
        break;
    case 2: fake_type("start m0\r"); break;
    case 3:
        CHECK(fake_partition(1) && !fake_partition(2));
        fake_type("shutdown\r");
        break;
    case 4:
        CHECK(fake_partition(1)->own_event_bits & MACHINE_EVENT_POWER_BUTTON);
        /* It does not listen; ten seconds pass. */
        break;
    default: break;
    }
    return n < 6;
}

static void machines_are_stopped_and_started(void **state) {
    (void)state;
    EXPECT("[system]\nwhen-empty = prompt\n" ONE_MACHINE "restart = always\n", stop_and_start, 0,
           "power button of m0 pressed; `stop m0 now` ends it at once\r\n",
           "bulkhead: machine m0: stopped\r\n", "start m0\r\n",
           "bulkhead: shutting down; machines have 10 s", "bulkhead: machine m0: stopped\r\n",
           "bulkhead: power off, status 0\r\n");
}

/* --- Hostile neighbours
 * --------------------------------------------------------------------------- */

static bool lies(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    if (n < 200) {
        atomic_store(&machine->shared->output.produced, n * 0x1234567u);
        atomic_store(&machine->shared->input.consumed, n * 0x7654321u);
        atomic_store(&machine->shared->statistics_answer, n * 7);
        memset(machine->shared->statistics.technology, 'x',
               sizeof(machine->shared->statistics.technology));
        memset(machine->shared->statistics.exits, 0xff, sizeof(machine->shared->statistics.exits));
        fake_type(n % 3 ? "abc\r"
                        : "\x01pstats m0\r\x01"
                          "c");
        fake_notify(machine);
        return true;
    }
    fake_end(machine, n % 2 ? 12345 : VMM_EXIT_POWER_OFF);
    return n < 202;
}

static void a_lying_vmm_is_survived(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, lies, 0, "bulkhead: power off, status 0\r\n");
}

static bool noise(unsigned n) {
    static uint32_t random = 11;
    char bytes[64];
    if (n == 300) {
        /* Whatever state it is in: out of an escape, to the prompt, with an empty line. */
        fake_type("\x03\x01p\x03shutdown now\r");
        return true;
    }
    if (n > 302)
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        random = random * 1664525 + 1013904223;
        /* Ctrl-A often. */
        bytes[i] = (random >> 24) < 16 ? 1 : (char)(random >> 16);
    }
    fake_type_bytes(bytes, sizeof(bytes));
    return true;
}

static void typed_noise_is_survived(void **state) {
    (void)state;
    EXPECT(ONE_MACHINE, noise, 0, "status 0\r\n");
}

/* --- A manager that was started again
 * ------------------------------------------------------------- */

static bool adopted(unsigned n) {
    struct fake_partition *machine = fake_partition(0);
    char got[16];
    switch (n) {
    case 0:
        CHECK(!fake_partition(1));
        /* Its manager event is the old manager's: nobody is told. */
        ring_put(&machine->output, "still here\r\n", 12);
        break;
    case 1:
        CHECK(strstr(fake_sent(), "still here\r\n"));
        fake_type("hi");
        break;
    case 2: break;
    case 3:
        CHECK(machine->own_event_bits & MACHINE_EVENT_INPUT);
        CHECK(ring_take(&machine->input, got, sizeof(got)) == 2);
        machine->state = PARTITION_STOPPED;
        break;
    default: return n < 8;
    }
    return true;
}

static void running_machines_are_found_again(void **state) {
    (void)state;
    fake_running_before = 1;
    EXPECT(ONE_MACHINE, adopted, 0, "bulkhead: machine m0: found running\r\n",
           "console of machine m0\r\n", "still here\r\n", "machine m0: powered off\r\n",
           "status 0\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_machine_runs_and_powers_off, settings),
        cmocka_unit_test_setup(a_test_kernel_leaves_its_code, settings),
        cmocka_unit_test_setup(the_last_code_counts, settings),
        cmocka_unit_test_setup(a_fault_is_told_and_makes_status_1, settings),
        cmocka_unit_test_setup(a_reset_makes_the_machine_anew, settings),
        cmocka_unit_test_setup(restart_on_failure_gives_up, settings),
        cmocka_unit_test_setup(when_empty_may_be_the_prompt, settings),
        cmocka_unit_test_setup(faults_of_the_configuration_are_told, settings),
        cmocka_unit_test_setup(no_machine_runs_without_hardware, settings),
        cmocka_unit_test_setup(typed_and_written_bytes_pass, settings),
        cmocka_unit_test_setup(no_input_is_lost, settings),
        cmocka_unit_test_setup(no_output_is_lost, settings),
        cmocka_unit_test_setup(consoles_are_switched, settings),
        cmocka_unit_test_setup(commands_answer, settings),
        cmocka_unit_test_setup(statistics_are_asked_for, settings),
        cmocka_unit_test_setup(a_silent_machine_is_not_waited_for_long, settings),
        cmocka_unit_test_setup(machines_are_stopped_and_started, settings),
        cmocka_unit_test_setup(a_lying_vmm_is_survived, settings),
        cmocka_unit_test_setup(typed_noise_is_survived, settings),
        cmocka_unit_test_setup(running_machines_are_found_again, settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
