/* The commands of the prompt: one table, one function each. */
#include "guests/manager/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/status.h"
#include "guests/manager/console.h"
#include "guests/manager/info.h"
#include "guests/manager/kernel_log.h"
#include "guests/manager/machine.h"
#include "guests/manager/prompt.h"
#include "guests/manager/screen.h"
#include "guests/manager/shutdown.h"
#include "guests/manager/value.h"

#define WORD_LIMIT           4
#define STATISTICS_PERIOD_NS 1000000000ull

/* The machine whose statistics are waited for; NULL: none. */
static struct machine *waits_for;
static uint64_t deadline_ns;
/* The old lines of the log are being shown. */
static bool waits_for_log;

struct command {
    const char *name;
    const char *arguments;
    const char *help;
    int minimum, maximum; /* words behind the name */
    bool is_for_alive;    /* the machine named must run */
    void (*run)(struct machine *machine, bool is_now);
};

static const struct command commands[];

static void run_help(struct machine *machine, bool is_now) {
    (void)machine;
    (void)is_now;
    for (const struct command *command = commands; command->name; command++) {
        char usage[32];
        snprintf(usage, sizeof(usage), "%s %s", command->name, command->arguments);
        screen_print("  %-18s %s\n", usage, command->help);
    }
    commands_show_keys();
}

void commands_show_keys(void) {
    screen_print("  Ctrl-A, then       p: this prompt   n: next console   c: back to the console\n"
                 "                     h: help   Ctrl-A: one Ctrl-A for the guest\n");
}

static void run_list(struct machine *machine, bool is_now) {
    (void)machine;
    (void)is_now;
    info_list();
}

static void run_info(struct machine *machine, bool is_now) {
    (void)is_now;
    if (machine)
        info_machine(machine);
    else
        info_system();
}

static void run_console(struct machine *machine, bool is_now) {
    (void)is_now;
    if (console_has(machine))
        console_show(machine);
    else
        screen_print("machine %s has no console (console = none)\n", machine->config->name);
}

static void run_log(struct machine *machine, bool is_now) {
    (void)machine;
    (void)is_now;
    kernel_log_replay();
    waits_for_log = true;
}

static void run_start(struct machine *machine, bool is_now) {
    (void)is_now;
    if (machine_is_alive(machine))
        screen_print("machine %s is %s\n", machine->config->name, machine_state_name(machine));
    else if (machine->config->is_faulty)
        screen_print("machine %s has a fault in " CONFIG_FILE "\n", machine->config->name);
    else
        machine_start(machine);
}

static void run_stop(struct machine *machine, bool is_now) {
    if (is_now || machine->state == MACHINE_PAUSED) {
        machine_stop(machine);
        return;
    }
    machine->is_stopping = true;
    machine_press_power(machine);
    screen_print("power button of %s pressed; `stop %s now` ends it at once\n",
                 machine->config->name, machine->config->name);
}

static void run_pause(struct machine *machine, bool is_now) {
    (void)is_now;
    if (machine_pause(machine))
        screen_print("machine %s is paused\n", machine->config->name);
}

static void run_resume(struct machine *machine, bool is_now) {
    (void)is_now;
    if (machine_resume(machine))
        screen_print("machine %s is running\n", machine->config->name);
}

static void run_stats(struct machine *machine, bool is_now) {
    (void)is_now;
    machine_ask_statistics(machine);
    waits_for = machine;
    deadline_ns = clock_now_ns() + STATISTICS_PERIOD_NS;
}

/* Each finding is a line of the kernel's log, which is shown as it grows. */
static void run_audit(struct machine *machine, bool is_now) {
    (void)machine;
    (void)is_now;
    int64_t findings = sys_system_audit(HANDLE_SYSTEM);
    if (findings < 0)
        screen_print("audit: %s\n", status_text(findings));
    else if (findings == 0)
        screen_print("memory is as the kernel promises: no findings\n");
    else
        screen_print("%" PRId64 " findings: a fault of Bulkhead's; see the log\n", findings);
}

static void run_shutdown(struct machine *machine, bool is_now) {
    (void)machine;
    shutdown_begin(is_now);
}

static const struct command commands[] = {
    {"help",     "",           "this list",                                               0, 0, false, run_help    },
    {"list",     "",           "machines and what they use",                              0, 0, false, run_list    },
    {"info",     "[NAME]",     "the computer, or a machine",                              0, 1, false, run_info    },
    {"console",  "NAME",       "bring a machine's console to the front",                  1, 1, true,  run_console },
    {"log",      "",           "everything that the kernel's log has kept",               0, 0, false, run_log     },
    {"start",    "NAME",       "start a machine that is off",                             1, 1, false, run_start   },
    {"stop",     "NAME [now]", "press its power button, or end it at once",               1, 2, true,  run_stop    },
    {"pause",    "NAME",       "let it stand still",                                      1, 1, true,  run_pause   },
    {"resume",   "NAME",       "let it go on",                                            1, 1, true,  run_resume  },
    {"stats",    "NAME",       "why its guest has left to the hypervisor, and how often", 1, 1, true,
     run_stats                                                                                                     },
    {"audit",    "",           "check every page table and account of memory",            0, 0, false, run_audit   },
    {"shutdown", "[now]",      "stop all machines and turn the computer off",             0, 1, false, run_shutdown},
    {NULL,       NULL,         NULL,                                                      0, 0, false, NULL        },
};

static const struct command *find(const char *name) {
    const char *names[sizeof(commands) / sizeof(commands[0])];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        names[i] = commands[i].name;
    int index = value_word(name, names);
    if (index >= 0)
        return &commands[index];
    const char *nearest = value_nearest(name, names);
    if (nearest)
        screen_print("unknown command %s; did you mean %s? `help` lists all\n", name, nearest);
    else
        screen_print("unknown command %s; `help` lists all\n", name);
    return NULL;
}

/* The machine that a command's first word names. False: a message has said what is wrong. */
static bool find_machine(const struct command *command, const char *name,
                         struct machine **machine) {
    *machine = machine_find(name);
    if (!*machine) {
        screen_print("there is no machine %s; `list` shows all\n", name);
        return false;
    }
    if (command->is_for_alive && !machine_is_alive(*machine)) {
        screen_print("machine %s is %s\n", name, machine_state_name(*machine));
        return false;
    }
    return true;
}

void commands_run(char *line) {
    char *words[WORD_LIMIT + 1];
    int count = 0;
    for (char *word = strtok(line, " \t"); word && count <= WORD_LIMIT; word = strtok(NULL, " \t"))
        words[count++] = word;
    if (count == 0)
        return;
    const struct command *command = find(words[0]);
    if (!command)
        return;

    struct machine *machine = NULL;
    bool takes_name = command->arguments[0] == 'N' || strncmp(command->arguments, "[N", 2) == 0;
    bool takes_now = strstr(command->arguments, "[now]") != NULL;
    bool is_now = takes_now && count > 1 && strcmp(words[count - 1], "now") == 0 &&
                  count - 1 == command->maximum;
    bool is_wrong = count - 1 < command->minimum || count - 1 > command->maximum ||
                    (takes_now && count - 1 == command->maximum && !is_now);
    if (is_wrong) {
        screen_print("usage: %s %s\n", command->name, command->arguments);
        return;
    }
    if (takes_name && count > 1 && !find_machine(command, words[1], &machine))
        return;
    command->run(machine, is_now);
}

bool commands_is_waiting(void) {
    return waits_for || waits_for_log;
}

uint64_t commands_deadline_ns(void) {
    return waits_for ? deadline_ns : DEADLINE_NEVER;
}

/* True: there are figures, or there will be none. */
static bool end_stats(void) {
    struct machine *machine = waits_for;
    bool is_there = machine_has_statistics(machine);
    if (!is_there && clock_now_ns() < deadline_ns && machine_is_alive(machine))
        return false;
    waits_for = NULL;
    if (!is_there)
        screen_print("machine %s (%s) gives no answer; its last figures:\n", machine->config->name,
                     machine_state_name(machine));
    info_statistics(machine);
    return true;
}

static bool end_log(void) {
    waits_for_log = kernel_log_is_replaying();
    return !waits_for_log;
}

bool commands_pump(void) {
    bool has_ended = (waits_for && end_stats()) || (waits_for_log && end_log());
    if (has_ended && !console_front())
        prompt_show();
    return has_ended;
}
