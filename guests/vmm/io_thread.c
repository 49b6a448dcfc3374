/* The I/O thread. Shares the board with the vCPUs' threads under the machine's lock. */
#include "guests/vmm/io_thread.h"

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/thread.h"
#include "guests/vmm/end.h"
#include "guests/vmm/statistics.h"

#define EVENTS                                                               \
    (MACHINE_EVENT_INPUT | MACHINE_EVENT_OUTPUT | MACHINE_EVENT_STATISTICS | \
     MACHINE_EVENT_POWER_BUTTON | MACHINE_EVENT_DEADLINE)

void io_thread_deadline_moved(struct machine *machine) {
    if (board_next(&machine->board) < machine->deadline) {
        sys_event_signal(machine->event, MACHINE_EVENT_DEADLINE);
    }
}

/* What has become due, and BITS of news. Returns until when to sleep. */
static uint64_t serve(struct machine *machine, uint64_t bits) {
    mutex_lock(&machine->lock);
    if (bits & MACHINE_EVENT_INPUT) {
        uart_input_ready(&machine->board.uart);
    }
    if (bits & MACHINE_EVENT_OUTPUT) {
        uart_output_ready(&machine->board.uart);
    }
    if (bits & MACHINE_EVENT_POWER_BUTTON) {
        pm_power_button(&machine->board.pm);
    }
    board_run(&machine->board, clock_now_ns());
    uint64_t deadline = board_next(&machine->board);
    machine->deadline = deadline;
    mutex_unlock(&machine->lock);
    return deadline;
}

static void run(void *argument) {
    struct machine *machine = argument;
    /* Input and requests may have come before this program did. */
    int64_t bits = EVENTS & ~MACHINE_EVENT_POWER_BUTTON;
    for (;;) {
        uint64_t deadline = serve(machine, (uint64_t)bits);
        if ((uint64_t)bits & MACHINE_EVENT_STATISTICS) {
            statistics_answer(machine);
        }
        bits = sys_event_wait(machine->event, EVENTS, deadline);
        if (bits == -STATUS_TIMED_OUT) {
            bits = 0;
        } else if (bits < 0) {
            end_call_failed("waiting for events", bits);
        }
    }
}

void io_thread_start(struct machine *machine) {
    int64_t result = thread_start(run, machine, 0, THREAD_ANY_CPU);
    if (result < 0) {
        end_call_failed("starting the I/O thread", result);
    }
}
