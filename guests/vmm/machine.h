/*
 * A machine while it runs: its guest, memory, board and the threads that share them. One vCPU has
 * one thread (loop.c); one more thread serves time, console and the manager (io_thread.c).
 */
#ifndef BULKHEAD_VMM_MACHINE_H
#define BULKHEAD_VMM_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guests/lib/machine_start.h"
#include "guests/lib/mutex.h"
#include "guests/lib/ring.h"
#include "guests/vmm/devices/board.h"
#include "guests/vmm/guest_memory.h"
#include "guests/vmm/settings.h"
#include "kernel/abi/guest.h"

/* How a guest asked for its end; acted upon when no device is in the middle of an access. */
enum machine_wish { MACHINE_GOES_ON, MACHINE_POWER_OFF, MACHINE_RESET, MACHINE_DEBUG_EXIT };

/* The VMM's own bit in its event: a device has a new deadline. */
#define MACHINE_EVENT_DEADLINE (1ull << MACHINE_EVENT_OWN_FIRST)

struct vcpu {
    struct machine *machine;
    struct vcpu_page *page;
    uint32_t index;
};

struct machine {
    struct settings settings;
    struct guest_memory memory;
    handle_t space; /* guest-physical */
    handle_t guest;
    handle_t event;   /* of the I/O thread */
    handle_t manager; /* to signal the manager */
    struct machine_shared *shared;
    struct vcpu vcpu[SETTINGS_CPU_MAX];
    _Atomic uint32_t halted_count; /* vCPUs that nothing can wake */

    /* Everything below belongs to who holds the lock. */
    struct mutex lock;
    struct board board;
    struct ring input, output;             /* this end of the console */
    uint64_t deadline;                     /* until which the I/O thread sleeps */
    uint32_t wish;                         /* enum machine_wish */
    uint32_t exit_value;                   /* with MACHINE_DEBUG_EXIT */
    bool has_consequences[BUS_PORT_COUNT]; /* see wiring.c */
};

#endif
