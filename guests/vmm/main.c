/*
 * The VMM: one machine. From the manager's wishes to a guest that runs, in the order in which
 * things need each other; what happens then is in loop.c (the guest asks) and io_thread.c (the
 * world asks).
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "guests/lib/start.h"
#include "guests/lib/status.h"
#include "guests/lib/thread.h"
#include "guests/vmm/acpi/acpi.h"
#include "guests/vmm/boot/boot.h"
#include "guests/vmm/boot/layout.h"
#include "guests/vmm/cpuid.h"
#include "guests/vmm/end.h"
#include "guests/vmm/io_thread.h"
#include "guests/vmm/loop.h"
#include "guests/vmm/memory.h"
#include "guests/vmm/milestones.h"
#include "guests/vmm/msr.h"
#include "guests/vmm/wiring.h"

static struct machine machine;
static struct guest_cpuid cpuid_rows[GUEST_CPUID_LIMIT];
static uint32_t cpuid_row_count;

static handle_t need_handle(const char *name) {
    handle_t handle = start_handle(name, NULL);
    if (handle == 0) {
        end_failed("the manager has given no handle '%s'", name);
    }
    return handle;
}

/* A boot module, readable in this program's own space. */
static struct boot_file open_file(const char *handle_name, const char *file_name) {
    struct boot_file file = {.name = file_name};
    uint64_t length = 0;
    handle_t region = start_handle(handle_name, &length);
    void *bytes;
    if (file_name == NULL) {
        return file;
    }
    if (region == 0) {
        end_failed("the manager has given no handle '%s'", handle_name);
    }
    if (length != 0) {
        int64_t result = map_region(region, 0, length, MAP_READ, &bytes);
        if (result < 0) {
            end_call_failed(file_name, result);
        }
        file.bytes = bytes;
        file.length = length;
    }
    return file;
}

static void create_guest(void) {
    const struct guest_config config = {.vcpu_limit = machine.settings.cpu_count,
                                        .local_apic = LOCAL_APIC_BEST};
    int64_t result = sys_guest_create(HANDLE_PARTITION, machine.space, &config);
    if (result < 0) {
        end_call_failed("the guest", result);
    }
    machine.guest = (handle_t)result;
}

static void set_policy(void) {
    const struct cpuid_config config = {.host = cpuid_host,
                                        .ticks_per_second = start_ticks_per_second(),
                                        .cpu_count = machine.settings.cpu_count};
    struct guest_msr msr_rows[GUEST_MSR_LIMIT];
    cpuid_row_count = cpuid_build(&config, cpuid_rows);
    int64_t result = sys_guest_set_cpuid(machine.guest, cpuid_rows, cpuid_row_count);
    if (result < 0) {
        end_call_failed("the guest's CPUID", result);
    }
    result = sys_guest_set_msr(machine.guest, msr_rows, msr_build(msr_rows));
    if (result < 0) {
        end_call_failed("the guest's MSRs", result);
    }
}

static void create_vcpus(void) {
    for (uint32_t i = 0; i < machine.settings.cpu_count; i++) {
        void *page;
        int64_t result = map_reserve(sizeof(struct vcpu_page), &page);
        if (result >= 0) {
            result = sys_guest_create_vcpu(machine.guest, i, HANDLE_SPACE, (uint64_t)page);
        }
        if (result < 0) {
            end_failed("vCPU %u: %s", (unsigned)i, status_text(result));
        }
        machine.vcpu[i] = (struct vcpu){.machine = &machine, .page = page, .index = i};
    }
}

/* The manager's page: statistics and the console's two rings. */
static void open_console(void) {
    void *bytes;
    int64_t result = map_region(need_handle(MACHINE_HANDLE_SHARED), 0,
                                sizeof(struct machine_shared), MAP_READ | MAP_WRITE, &bytes);
    if (result < 0) {
        end_call_failed("the memory shared with the manager", result);
    }
    struct machine_shared *shared = bytes;
    if (shared->magic != MACHINE_SHARED_MAGIC || shared->version != MACHINE_SHARED_VERSION) {
        end_failed("the manager is of another version than this program");
    }
    machine.shared = shared;
    ring_resume_consumer(&machine.input, &shared->input, shared->input_data, MACHINE_INPUT_SIZE);
    ring_resume_producer(&machine.output, &shared->output, shared->output_data,
                         MACHINE_OUTPUT_SIZE);
}

static void write_acpi_tables(void) {
    const struct acpi_config config = {.cpu_count = machine.settings.cpu_count};
    uint8_t *place = guest_memory_at(&machine.memory, LAYOUT_ACPI, LAYOUT_ACPI_SIZE);
    uint64_t used;
    if (place == NULL || !acpi_build(&config, place, LAYOUT_ACPI_SIZE, LAYOUT_ACPI, &used)) {
        end_failed("memory: no room for ACPI tables; at least %llu MiB are needed",
                   BOOT_MEMORY_MIN >> 20);
    }
}

/* Texts are the settings'; a name for messages is what comes before the first blank. */
static void open_modules(struct boot_module modules[MACHINE_MODULE_LIMIT]) {
    static char names[MACHINE_MODULE_LIMIT][MODULE_NAME_SIZE];
    for (uint32_t i = 0; i < machine.settings.module_count; i++) {
        const char *text = machine.settings.module[i];
        char handle_name[START_HANDLE_NAME_SIZE];
        snprintf(names[i], sizeof(names[i]), "%.*s", (int)strcspn(text, " "), text);
        snprintf(handle_name, sizeof(handle_name), MACHINE_HANDLE_MODULE, (unsigned)i);
        modules[i] = (struct boot_module){.file = open_file(handle_name, names[i]), .text = text};
    }
}

/* Kernel, its files and command line into memory; vCPU 0 at the kernel's entry. */
static void load_kernel(void) {
    static struct guest_state state;
    struct boot_module modules[MACHINE_MODULE_LIMIT];
    open_modules(modules);
    struct boot_error error = {""};
    const struct boot_config config = {
        .kernel = open_file(MACHINE_HANDLE_KERNEL, machine.settings.kernel),
        .initrd = open_file(MACHINE_HANDLE_INITRD, machine.settings.initrd),
        .modules = modules,
        .module_count = machine.settings.module_count,
        .protocol = machine.settings.protocol,
        .command_line = machine.settings.command_line,
        .rsdp = LAYOUT_ACPI,
        .physical_bits = cpuid_physical_bits(cpuid_rows, cpuid_row_count),
    };
    int64_t result = sys_guest_get_state(machine.guest, 0, &state);
    if (result < 0) {
        end_call_failed("vCPU 0", result);
    }
    if (!boot_load(&config, &machine.memory, &state, &error)) {
        end_failed("%s", error.text);
    }
    result = sys_guest_set_state(machine.guest, 0, &state);
    if (result < 0) {
        end_call_failed("the entry state of vCPU 0", result);
    }
}

/* vCPU 0 runs on this thread, every other one on its own, where it waits to be started. */
static noreturn void run(void) {
    for (uint32_t i = 1; i < machine.settings.cpu_count; i++) {
        int64_t result = thread_start(loop_run, &machine.vcpu[i], 0, THREAD_ANY_CPU);
        if (result < 0) {
            end_failed("a thread for vCPU %u: %s", (unsigned)i, status_text(result));
        }
    }
    for (;;) {
        loop_run(&machine.vcpu[0]);
    }
}

int main(int argc, char **argv) {
    const char *reason;
    milestones_reached(MILESTONE_STARTED);
    if (!settings_read(argc, argv, &machine.settings, &reason)) {
        end_failed("arguments: %s", reason);
    }
    machine.event = need_handle(MACHINE_HANDLE_EVENT);
    machine.manager = need_handle(MACHINE_HANDLE_MANAGER);
    open_console();
    memory_create(&machine);
    create_guest();
    set_policy(); /* before any vCPU runs */
    create_vcpus();
    wiring_create(&machine);
    write_acpi_tables();
    milestones_reached(MILESTONE_MADE);
    load_kernel(); /* needs a vCPU to set its state */
    milestones_reached(MILESTONE_LOADED);
    io_thread_start(&machine);
    milestones_log(machine.guest);
    run();
}
