/*
 * What devices do to the outside. All of it is called with the machine's lock held, in the middle
 * of a device's work; so nothing here ends the program: a wish is noted instead.
 */
#include "guests/vmm/wiring.h"

#include <stdatomic.h>

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/start.h"
#include "guests/vmm/end.h"

#define IO_APIC_ID 0u /* as the MADT says */

static uint64_t now(void *context) {
    (void)context;
    return clock_now_ns();
}

/*
 * The manager empties the ring whenever it looks, so it must be told only of what makes an empty
 * ring non-empty. The fence orders our index before the look at its own: one of the two sides sees
 * the other's.
 */
static bool console_push(void *context, uint8_t byte) {
    struct machine *machine = context;
    if (ring_put(&machine->output, &byte, 1) == 0) {
        return false;
    }
    atomic_thread_fence(memory_order_seq_cst);
    if (ring_pending(&machine->output) == 1) {
        sys_event_signal(machine->manager, MACHINE_NOTIFY);
    }
    return true;
}

static int console_pull(void *context) {
    struct machine *machine = context;
    uint8_t byte;
    machine->shared->is_console_open = 1;
    if (ring_take(&machine->input, &byte, 1) == 0) {
        return UART_PULL_NONE;
    }
    atomic_thread_fence(memory_order_seq_cst);
    if (ring_available(&machine->input) == 0) {
        sys_event_signal(machine->manager, MACHINE_NOTIFY);
    }
    return byte;
}

static void send_interrupt(void *context, uint64_t address, uint32_t data) {
    const struct machine *machine = context;
    sys_guest_interrupt(machine->guest, address, data);
}

static void set_eoi_vectors(void *context, const uint64_t vectors[4]) {
    const struct machine *machine = context;
    sys_guest_set_eoi_exits(machine->guest, vectors);
}

/* The PIC's output is LINT0 of the boot processor. */
static void set_intr(void *context, unsigned input, bool level) {
    const struct machine *machine = context;
    (void)input;
    sys_guest_signal(machine->guest, 0, GUEST_SIGNAL_EXTERNAL, level);
}

static void power_off(void *context) {
    ((struct machine *)context)->wish = MACHINE_POWER_OFF;
}

static void reset(void *context) {
    ((struct machine *)context)->wish = MACHINE_RESET;
}

static void debug_exit(void *context, uint32_t value) {
    struct machine *machine = context;
    machine->wish = MACHINE_DEBUG_EXIT;
    machine->exit_value = value;
}

/*
 * Ports at which an access may move a deadline (devices that keep time) or end the machine. A wide
 * access may start up to three ports below.
 */
#define ACCESS_REACH 3u

static const struct {
    uint16_t first, last;
} consequential[] = {
    {PIT_PORT,           PIT_PORT + 3                          },
    {PIT_SPEAKER_PORT,   PIT_SPEAKER_PORT                      },
    {0x64,               0x64                                  }, /* reset by the keyboard controller */
    {RTC_PORT,           RTC_PORT + 1                          },
    {0x92,               0x92                                  }, /* reset by the system control port */
    {PM_PORT,            PM_PORT + PM_TIMER + PM_TIMER_SIZE - 1},
    {DEBUG_EXIT_PORT,    DEBUG_EXIT_PORT + DEBUG_EXIT_COUNT - 1},
    {RESET_CONTROL_PORT, RESET_CONTROL_PORT                    },
};

static void mark_consequential(struct machine *machine) {
    for (unsigned i = 0; i < sizeof(consequential) / sizeof(consequential[0]); i++) {
        unsigned first = consequential[i].first - ACCESS_REACH, last = consequential[i].last;
        for (unsigned port = first; port <= last; port++) {
            machine->has_consequences[port] = true;
        }
    }
}

void wiring_create(struct machine *machine) {
    const struct board_ops ops = {
        .clock = {.now = now            },
        .console = {                               .pull = console_pull,  .push = console_push, .context = machine},
        .ioapic = {             .send = send_interrupt, .eoi_vectors = set_eoi_vectors, .context = machine},
        .intr = {.set = set_intr,                      .device = machine},
        .power = {                                                  .power_off = power_off,                      .context = machine},
        .reset = {.reset = reset,                      .context = machine},
        .debug_exit = {                                                          .leave = debug_exit,                      .context = machine},
    };
    const struct board_config config = {
        .wall_ns = start_wall_clock_ns() + clock_now_ns(),
        .below_4g = machine->memory.low_length,
        .above_4g = machine->memory.high_length,
        .ioapic_id = IO_APIC_ID,
        .has_debug_exit = machine->settings.has_debug_exit,
    };
    if (!board_init(&machine->board, &ops, &config)) {
        end_failed("internal error: two devices claim one address");
    }
    machine->deadline = board_next(&machine->board);
    mark_consequential(machine);
}
