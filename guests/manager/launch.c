/*
 * A machine's partition, step by step: the contract is guests/lib/machine_start.h. A step that
 * fails ends in one message that names the step, and nothing of the partition is left.
 */
#include "guests/manager/launch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "guests/lib/program.h"
#include "guests/lib/status.h"
#include "guests/manager/events.h"
#include "guests/manager/modules.h"
#include "guests/manager/screen.h"
#include "guests/manager/value.h"

#define VMM_MODULE     "vmm"
#define VMM_STACK_SIZE (128 * 1024u)

/* Handles with small numbers that a partition may have got at its start. */
#define SEARCH_LIMIT 64u

struct launch {
    struct machine *machine;
    struct program program;
    uint32_t index;
    handle_t manager_event;
    handle_t event; /* the VMM's */
    struct machine_shared *shared;
    const char *fault; /* more than the status says; else NULL */
    char reason[sizeof(((struct system_info *)0)->guests_reason) + 1];
};

static int64_t ask_computer(struct launch *launch) {
    struct system_info info = {0};
    int64_t result = sys_system_info(HANDLE_SYSTEM, &info);
    if (result < 0 || info.guests_supported)
        return result;
    memcpy(launch->reason, info.guests_reason, sizeof(launch->reason) - 1);
    launch->fault = launch->reason;
    return -STATUS_UNSUPPORTED;
}

static int64_t create(struct launch *launch) {
    const struct config_machine *config = launch->machine->config;
    struct partition_config partition = {
        .memory_quota = config->memory + MACHINE_OVERHEAD(config->memory),
        .weight = config->weight,
        .cap = config->cap,
        .event = launch->manager_event,
        .event_bits = EVENTS_STATE(launch->index),
    };
    value_copy(partition.name, sizeof(partition.name), config->name);
    return program_create(&launch->program, HANDLE_PARTITION, &partition);
}

static int64_t load(struct launch *launch) {
    uint64_t length;
    const void *file = modules_map(VMM_MODULE, &length);
    if (!file) {
        launch->fault = "there is no such file in \\bulkhead\\";
        return -STATUS_NOT_FOUND;
    }
    int64_t result = program_load(&launch->program, file, length, &launch->fault);
    map_undo((void *)(uintptr_t)file);
    return result;
}

static int64_t grant_module(struct launch *launch, const char *name, const char *module) {
    struct module_info info;
    handle_t region = modules_find(module, &info);
    return region ? program_grant(&launch->program, name, region, RIGHT_READ, info.length)
                  : -STATUS_NOT_FOUND;
}

static int64_t give_files(struct launch *launch) {
    const struct config_machine *config = launch->machine->config;
    int64_t result = grant_module(launch, MACHINE_HANDLE_KERNEL, config->kernel);
    if (result >= 0 && config->initrd[0])
        result = grant_module(launch, MACHINE_HANDLE_INITRD, config->initrd);
    for (uint32_t i = 0; result >= 0 && i < config->module_count; i++) {
        char handle[START_HANDLE_NAME_SIZE], name[MODULE_NAME_SIZE];
        snprintf(handle, sizeof(handle), MACHINE_HANDLE_MODULE, (unsigned)i);
        config_module_name(config->module[i], name);
        result = grant_module(launch, handle, name);
    }
    return result;
}

static int64_t give_events(struct launch *launch) {
    int64_t result = sys_event_create(launch->program.partition);
    if (result < 0)
        return result;
    launch->event = (handle_t)result;
    result = program_grant(&launch->program, MACHINE_HANDLE_EVENT, launch->event,
                           RIGHT_WAIT | RIGHT_SIGNAL | RIGHT_DUPLICATE, 0);
    if (result < 0)
        return result;

    /* What the VMM gets can set its own bit of the manager's event, and nothing else. */
    int64_t badged = sys_handle_duplicate(launch->manager_event, RIGHT_SIGNAL | RIGHT_GRANT,
                                          EVENTS_NOTIFY(launch->index));
    if (badged < 0)
        return badged;
    result = program_grant(&launch->program, MACHINE_HANDLE_MANAGER, (handle_t)badged, RIGHT_SIGNAL,
                           0);
    sys_handle_close((handle_t)badged);
    return result;
}

static int64_t give_shared(struct launch *launch) {
    int64_t region = sys_region_create(launch->program.partition, sizeof(struct machine_shared));
    if (region < 0)
        return region;
    void *address;
    int64_t result = map_region((handle_t)region, 0, sizeof(struct machine_shared),
                                MAP_READ | MAP_WRITE, &address);
    if (result >= 0) {
        launch->shared = address;
        result = program_grant(&launch->program, MACHINE_HANDLE_SHARED, (handle_t)region,
                               RIGHT_READ | RIGHT_WRITE, 0);
    }
    sys_handle_close((handle_t)region);
    if (result < 0)
        return result;

    launch->shared->magic = MACHINE_SHARED_MAGIC;
    launch->shared->version = MACHINE_SHARED_VERSION;
    value_copy(launch->shared->name, sizeof(launch->shared->name), launch->machine->config->name);
    launch->shared->event = start_info_find(launch->program.info, MACHINE_HANDLE_EVENT)->handle;
    return 0;
}

static int64_t add_text(struct launch *launch, const char *name, const char *value) {
    char argument[CONFIG_CMDLINE_SIZE + 16];
    snprintf(argument, sizeof(argument), "--%s=%s", name, value);
    return program_add_argument(&launch->program, argument);
}

static int64_t add_number(struct launch *launch, const char *name, uint64_t value) {
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    return add_text(launch, name, digits);
}

static int64_t add_arguments(struct launch *launch) {
    const struct config_machine *config = launch->machine->config;
    int64_t result = add_text(launch, "name", config->name);
    if (result >= 0)
        result = add_text(launch, "kernel", config->kernel);
    if (result >= 0 && config->initrd[0])
        result = add_text(launch, "initrd", config->initrd);
    for (uint32_t i = 0; result >= 0 && i < config->module_count; i++)
        result = add_text(launch, "module", config->module[i]);
    if (result >= 0)
        result = add_text(launch, "cmdline", config->cmdline);
    if (result >= 0 && config->boot != CONFIG_BOOT_AUTO)
        result = add_text(launch, "boot", config_boot_word(config->boot));
    if (result >= 0)
        result = add_number(launch, "memory", config->memory);
    if (result >= 0)
        result = add_number(launch, "cpus", config->cpus);
    if (result >= 0 && config->has_debug_exit)
        result = program_add_argument(&launch->program, "--debug-exit");
    return result;
}

static int64_t run(struct launch *launch) {
    return program_start(&launch->program, VMM_STACK_SIZE);
}

static const struct {
    int64_t (*step)(struct launch *launch);
    const char *what;
} steps[] = {
    {ask_computer,  "this computer cannot run machines"},
    {create,        "making its partition"             },
    {load,          "loading the program vmm"          },
    {give_files,    "giving it its files"              },
    {give_events,   "giving it events"                 },
    {give_shared,   "sharing its console"              },
    {add_arguments, "giving it its arguments"          },
    {run,           "starting its first thread"        },
};

static void attach(struct machine *machine, struct machine_shared *shared, handle_t event) {
    machine->shared = shared;
    machine->event = event;
}

bool launch(struct machine *machine, uint32_t index, handle_t manager_event) {
    struct launch state = {.machine = machine, .index = index, .manager_event = manager_event};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int64_t result = steps[i].step(&state);
        if (result >= 0)
            continue;
        screen_say("machine %s: not started: %s: %s", machine->config->name, steps[i].what,
                   state.fault ? state.fault : status_text(result));
        if (state.shared)
            map_undo(state.shared);
        if (state.event)
            sys_handle_close(state.event);
        program_drop(&state.program);
        return false;
    }
    attach(machine, state.shared, state.event);
    ring_init(&machine->input, &state.shared->input, state.shared->input_data, MACHINE_INPUT_SIZE);
    ring_init(&machine->output, &state.shared->output, state.shared->output_data,
              MACHINE_OUTPUT_SIZE);
    machine->partition = state.program.partition;
    sys_handle_close(state.program.space);
    sys_handle_close(state.program.thread);
    return true;
}

/* The shared page, if that is what the partition's handle names. Its content is the VMM's word:
 * whatever it says, only handles of that partition are reached. */
static struct machine_shared *try_shared(const struct machine *machine, handle_t theirs) {
    struct object_info info = {0};
    void *address = NULL;
    int64_t region = sys_handle_take(machine->partition, theirs, RIGHTS_SAME);
    if (region < 0)
        return NULL;
    if (sys_handle_info((handle_t)region, &info) >= 0 && info.type == OBJECT_REGION &&
        info.size == sizeof(struct machine_shared) &&
        map_region((handle_t)region, 0, sizeof(struct machine_shared), MAP_READ | MAP_WRITE,
                   &address) < 0)
        address = NULL;
    sys_handle_close((handle_t)region);
    struct machine_shared *shared = address;
    if (shared &&
        (shared->magic != MACHINE_SHARED_MAGIC || shared->version != MACHINE_SHARED_VERSION ||
         strncmp(shared->name, machine->config->name, sizeof(shared->name)) != 0)) {
        map_undo(shared);
        shared = NULL;
    }
    return shared;
}

bool launch_find_again(struct machine *machine) {
    struct machine_shared *shared = NULL;
    for (handle_t theirs = HANDLE_THREAD + 1; !shared && theirs < SEARCH_LIMIT; theirs++)
        shared = try_shared(machine, theirs);
    if (!shared)
        return false;
    int64_t event = sys_handle_take(machine->partition, shared->event, RIGHT_SIGNAL);
    if (event < 0) {
        map_undo(shared);
        return false;
    }
    attach(machine, shared, (handle_t)event);
    ring_resume_producer(&machine->input, &shared->input, shared->input_data, MACHINE_INPUT_SIZE);
    ring_resume_consumer(&machine->output, &shared->output, shared->output_data,
                         MACHINE_OUTPUT_SIZE);
    return true;
}
