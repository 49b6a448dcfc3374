/*
 * The 8254 interval timer. Between two accesses nothing can happen to a channel but ticks, so its
 * state after any number of them is computed at once. Quoted sections are those of the 8254 data
 * sheet.
 */
#include "guests/vmm/devices/pit.h"

#include <string.h>

#include "guests/vmm/devices/ticks.h"

#define SPEAKER_CHANNEL 2u

/* The control word: channel, access, mode, BCD. */
#define CONTROL_CHANNEL(v)   ((v) >> 6)
#define CONTROL_READ_BACK    3u
#define CONTROL_ACCESS(v)    ((v) >> 4 & 3)
#define CONTROL_LATCH        0u
#define CONTROL_MODE(v)      ((v) >> 1 & 7)
#define CONTROL_BCD          0x01u
#define CONTROL_STATUS       0x3fu
#define READ_BACK_NO_COUNT   0x20u
#define READ_BACK_NO_STATUS  0x10u
#define READ_BACK_CHANNEL(n) (2u << (n))
#define STATUS_OUT           0x80u
#define STATUS_NULL          0x40u

enum { ACCESS_LOW = 1, ACCESS_HIGH = 2, ACCESS_BOTH = 3 };

/* Port 0x61 (82371 data sheet, "NMI Status and Control"). */
#define SPEAKER_GATE          0x01u
#define SPEAKER_WRITABLE      0x0fu
#define SPEAKER_REFRESH       0x10u
#define SPEAKER_OUT           0x20u
#define SPEAKER_REFRESH_TICKS 18u /* DRAM refresh: every 15 microseconds */

static uint32_t modulus(const struct pit_channel *channel) {
    return channel->bcd ? 10000 : 65536;
}

static uint32_t from_bcd(uint16_t value) {
    return (value >> 12) * 1000u + (value >> 8 & 15) * 100u + (value >> 4 & 15) * 10u +
           (value & 15u);
}

static uint16_t to_bcd(uint32_t value) {
    uint32_t digits = value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4;
    return (uint16_t)(digits | value % 10);
}

static bool is_periodic(const struct pit_channel *channel) {
    return channel->mode == 2 || channel->mode == 3;
}

/* The count register in ticks. 0 stands for the largest count; 1 is illegal in modes 2 and 3. */
static uint32_t reload_ticks(const struct pit_channel *channel) {
    uint32_t ticks = channel->bcd ? from_bcd(channel->reload) % 10000 : channel->reload;
    if (ticks == 0) {
        ticks = modulus(channel);
    }
    return is_periodic(channel) && ticks < 2 ? 2 : ticks;
}

/* True when this is a rising edge. */
static bool set_out(struct pit_channel *channel, bool level) {
    bool rises = level && !channel->out;
    channel->out = level;
    return rises;
}

static void fetch(struct pit_channel *channel) {
    channel->period = reload_ticks(channel);
    channel->null_count = false;
}

/* Mode 3: high for (N + 1) / 2 ticks, low for the rest. */
static uint32_t half_wave(const struct pit_channel *channel) {
    return channel->out ? (channel->period + 1) / 2 : channel->period / 2;
}

static void load(struct pit_channel *channel) {
    fetch(channel);
    channel->load = false;
    channel->loaded = true;
    channel->armed = true;
    if (channel->mode == 1) {
        channel->out = false;
    }
    channel->count = channel->mode == 3 ? half_wave(channel) : channel->period;
}

/* Modes 0, 1, 4, 5: down to zero once, then round and round without effect. */
static bool advance_once(struct pit_channel *channel, uint64_t ticks) {
    bool rises = false;
    if (channel->armed && ticks >= channel->count) {
        channel->armed = false;
        if (channel->mode <= 1) {
            rises = set_out(channel, true);
        } else {
            channel->strobe = ticks == channel->count;
            channel->out = !channel->strobe;
            rises = channel->out;
        }
    }
    uint32_t size = modulus(channel);
    channel->count = (channel->count + size - (uint32_t)(ticks % size)) % size;
    return rises;
}

/* Mode 2: OUT is low while the count is 1. */
static bool advance_rate(struct pit_channel *channel, uint64_t ticks) {
    bool rises = ticks >= channel->count;
    if (rises) {
        ticks -= channel->count;
        fetch(channel);
        channel->count = channel->period - (uint32_t)(ticks % channel->period);
    } else {
        channel->count -= (uint32_t)ticks;
    }
    channel->out = channel->count != 1;
    return rises;
}

/* Mode 3: a new count takes effect at the end of a half wave. */
static bool advance_square(struct pit_channel *channel, uint64_t ticks) {
    if (ticks < channel->count) {
        channel->count -= (uint32_t)ticks;
        return false;
    }
    ticks -= channel->count;
    bool rises = set_out(channel, !channel->out);
    fetch(channel);
    rises |= ticks >= channel->period;
    ticks %= channel->period;
    while (ticks >= half_wave(channel)) {
        ticks -= half_wave(channel);
        rises |= set_out(channel, !channel->out);
    }
    channel->count = half_wave(channel) - (uint32_t)ticks;
    return rises;
}

/* TICKS clock pulses. True when OUT has risen at least once. */
static bool advance(struct pit_channel *channel, uint64_t ticks) {
    bool rises = false;
    if (ticks == 0) {
        return false;
    }
    if (channel->strobe) {
        channel->strobe = false;
        rises = set_out(channel, true);
    }
    if (channel->load) {
        load(channel);
        ticks--;
    }
    bool gated = channel->mode != 1 && channel->mode != 5 && !channel->gate;
    if (ticks == 0 || !channel->loaded || gated) {
        return rises;
    }
    switch (channel->mode) {
    case 2: return advance_rate(channel, ticks) || rises;
    case 3: return advance_square(channel, ticks) || rises;
    default: return advance_once(channel, ticks) || rises;
    }
}

/* Ticks until OUT rises; 0: it does not without an access. */
static uint64_t ticks_to_rise(const struct pit_channel *channel) {
    bool gated = channel->mode != 1 && channel->mode != 5 && !channel->gate;
    if (channel->strobe) {
        return 1;
    }
    if ((!channel->load && !channel->loaded) || gated) {
        return 0;
    }
    uint64_t reload = reload_ticks(channel);
    uint64_t first = channel->load ? 1 + reload : channel->count;
    switch (channel->mode) {
    case 2: return first;
    case 3: return channel->load || !channel->out ? first : first + reload / 2;
    case 0:
    case 1: return channel->load || channel->armed ? first : 0;
    default: return channel->load || channel->armed ? first + 1 : 0;
    }
}

static void update_irq(struct pit *pit, bool level) {
    if (level != pit->irq_level) {
        pit->irq_level = level;
        line_set(&pit->irq, level);
    }
}

static void rise_irq(struct pit *pit) {
    update_irq(pit, false);
    update_irq(pit, true);
}

void pit_run(struct pit *pit, uint64_t now) {
    uint64_t tick = ticks_from_ns(now, PIT_HERTZ);
    if (tick <= pit->tick) {
        return;
    }
    uint64_t passed = tick - pit->tick;
    pit->tick = tick;
    bool rises = advance(&pit->channels[0], passed);
    (void)advance(&pit->channels[1], passed);
    (void)advance(&pit->channels[SPEAKER_CHANNEL], passed);
    if (rises) {
        rise_irq(pit);
    }
}

uint64_t pit_next(const struct pit *pit) {
    uint64_t ticks = ticks_to_rise(&pit->channels[0]);
    return ticks != 0 ? ticks_to_ns(pit->tick + ticks, PIT_HERTZ) : CLOCK_NEVER;
}

/* What the counting element shows. "Mode 3" counts by two, an odd count from N - 1. */
static uint16_t current(const struct pit_channel *channel) {
    uint32_t value = channel->count;
    if (channel->mode == 3 && value != 0) {
        bool odd_high = channel->period % 2 != 0 && channel->out;
        value = 2 * (odd_high ? value - 1 : value);
    }
    value %= modulus(channel);
    return channel->bcd ? to_bcd(value) : (uint16_t)value;
}

static void latch_count(struct pit_channel *channel) {
    if (channel->latch_left == 0) {
        channel->latch = current(channel);
        channel->latch_left = channel->access == ACCESS_BOTH ? 2 : 1;
    }
}

static void latch_status(struct pit_channel *channel) {
    if (!channel->status_latched) {
        unsigned status = channel->control;
        status |= channel->out ? STATUS_OUT : 0;
        status |= channel->null_count ? STATUS_NULL : 0;
        channel->status = (uint8_t)status;
        channel->status_latched = true;
    }
}

static uint8_t read_count(struct pit_channel *channel) {
    if (channel->status_latched) {
        channel->status_latched = false;
        return channel->status;
    }
    uint16_t value;
    bool high = channel->access == ACCESS_HIGH;
    if (channel->latch_left != 0) {
        value = channel->latch;
        high = high || (channel->access == ACCESS_BOTH && channel->latch_left == 1);
        channel->latch_left--;
    } else {
        value = current(channel);
        if (channel->access == ACCESS_BOTH) {
            high = channel->read_high;
            channel->read_high = !high;
        }
    }
    return (uint8_t)(high ? value >> 8 : value);
}

static void commit_count(struct pit_channel *channel, uint16_t value) {
    channel->reload = value;
    channel->written = true;
    channel->null_count = true;
    switch (channel->mode) {
    case 0:
        channel->out = false;
        channel->load = true;
        break;
    case 1:
    case 5: break; /* the gate triggers */
    case 4: channel->load = true; break;
    default: channel->load |= !channel->loaded; break; /* else at the end of the (half) wave */
    }
}

static void write_count(struct pit_channel *channel, uint8_t value) {
    if (channel->access == ACCESS_LOW) {
        commit_count(channel, value);
    } else if (channel->access == ACCESS_HIGH) {
        commit_count(channel, (uint16_t)(value << 8));
    } else if (channel->write_high) {
        channel->write_high = false;
        commit_count(channel, (uint16_t)(value << 8 | channel->low_byte));
    } else {
        channel->low_byte = value;
        channel->write_high = true;
        if (channel->mode == 0) { /* "Writing the first byte disables counting. OUT is set low" */
            channel->load = false;
            channel->loaded = false;
            channel->out = false;
        }
    }
}

static void write_channel_control(struct pit_channel *channel, uint8_t value) {
    unsigned mode = CONTROL_MODE(value);
    channel->control = value & CONTROL_STATUS;
    channel->access = CONTROL_ACCESS(value);
    channel->mode = (uint8_t)(mode > 5 ? mode - 4 : mode);
    channel->bcd = (value & CONTROL_BCD) != 0;
    channel->out = channel->mode != 0;
    channel->count = 0;
    channel->written = false;
    channel->load = false;
    channel->loaded = false;
    channel->armed = false;
    channel->strobe = false;
    channel->null_count = true;
    channel->write_high = false;
    channel->read_high = false;
    channel->latch_left = 0;
    channel->status_latched = false;
}

static void write_control(struct pit *pit, uint8_t value) {
    unsigned index = CONTROL_CHANNEL(value);
    if (index == CONTROL_READ_BACK) {
        for (unsigned i = 0; i < PIT_CHANNEL_COUNT; i++) {
            if ((value & READ_BACK_CHANNEL(i)) != 0 && (value & READ_BACK_NO_COUNT) == 0) {
                latch_count(&pit->channels[i]);
            }
            if ((value & READ_BACK_CHANNEL(i)) != 0 && (value & READ_BACK_NO_STATUS) == 0) {
                latch_status(&pit->channels[i]);
            }
        }
    } else if (CONTROL_ACCESS(value) == CONTROL_LATCH) {
        latch_count(&pit->channels[index]);
    } else {
        write_channel_control(&pit->channels[index], value);
    }
}

/* "Gate Pin Operations Summary". */
static void set_gate(struct pit_channel *channel, bool level) {
    bool rises = level && !channel->gate;
    bool falls = !level && channel->gate;
    channel->gate = level;
    if (channel->mode == 0 || channel->mode == 4) {
        return;
    }
    if (rises && channel->written) {
        channel->load = true;
    }
    if (falls && is_periodic(channel)) {
        channel->out = true;
    }
}

static uint8_t read_speaker(const struct pit *pit) {
    unsigned value = pit->speaker;
    value |= pit->tick / SPEAKER_REFRESH_TICKS % 2 != 0 ? SPEAKER_REFRESH : 0;
    value |= pit->channels[SPEAKER_CHANNEL].out ? SPEAKER_OUT : 0;
    return (uint8_t)value;
}

uint8_t pit_read(struct pit *pit, uint16_t port, uint64_t now) {
    pit_run(pit, now);
    if (port == PIT_SPEAKER_PORT) {
        return read_speaker(pit);
    }
    unsigned index = (unsigned)port - PIT_PORT;
    return index < PIT_CHANNEL_COUNT ? read_count(&pit->channels[index]) : 0xff;
}

void pit_write(struct pit *pit, uint16_t port, uint8_t value, uint64_t now) {
    pit_run(pit, now);
    bool before = pit->channels[0].out;
    unsigned index = (unsigned)port - PIT_PORT;
    if (port == PIT_SPEAKER_PORT) {
        pit->speaker = value & SPEAKER_WRITABLE;
        set_gate(&pit->channels[SPEAKER_CHANNEL], (value & SPEAKER_GATE) != 0);
    } else if (index < PIT_CHANNEL_COUNT) {
        write_count(&pit->channels[index], value);
    } else if (index == PIT_CHANNEL_COUNT) {
        write_control(pit, value);
    }
    bool after = pit->channels[0].out;
    if (!before && after) {
        rise_irq(pit);
    } else if (before && !after) {
        update_irq(pit, false);
    }
}

void pit_init(struct pit *pit, const struct clock *clock, const struct line *irq) {
    memset(pit, 0, sizeof(*pit));
    pit->clock = *clock;
    pit->irq = *irq;
    pit->tick = ticks_from_ns(clock_now(clock), PIT_HERTZ);
    for (unsigned i = 0; i < PIT_CHANNEL_COUNT; i++) {
        pit->channels[i].access = ACCESS_BOTH;
        pit->channels[i].control = ACCESS_BOTH << 4;
        pit->channels[i].gate = i != SPEAKER_CHANNEL;
        pit->channels[i].null_count = true;
    }
}

static uint32_t port_read(void *device, uint16_t port, unsigned width) {
    struct pit *pit = device;
    (void)width;
    return pit_read(pit, port, clock_now(&pit->clock));
}

static void port_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    struct pit *pit = device;
    (void)width;
    pit_write(pit, port, (uint8_t)value, clock_now(&pit->clock));
}

static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTH_1};

bool pit_attach(struct pit *pit, struct io_bus *bus) {
    return bus_io_claim(bus, PIT_PORT, 4, &port_ops, pit) &&
           bus_io_claim(bus, PIT_SPEAKER_PORT, 1, &port_ops, pit);
}
