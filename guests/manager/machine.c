/* Lifecycle of machines, and their consoles' rings. */
#include "guests/manager/machine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/map.h"
#include "guests/lib/status.h"
#include "guests/manager/events.h"
#include "guests/manager/fault.h"
#include "guests/manager/launch.h"
#include "guests/manager/screen.h"

#define QUICK_FAILURE_NS    5000000000ull
#define QUICK_FAILURE_LIMIT 5u

static struct machine machines[CONFIG_MACHINE_LIMIT];
static uint8_t typed_data[CONFIG_MACHINE_LIMIT][MACHINE_QUEUE_SIZE];
static uint8_t kept_data[CONFIG_MACHINE_LIMIT][MACHINE_QUEUE_SIZE];
static uint32_t count;
static handle_t event;
static bool has_failed;
static unsigned exit_status; /* what the machine that ended last leaves */

void machine_set_up(const struct config *config, handle_t manager_event) {
    event = manager_event;
    count = config->machine_count;
    for (uint32_t i = 0; i < count; i++) {
        machines[i] = (struct machine){.config = &config->machine[i]};
        queue_init(&machines[i].typed, typed_data[i], MACHINE_QUEUE_SIZE);
        queue_init(&machines[i].kept, kept_data[i], MACHINE_QUEUE_SIZE);
        if (config->machine[i].is_faulty) {
            machines[i].state = MACHINE_FAILED;
            has_failed = true;
        }
    }
}

uint32_t machine_count(void) {
    return count;
}

struct machine *machine_at(uint32_t index) {
    return &machines[index];
}

struct machine *machine_find(const char *name) {
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(machines[i].config->name, name) == 0)
            return &machines[i];
    }
    return NULL;
}

static uint32_t index_of(const struct machine *machine) {
    return (uint32_t)(machine - machines);
}

bool machine_is_alive(const struct machine *machine) {
    return machine->partition != 0;
}

bool machine_any_alive(void) {
    for (uint32_t i = 0; i < count; i++) {
        if (machine_is_alive(&machines[i]))
            return true;
    }
    return false;
}

bool machine_any_failed(void) {
    return has_failed;
}

unsigned machine_exit_status(void) {
    return exit_status;
}

const char *machine_state_name(const struct machine *machine) {
    static const char *const names[] = {
        [MACHINE_OFF] = "off",       [MACHINE_RUNNING] = "running", [MACHINE_PAUSED] = "paused",
        [MACHINE_FAILED] = "failed", [MACHINE_FAULTED] = "faulted",
    };
    return names[machine->state];
}

bool machine_info(const struct machine *machine, struct partition_info *info) {
    if (machine_is_alive(machine) && sys_partition_info(machine->partition, info) >= 0)
        return true;
    *info = machine->last;
    return machine->last.id != 0;
}

/* --- Start and end
 * -------------------------------------------------------------------------------- */

bool machine_start(struct machine *machine) {
    machine->is_stopping = false;
    machine->is_adopted = false;
    machine->started_ns = clock_now_ns();
    queue_drop(&machine->kept, machine->kept.used);
    if (!launch(machine, index_of(machine), event)) {
        machine->state = MACHINE_FAILED;
        has_failed = true;
        return false;
    }
    machine->state = MACHINE_RUNNING;
    machine_push_input(machine);
    return true;
}

void machine_adopt(struct machine *machine, handle_t partition) {
    struct partition_info info = {0};
    machine->partition = partition;
    machine->is_adopted = true;
    machine->started_ns = clock_now_ns();
    machine->state = MACHINE_RUNNING;
    if (sys_partition_info(partition, &info) >= 0 && info.state == PARTITION_PAUSED)
        machine->state = MACHINE_PAUSED;
    if (!launch_find_again(machine))
        screen_say("machine %s runs on; its console could not be found again",
                   machine->config->name);
}

/* What is left of the partition goes; bytes that the guest has not taken are typed again for the
 * next. */
static void drop(struct machine *machine) {
    if (machine->shared) {
        uint8_t rest[MACHINE_INPUT_SIZE];
        uint32_t pending = ring_pending(&machine->input);
        for (uint32_t i = 0; i < pending; i++) {
            uint32_t place = machine->input.index - pending + i;
            rest[i] = machine->shared->input_data[place % MACHINE_INPUT_SIZE];
        }
        queue_put_back(&machine->typed, rest, pending);
        map_undo(machine->shared);
        machine->shared = NULL;
    }
    if (machine->event) {
        sys_handle_close(machine->event);
        machine->event = 0;
    }
    sys_partition_destroy(machine->partition);
    sys_handle_close(machine->partition);
    machine->partition = 0;
}

/* The guest has chosen this end and its number; what it means is for people to say. */
static bool is_debug_exit(const struct partition_info *info) {
    return ((uint32_t)info->exit_code & ~VMM_EXIT_DEBUG_MASK) == VMM_EXIT_DEBUG;
}

static void say_end(struct machine *machine, const struct partition_info *info) {
    const char *name = machine->config->name;
    char text[120];
    if (info->state == PARTITION_FAULTED) {
        screen_say("machine %s: faulted: %s", name, fault_text(&info->fault, text, sizeof(text)));
        machine->state = MACHINE_FAULTED;
        has_failed = true;
        return;
    }
    machine->state = MACHINE_OFF;
    exit_status = 0;
    if (is_debug_exit(info)) {
        uint32_t code = (uint32_t)info->exit_code & VMM_EXIT_DEBUG_MASK;
        screen_say("machine %s: exit code %" PRIu32, name, code);
        exit_status = code & 0xff; /* as much as a program on another computer may leave */
        return;
    }
    switch ((uint32_t)info->exit_code) {
    case VMM_EXIT_POWER_OFF: screen_say("machine %s: powered off", name); return;
    case VMM_EXIT_RESET: screen_say("machine %s: reset", name); return;
    case VMM_EXIT_STOPPED: screen_say("machine %s: stopped", name); return;
    case VMM_EXIT_TRIPLE_FAULT:
        screen_say("machine %s: its processor shut down (triple fault)", name);
        break;
    default: screen_say("machine %s: ended with error %" PRId32, name, info->exit_code); break;
    }
    machine->state = MACHINE_FAILED;
    has_failed = true;
}

static bool is_restart_wanted(struct machine *machine, const struct partition_info *info) {
    bool is_failure = machine->state == MACHINE_FAILED || machine->state == MACHINE_FAULTED;
    if (machine->is_stopping)
        return false;
    if (!is_failure && info->exit_code == (int32_t)VMM_EXIT_RESET)
        return true;
    if (machine->config->restart == CONFIG_RESTART_NEVER ||
        (machine->config->restart == CONFIG_RESTART_ON_FAILURE && !is_failure))
        return false;
    bool is_quick = clock_now_ns() - machine->started_ns < QUICK_FAILURE_NS;
    machine->quick_failures = is_failure && is_quick ? machine->quick_failures + 1 : 0;
    if (machine->quick_failures < QUICK_FAILURE_LIMIT)
        return true;
    screen_say("machine %s: not started again: it has failed %u times soon after its start",
               machine->config->name, machine->quick_failures);
    machine->quick_failures = 0;
    return false;
}

static void look(struct machine *machine, void (*ended)(struct machine *machine)) {
    struct partition_info info = {0};
    if (!machine_is_alive(machine) || sys_partition_info(machine->partition, &info) < 0)
        return;
    if (info.state != PARTITION_STOPPED && info.state != PARTITION_FAULTED)
        return;
    machine->last = info;
    ended(machine);
    say_end(machine, &info);
    drop(machine);
    if (is_restart_wanted(machine, &info))
        machine_start(machine);
    else
        queue_drop(&machine->typed, machine->typed.used);
}

void machine_take_events(uint64_t bits, void (*ended)(struct machine *machine)) {
    for (uint32_t i = 0; i < count; i++) {
        if (bits & EVENTS_NOTIFY(i))
            machine_push_input(&machines[i]);
        if (bits & EVENTS_STATE(i))
            look(&machines[i], ended);
    }
}

static bool is_polled(const struct machine *machine) {
    return machine->is_adopted && machine_is_alive(machine);
}

void machine_poll(void (*ended)(struct machine *machine)) {
    for (uint32_t i = 0; i < count; i++) {
        if (!is_polled(&machines[i]))
            continue;
        machine_push_input(&machines[i]);
        look(&machines[i], ended);
    }
}

bool machine_needs_polling(void) {
    for (uint32_t i = 0; i < count; i++) {
        if (is_polled(&machines[i]))
            return true;
    }
    return false;
}

void machine_stop(struct machine *machine) {
    machine->is_stopping = true;
    sys_partition_stop(machine->partition, VMM_EXIT_STOPPED);
}

void machine_press_power(struct machine *machine) {
    if (machine->event)
        sys_event_signal(machine->event, MACHINE_EVENT_POWER_BUTTON);
}

bool machine_pause(struct machine *machine) {
    int64_t result = sys_partition_pause(machine->partition);
    if (result < 0) {
        screen_say("machine %s: cannot be paused: %s", machine->config->name, status_text(result));
        return false;
    }
    machine->state = MACHINE_PAUSED;
    return true;
}

bool machine_resume(struct machine *machine) {
    int64_t result = sys_partition_resume(machine->partition);
    if (result < 0) {
        screen_say("machine %s: cannot be resumed: %s", machine->config->name, status_text(result));
        return false;
    }
    machine->state = MACHINE_RUNNING;
    return true;
}

/* --- What is exchanged with the VMM
 * --------------------------------------------------------------- */

void machine_push_input(struct machine *machine) {
    bool has_moved = false;
    if (!machine->shared)
        return;
    for (;;) {
        uint8_t bytes[256];
        uint32_t length = queue_peek(&machine->typed, bytes, sizeof(bytes));
        uint32_t moved = ring_put(&machine->input, bytes, length);
        if (moved == 0)
            break;
        queue_drop(&machine->typed, moved);
        has_moved = true;
    }
    if (has_moved)
        sys_event_signal(machine->event, MACHINE_EVENT_INPUT);
}

uint32_t machine_take_output(struct machine *machine, uint8_t *bytes, uint32_t length) {
    if (!machine->shared)
        return 0;
    uint32_t taken = ring_take(&machine->output, bytes, length);
    if (ring_was_full(&machine->output, taken))
        sys_event_signal(machine->event, MACHINE_EVENT_OUTPUT);
    return taken;
}

void machine_ask_statistics(struct machine *machine) {
    if (!machine->shared)
        return;
    atomic_fetch_add(&machine->shared->statistics_request, 1);
    sys_event_signal(machine->event, MACHINE_EVENT_STATISTICS);
}

bool machine_has_statistics(const struct machine *machine) {
    return machine->shared &&
           atomic_load_explicit(&machine->shared->statistics_answer, memory_order_acquire) ==
               atomic_load(&machine->shared->statistics_request);
}
