/*
 * ACPI's fixed hardware: PM1a event and control blocks, PM timer, SCI (ACPI Specification 6.4,
 * 4.8.3 "Fixed Hardware Registers"). The machine is in ACPI mode from the start (FADT: SMI_CMD 0),
 * so SCI_EN is always set. No PM1b, no PM2, no general-purpose events.
 *
 * Ports from the base:
 *   +0 PM1a_STS (2)  +2 PM1a_EN (2)  +4 PM1a_CNT (2)  +8 PM_TMR (4)
 */
#ifndef BULKHEAD_VMM_PM_H
#define BULKHEAD_VMM_PM_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"
#include "guests/vmm/devices/clock.h"
#include "guests/vmm/devices/line.h"

#define PM_PORT          0x600u /* a base that nothing else on a PC claims */
#define PM_EVENT         0u     /* FADT: PM1a_EVT_BLK, PM1_EVT_LEN 4 */
#define PM_EVENT_SIZE    4u
#define PM_CONTROL       4u /* FADT: PM1a_CNT_BLK, PM1_CNT_LEN 2 */
#define PM_CONTROL_SIZE  2u
#define PM_TIMER         8u /* FADT: PM_TMR_BLK, PM_TMR_LEN 4 */
#define PM_TIMER_SIZE    4u
#define PM_TIMER_HERTZ   3579545u
#define PM_SLEEP_TYPE_S5 5u /* DSDT: _S5 is Package () { 5, 5, 0, 0 } */

struct pm_ops {
    void (*power_off)(void *context); /* the guest has entered S5 */
    void *context;
};

struct pm {
    struct pm_ops ops;
    struct clock clock;
    struct line sci;
    uint16_t port;
    uint16_t status;
    uint16_t enable;
    uint16_t control;
    uint64_t tick;      /* the timer's carry has been looked at up to here */
    uint8_t timer_bits; /* 24 or 32 */
    bool sci_level;
};

/* TIMER_IS_32: FADT flag TMR_VAL_EXT; otherwise the timer has 24 bits. */
void pm_init(struct pm *pm, const struct pm_ops *ops, const struct clock *clock,
             const struct line *sci, bool timer_is_32);

/* Claims the event, control and timer blocks from BASE. */
bool pm_attach(struct pm *pm, struct io_bus *bus, uint16_t base);

/* A person presses the power button: PWRBTN_STS, and an SCI if the guest enabled it. */
void pm_power_button(struct pm *pm);

/* Raises TMR_STS if the timer's highest bit has changed by NOW. */
void pm_run(struct pm *pm, uint64_t now);

/* When the timer would raise an SCI. CLOCK_NEVER: not before the next access. */
uint64_t pm_next(const struct pm *pm);

/* OFFSET in the event and control blocks (0-5); bytes elsewhere read 0. */
uint8_t pm_read(struct pm *pm, unsigned offset, uint64_t now);
void pm_write(struct pm *pm, unsigned offset, uint8_t value, uint64_t now);

uint32_t pm_timer(const struct pm *pm, uint64_t now);

#endif
