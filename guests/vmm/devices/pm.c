/* ACPI fixed hardware: power-management registers and timer. */
#include "guests/vmm/devices/pm.h"

#include <string.h>

#include "guests/vmm/devices/ticks.h"

/* ACPI 6.4, 4.8.3.1.1 "PM1 Status Registers" and 4.8.3.1.2 "PM1 Enable Registers". */
#define EVENT_TIMER        0x0001u
#define EVENT_GLOBAL       0x0020u
#define EVENT_POWER_BUTTON 0x0100u
#define EVENT_SLEEP_BUTTON 0x0200u
#define EVENT_RTC          0x0400u
#define EVENT_ENABLES \
    (EVENT_TIMER | EVENT_GLOBAL | EVENT_POWER_BUTTON | EVENT_SLEEP_BUTTON | EVENT_RTC)

/* 4.8.3.2.1 "PM1 Control Registers". GBL_RLS and SLP_EN read as 0. */
#define CONTROL_SCI_EN      0x0001u
#define CONTROL_BM_RLD      0x0002u
#define CONTROL_SLEEP_SHIFT 10
#define CONTROL_SLEEP_MASK  7u
#define CONTROL_SLEEP_EN    0x2000u
#define CONTROL_KEPT        (CONTROL_BM_RLD | CONTROL_SLEEP_MASK << CONTROL_SLEEP_SHIFT)

static void update_sci(struct pm *pm) {
    bool level = (pm->status & pm->enable & EVENT_ENABLES) != 0;
    if (level != pm->sci_level) {
        pm->sci_level = level;
        line_set(&pm->sci, level);
    }
}

/* TMR_STS: the highest bit of the timer has changed, in either direction (4.8.3.3). */
void pm_run(struct pm *pm, uint64_t now) {
    uint64_t tick = ticks_from_ns(now, PM_TIMER_HERTZ);
    if (tick <= pm->tick) {
        return;
    }
    unsigned half = pm->timer_bits - 1u;
    if (tick >> half != pm->tick >> half) {
        pm->status |= EVENT_TIMER;
    }
    pm->tick = tick;
    update_sci(pm);
}

uint64_t pm_next(const struct pm *pm) {
    if ((pm->enable & EVENT_TIMER) == 0 || (pm->status & EVENT_TIMER) != 0) {
        return CLOCK_NEVER;
    }
    unsigned half = pm->timer_bits - 1u;
    return ticks_to_ns(((pm->tick >> half) + 1) << half, PM_TIMER_HERTZ);
}

void pm_power_button(struct pm *pm) {
    pm->status |= EVENT_POWER_BUTTON;
    update_sci(pm);
}

uint32_t pm_timer(const struct pm *pm, uint64_t now) {
    uint32_t mask = pm->timer_bits == 32 ? UINT32_MAX : (1u << pm->timer_bits) - 1;
    return (uint32_t)ticks_from_ns(now, PM_TIMER_HERTZ) & mask;
}

uint8_t pm_read(struct pm *pm, unsigned offset, uint64_t now) {
    pm_run(pm, now);
    unsigned shift = offset % 2 * 8;
    switch (offset) {
    case 0:
    case 1: return (uint8_t)(pm->status >> shift);
    case 2:
    case 3: return (uint8_t)(pm->enable >> shift);
    case 4:
    case 5: return (uint8_t)(pm->control >> shift);
    default: return 0;
    }
}

static void write_control(struct pm *pm, uint16_t value, uint16_t mask) {
    pm->control = (uint16_t)((pm->control & ~mask) | (value & mask & CONTROL_KEPT) |
                             CONTROL_SCI_EN);
    unsigned sleep_type = (unsigned)pm->control >> CONTROL_SLEEP_SHIFT & CONTROL_SLEEP_MASK;
    if ((value & mask & CONTROL_SLEEP_EN) != 0 && sleep_type == PM_SLEEP_TYPE_S5) {
        pm->ops.power_off(pm->ops.context);
    }
}

void pm_write(struct pm *pm, unsigned offset, uint8_t value, uint64_t now) {
    pm_run(pm, now);
    unsigned shift = offset % 2 * 8;
    uint16_t mask = (uint16_t)(0xffu << shift);
    uint16_t word = (uint16_t)((unsigned)value << shift);
    switch (offset) {
    case 0:
    case 1: pm->status &= (uint16_t)~word; break; /* write one to clear */
    case 2:
    case 3: pm->enable = (uint16_t)((pm->enable & ~mask) | (word & EVENT_ENABLES)); break;
    case 4:
    case 5: write_control(pm, word, mask); break;
    default: break;
    }
    update_sci(pm);
}

void pm_init(struct pm *pm, const struct pm_ops *ops, const struct clock *clock,
             const struct line *sci, bool timer_is_32) {
    memset(pm, 0, sizeof(*pm));
    pm->ops = *ops;
    pm->clock = *clock;
    pm->sci = *sci;
    pm->control = CONTROL_SCI_EN;
    pm->timer_bits = timer_is_32 ? 32 : 24;
    pm->tick = ticks_from_ns(clock_now(clock), PM_TIMER_HERTZ);
}

static uint32_t block_read(void *device, uint16_t port, unsigned width) {
    struct pm *pm = device;
    (void)width;
    return pm_read(pm, (unsigned)(port - pm->port), clock_now(&pm->clock));
}

static void block_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    struct pm *pm = device;
    (void)width;
    pm_write(pm, (unsigned)(port - pm->port), (uint8_t)value, clock_now(&pm->clock));
}

/* Any part of the timer comes from one reading of the clock. */
static uint32_t timer_read(void *device, uint16_t port, unsigned width) {
    struct pm *pm = device;
    (void)width;
    return pm_timer(pm, clock_now(&pm->clock)) >> (8 * ((port - pm->port) % PM_TIMER_SIZE));
}

static void timer_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    (void)device;
    (void)port;
    (void)width;
    (void)value;
}

static const struct bus_io_ops block_ops = {block_read, block_write, BUS_WIDTH_1};
static const struct bus_io_ops timer_ops = {timer_read, timer_write, BUS_WIDTHS_IO};

bool pm_attach(struct pm *pm, struct io_bus *bus, uint16_t base) {
    pm->port = base;
    return base <= BUS_PORT_COUNT - PM_TIMER - PM_TIMER_SIZE &&
           bus_io_claim(bus, (uint16_t)(base + PM_EVENT), PM_EVENT_SIZE, &block_ops, pm) &&
           bus_io_claim(bus, (uint16_t)(base + PM_CONTROL), PM_CONTROL_SIZE, &block_ops, pm) &&
           bus_io_claim(bus, (uint16_t)(base + PM_TIMER), PM_TIMER_SIZE, &timer_ops, pm);
}
