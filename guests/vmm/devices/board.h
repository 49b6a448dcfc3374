/*
 * The board: all devices of a machine, wired to each other and to the two buses. A VMM needs this
 * header only: give it the effects, hand it every port and memory access, run it at its deadlines.
 */
#ifndef BULKHEAD_VMM_BOARD_H
#define BULKHEAD_VMM_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"
#include "guests/vmm/devices/clock.h"
#include "guests/vmm/devices/debug_exit.h"
#include "guests/vmm/devices/ioapic.h"
#include "guests/vmm/devices/irq.h"
#include "guests/vmm/devices/pci.h"
#include "guests/vmm/devices/pic.h"
#include "guests/vmm/devices/pit.h"
#include "guests/vmm/devices/pm.h"
#include "guests/vmm/devices/reset.h"
#include "guests/vmm/devices/rtc.h"
#include "guests/vmm/devices/uart.h"

struct board_ops {
    struct clock clock;               /* monotonic nanoseconds */
    struct uart_ops console;          /* COM1 */
    struct ioapic_ops ioapic;         /* interrupt messages; which vectors' ends to report */
    struct line intr;                 /* the PIC's output (virtual wire: the boot CPU's LINT0) */
    struct pm_ops power;              /* power-off */
    struct reset_ops reset;           /* reset: the caller makes a fresh board */
    struct debug_exit_ops debug_exit; /* only if the board has that device */
};

struct board {
    struct io_bus io;
    struct memory_bus memory;
    struct pic pic;
    struct ioapic ioapic;
    struct irq_router irq;
    struct uart uart;
    struct pit pit;
    struct rtc rtc;
    struct pm pm;
    struct reset reset;
    struct pci pci;
    struct debug_exit debug_exit;
};

struct board_config {
    uint64_t wall_ns;  /* nanoseconds since 1 January 1970, UTC, now */
    uint64_t below_4g; /* bytes of RAM below and above 4 GiB */
    uint64_t above_4g;
    uint8_t ioapic_id; /* as the MADT says */
    bool has_debug_exit;
};

/*
 * Power-on state. A reset is board_init again: nothing else keeps state. Do not call it from inside
 * the reset callback, which runs inside a device: note the wish there, act when the access returns.
 * False: two devices claim one port, a fault of the board and not of any guest.
 */
bool board_init(struct board *board, const struct board_ops *ops,
                const struct board_config *config);

/* Brings every device that keeps time to NOW; due at board_next, harmless at any time. */
void board_run(struct board *board, uint64_t now);

/* The earliest deadline, which an access may have changed. CLOCK_NEVER: none. */
uint64_t board_next(const struct board *board);

#endif
