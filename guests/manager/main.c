/*
 * The manager: the first partition, started by the kernel. Reads the configuration, starts the
 * machines, owns the serial console, and ends the system when nothing is left to run. One thread,
 * one event.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/log.h"
#include "guests/lib/map.h"
#include "guests/lib/start.h"
#include "guests/lib/status.h"
#include "guests/manager/commands.h"
#include "guests/manager/config.h"
#include "guests/manager/console.h"
#include "guests/manager/events.h"
#include "guests/manager/input.h"
#include "guests/manager/kernel_log.h"
#include "guests/manager/machine.h"
#include "guests/manager/modules.h"
#include "guests/manager/screen.h"
#include "guests/manager/shutdown.h"
#include "guests/manager/uart.h"

/* How often machines are looked at that cannot tell of themselves. */
#define POLL_PERIOD_NS 20000000ull
/* How long the last bytes may take to leave the serial port. */
#define DRAIN_LIMIT_NS 10000000000ull
#define DRAIN_LOOK_NS  1000000ull

static struct config config;
static handle_t event;

/* --- Start
 * ---------------------------------------------------------------------------------------- */

static void open_console(void) {
    int64_t result = sys_event_create(HANDLE_PARTITION);
    if (result < 0) {
        log_line("manager: no event: %s", status_text(result));
        exit(EXIT_FAILURE);
    }
    event = (handle_t)result;
    kernel_log_open(event, EVENTS_LOG);
    result = uart_open(event, EVENTS_UART);
    if (result < 0)
        log_line("manager: no serial port: %s", status_text(result));
}

static void read_configuration(void) {
    static char text[CONFIG_SIZE_LIMIT + 1];
    uint64_t length;
    const void *file = modules_map(CONFIG_FILE, &length);
    if (!file) {
        screen_say(CONFIG_FILE
                   ": there is no such file in \\bulkhead\\ of the boot volume, or it is empty");
        return;
    }
    if (length > CONFIG_SIZE_LIMIT) {
        screen_say(CONFIG_FILE ": larger than %u bytes", CONFIG_SIZE_LIMIT);
        length = 0;
    }
    memcpy(text, file, length);
    map_undo((void *)(uintptr_t)file);
    config_read(&config, text, length);
}

static void check_configuration(void) {
    struct partition_info own = {0};
    struct config_computer computer = {
        .module = modules_all(),
        .module_count = modules_count(),
    };
    if (sys_partition_info(HANDLE_PARTITION, &own) >= 0)
        computer.memory = own.memory_quota - own.memory_used;
    config_check(&config, &computer);
    for (uint32_t i = 0; i < config.diagnostic_count; i++) {
        const struct config_diagnostic *diagnostic = &config.diagnostic[i];
        if (diagnostic->line)
            screen_say(CONFIG_FILE ":%u: %s", (unsigned)diagnostic->line, diagnostic->text);
        else
            screen_say(CONFIG_FILE ": %s", diagnostic->text);
    }
    if (config.has_more_diagnostics)
        screen_say(CONFIG_FILE ": and more");
}

/* Partitions that run although this manager has started none: it is not the first. */
static void adopt_partitions(void) {
    struct partition_info info = {0};
    struct partition_info own = {0};
    uint64_t id = 0;
    sys_partition_info(HANDLE_PARTITION, &own);
    for (;;) {
        int64_t partition = sys_partition_list(HANDLE_SYSTEM, id, &info);
        if (partition < 0)
            return;
        id = info.id;
        info.name[PARTITION_NAME_SIZE - 1] = 0;
        struct machine *machine = machine_find(info.name);
        if (id == own.id || !machine) {
            sys_handle_close((handle_t)partition);
            continue;
        }
        machine_adopt(machine, (handle_t)partition);
        screen_say("machine %s: found running", info.name);
    }
}

static void start_machines(void) {
    uint32_t order[CONFIG_MACHINE_LIMIT];
    struct machine *first = NULL;
    config_start_order(&config, order);
    for (uint32_t i = 0; i < config.machine_count; i++) {
        struct machine *machine = machine_at(order[i]);
        if (machine->config->is_faulty)
            screen_say("machine %s: not started: its section in " CONFIG_FILE " has a fault",
                       machine->config->name);
        else if (machine_is_alive(machine) || machine_start(machine))
            first = !first && console_has(machine) ? machine : first;
    }
    if (first || config.when_empty == CONFIG_WHEN_EMPTY_PROMPT) {
        screen_say("Ctrl-A h shows help");
        console_show(first);
    }
}

/* --- End
 * ------------------------------------------------------------------------------------------ */

/* The last line, until it has left the computer; then the computer is turned off. */
static void end_system(void) {
    unsigned status = machine_any_failed() ? 1 : machine_exit_status();
    uint64_t limit = clock_now_ns() + DRAIN_LIMIT_NS;
    screen_set_footer(NULL);
    screen_say("power off, status %u", status);
    while (clock_now_ns() < limit) {
        uart_transmit();
        if (uart_is_drained())
            break;
        sys_event_wait(event, EVENTS_UART, clock_now_ns() + DRAIN_LOOK_NS);
        uart_service(input_receive);
    }
    sys_system_shutdown(HANDLE_SYSTEM, SHUTDOWN_POWER_OFF, status);
    screen_say("the computer cannot be turned off by software");
    uart_transmit();
}

/* Nothing runs any more: the end, or the prompt. */
static void when_empty(void) {
    bool is_over = shutdown_is_wanted() || config.when_empty == CONFIG_WHEN_EMPTY_SHUTDOWN;
    static bool has_ended;
    if (machine_any_alive() || has_ended)
        return;
    if (is_over) {
        has_ended = true;
        end_system();
    }
}

/* --- The loop
 * ------------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The bits that are set, at the latest when something of the manager's own is due. */
static uint64_t wait(bool has_more) {
    uint64_t deadline = earlier(commands_deadline_ns(), shutdown_deadline_ns());
    if (machine_needs_polling())
        deadline = earlier(deadline, clock_now_ns() + POLL_PERIOD_NS);
    int64_t bits = sys_event_wait(event, EVENTS_ALL, has_more ? DEADLINE_NOW : deadline);
    return bits < 0 ? 0 : (uint64_t)bits;
}

static void look_after_front(void) {
    struct machine *front = console_front();
    if (front && !machine_is_alive(front))
        console_show(NULL);
}

/* How far the computer has come since its firmware gave it up, in ticks: `make bench` reads it. */
static void log_start(uint64_t started) {
    struct system_info info = {0};
    if (sys_system_info(HANDLE_SYSTEM, &info) >= 0)
        log_line("hand-over at TSC %llu, manager started at %llu",
                 (unsigned long long)info.handover_ticks, (unsigned long long)started);
}

int main(int argc, char **argv) {
    uint64_t started = __builtin_ia32_rdtsc();
    (void)argc;
    (void)argv;
    open_console();
    log_start(started);
    modules_open();
    read_configuration();
    check_configuration();
    machine_set_up(&config, event);
    adopt_partitions();
    start_machines();

    for (uint64_t bits = 0;;) {
        bool has_more;
        if (bits & EVENTS_UART)
            uart_service(input_receive);
        /* What a VMM has logged before its end comes before the news of its end. */
        kernel_log_pump();
        machine_take_events(bits, console_drain);
        machine_poll(console_drain);
        shutdown_pump();
        do {
            input_pump();
            when_empty();
            look_after_front();
            kernel_log_pump();
            has_more = console_pump();
        } while (commands_pump());
        uart_transmit();
        bits = wait(has_more);
    }
}
