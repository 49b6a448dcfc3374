/* The way to the end. */
#include "guests/manager/shutdown.h"

#include "guests/lib/clock.h"
#include "guests/manager/machine.h"
#include "guests/manager/screen.h"
#include "kernel/abi/types.h"

#define PATIENCE_NS 10000000000ull

static bool is_wanted;
static uint64_t deadline_ns = DEADLINE_NEVER;

static void stop_all(void) {
    for (uint32_t i = 0; i < machine_count(); i++) {
        if (machine_is_alive(machine_at(i)))
            machine_stop(machine_at(i));
    }
    deadline_ns = DEADLINE_NEVER;
}

void shutdown_begin(bool is_now) {
    is_wanted = true;
    if (is_now) {
        stop_all();
        return;
    }
    for (uint32_t i = 0; i < machine_count(); i++) {
        struct machine *machine = machine_at(i);
        if (!machine_is_alive(machine))
            continue;
        machine->is_stopping = true;
        if (machine->state == MACHINE_PAUSED)
            machine_stop(machine);
        else
            machine_press_power(machine);
    }
    if (machine_any_alive())
        screen_say(
            "shutting down; machines have 10 s to turn themselves off (`shutdown now`: none)");
    deadline_ns = clock_now_ns() + PATIENCE_NS;
}

bool shutdown_is_wanted(void) {
    return is_wanted;
}

uint64_t shutdown_deadline_ns(void) {
    return deadline_ns;
}

void shutdown_pump(void) {
    if (clock_now_ns() >= deadline_ns)
        stop_all();
}
