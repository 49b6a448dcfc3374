/*
 * The interval timer of a PC: Intel 8254 (order number 231164) at 1,193,182 Hz and the port 0x61
 * that gates its third channel and reads it back. Channel 0 drives an interrupt line, channel 1
 * nothing, channel 2 the speaker nobody hears. Counting is closed arithmetic on absolute time: no
 * drift, and no cost for time that passes unseen.
 */
#ifndef BULKHEAD_VMM_PIT_H
#define BULKHEAD_VMM_PIT_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"
#include "guests/vmm/devices/clock.h"
#include "guests/vmm/devices/line.h"

#define PIT_HERTZ         1193182u
#define PIT_PORT          0x40u
#define PIT_SPEAKER_PORT  0x61u
#define PIT_CHANNEL_COUNT 3u

struct pit_channel {
    /* The counting element. */
    uint32_t count;  /* mode 3: ticks left in this half of the wave; else the count, up to 65536 */
    uint32_t period; /* what was loaded last, in ticks */
    uint8_t mode;    /* 0-5 */
    bool bcd;
    bool gate;
    bool out;
    bool written; /* a count was written since the control word */
    bool load;    /* the next tick loads the count register */
    bool loaded;  /* ... and it has done so since the control word: the element counts */
    bool armed;   /* modes 0, 1, 4, 5: counting towards their one event */
    bool strobe;  /* modes 4 and 5: OUT is low for this one tick */
    /* The bus side. */
    uint8_t control;    /* bits 5-0 of the last control word, for the status byte */
    uint8_t access;     /* 1: low byte, 2: high byte, 3: low then high */
    uint16_t reload;    /* the count register */
    uint16_t latch;     /* the output latch */
    uint8_t latch_left; /* bytes of it still to be read */
    uint8_t status;     /* latched status byte */
    uint8_t low_byte;   /* access 3: written, waiting for the high one */
    bool status_latched;
    bool write_high; /* access 3: the next byte written is the high one */
    bool read_high;  /* access 3: the next byte read is the high one */
    bool null_count; /* the count register is not in the counting element yet */
};

struct pit {
    struct pit_channel channels[PIT_CHANNEL_COUNT];
    struct clock clock;
    struct line irq;
    uint64_t tick; /* the state is that after so many ticks since time 0 */
    bool irq_level;
    uint8_t speaker; /* port 0x61, bits 3-0 */
};

/*
 * All channels idle until a guest programs them. IRQ rises with channel 0's OUT. Its fall is shown
 * when a guest's write causes it, else just before the next rise: on an edge-triggered input a
 * request must last until it is acknowledged, and a machine that runs late must not lose it to a
 * short low.
 */
void pit_init(struct pit *pit, const struct clock *clock, const struct line *irq);

/* Claims 0x40-0x43 and 0x61. */
bool pit_attach(struct pit *pit, struct io_bus *bus);

/*
 * Brings the model to NOW: the interrupt line follows channel 0; edges missed meanwhile become one.
 * Time that goes back counts as no time.
 */
void pit_run(struct pit *pit, uint64_t now);

/* When channel 0's OUT rises next: pit_run is due then. CLOCK_NEVER: not before the next access. */
uint64_t pit_next(const struct pit *pit);

/* PORT is one of those that pit_attach claims; others read 0xff. */
uint8_t pit_read(struct pit *pit, uint16_t port, uint64_t now);
void pit_write(struct pit *pit, uint16_t port, uint8_t value, uint64_t now);

#endif
