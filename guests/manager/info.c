/* Tables for people. */
#include "guests/manager/info.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/exit_names.h"
#include "guests/manager/fault.h"
#include "guests/manager/screen.h"
#include "guests/manager/value.h"

#define MIB          (UINT64_C(1) << 20)
#define NS_PER_MS    UINT64_C(1000000)
#define NS_PER_S     UINT64_C(1000000000)
#define EXIT_REASONS 64u

static unsigned hundredths(uint64_t ns) {
    return (unsigned)(ns % NS_PER_S / (10 * NS_PER_MS));
}

void info_list(void) {
    screen_print("NAME             STATE     MEMORY     USED   CPU TIME\n");
    for (uint32_t i = 0; i < machine_count(); i++) {
        const struct machine *machine = machine_at(i);
        struct partition_info info = {0};
        bool is_known = machine_info(machine, &info);
        uint64_t used = is_known && machine_is_alive(machine) ? info.memory_used : 0;
        uint64_t time = is_known ? info.cpu_time_ns : 0;
        screen_print("%-16s %-8s %6" PRIu64 "M  %6" PRIu64 "M  %6" PRIu64 ".%02u s\n",
                     machine->config->name, machine_state_name(machine),
                     machine->config->memory / MIB, used / MIB, time / NS_PER_S, hundredths(time));
    }
    if (machine_count() == 0)
        screen_print("no machine is configured\n");
}

static void print_speculation(void) {
    static const char *const verdicts[] = {
        [SPECULATION_NOT_AFFECTED] = "not affected",
        [SPECULATION_MITIGATED] = "mitigated by ",
        [SPECULATION_OPEN] = "open because ",
    };
    struct speculation_info info = {0};
    for (uint32_t i = 0; sys_system_speculation(HANDLE_SYSTEM, i, &info) >= 0; i++) {
        info.name[sizeof(info.name) - 1] = 0;
        info.reason[sizeof(info.reason) - 1] = 0;
        if (info.state <= SPECULATION_OPEN)
            screen_print("leaks      %-24s  %s%s\n", info.name, verdicts[info.state], info.reason);
    }
}

void info_system(void) {
    struct system_info info = {0};
    if (sys_system_info(HANDLE_SYSTEM, &info) < 0)
        return;
    info.version[sizeof(info.version) - 1] = 0;
    info.cpu_name[sizeof(info.cpu_name) - 1] = 0;
    info.guests_reason[sizeof(info.guests_reason) - 1] = 0;
    screen_print("version    %s (ABI %" PRIu32 ")\n", info.version, info.abi_version);
    screen_print("processor  %s, %" PRIu32 " CPUs, %" PRIu64 " MHz\n", info.cpu_name,
                 info.cpu_count, info.ticks_per_second / 1000000);
    screen_print("memory     %" PRIu64 "M: %" PRIu64 "M free, %" PRIu64 "M of partitions, %" PRIu64
                 "M of the kernel\n",
                 info.memory_total / MIB, info.memory_free / MIB, info.memory_charged / MIB,
                 info.memory_kernel / MIB);
    screen_print("machines   %s%s\n", info.guests_supported ? "yes: " : "no: ", info.guests_reason);
    print_speculation();
    uint64_t now = (uint64_t)sys_clock_get();
    screen_print("running    %" PRIu64 ".%02u s\n", now / NS_PER_S, hundredths(now));
}

void info_machine(const struct machine *machine) {
    struct partition_info info = {0};
    char text[120];
    screen_print("machine    %s, %s\n", machine->config->name, machine_state_name(machine));
    screen_print("kernel     %s\n", machine->config->kernel);
    if (machine->config->initrd[0])
        screen_print("initrd     %s\n", machine->config->initrd);
    screen_print("cmdline    %s\n", machine->config->cmdline);
    screen_print("guest      %" PRIu64 "M, %" PRIu32 " CPU, weight %" PRIu32 "\n",
                 machine->config->memory / MIB, machine->config->cpus, machine->config->weight);
    if (!machine_info(machine, &info))
        return;
    if (machine_is_alive(machine))
        screen_print("memory     %" PRIu64 "K of %" PRIu64 "K used, %" PRIu64
                     "K by the kernel for it\n",
                     info.memory_used / 1024, info.memory_quota / 1024, info.memory_kernel / 1024);
    else if (info.state == PARTITION_FAULTED)
        screen_print("fault      %s\n", fault_text(&info.fault, text, sizeof(text)));
    else
        screen_print("ended      with code %" PRId32 "\n", info.exit_code);
    screen_print("CPU time   %" PRIu64 ".%02u s, waited %" PRIu64 ".%02u s\n",
                 info.cpu_time_ns / NS_PER_S, hundredths(info.cpu_time_ns),
                 info.wait_time_ns / NS_PER_S, hundredths(info.wait_time_ns));
    screen_print("threads    %" PRIu32 ", handles %" PRIu32 "\n", info.thread_count,
                 info.handle_count);
}

void info_statistics(const struct machine *machine) {
    if (!machine->shared)
        return;
    /* Copied first: the VMM may write there. */
    struct guest_statistics statistics = machine->shared->statistics;
    statistics.technology[sizeof(statistics.technology) - 1] = 0;
    screen_print("%12" PRIu64 "  exits\n", statistics.exits_total);
    for (unsigned reason = 0; reason < EXIT_REASONS; reason++) {
        const char *name = exit_name(statistics.technology, reason);
        if (statistics.exits[reason] == 0)
            continue;
        if (name)
            screen_print("%12" PRIu64 "    %s\n", statistics.exits[reason], name);
        else
            screen_print("%12" PRIu64 "    reason %u\n", statistics.exits[reason], reason);
    }
    screen_print("%12" PRIu64 "  entries to the VMM\n", statistics.entries_to_vmm);
    screen_print("%12" PRIu64 "  interrupts delivered\n", statistics.injected);
}
