/* The 8254. Figures and quoted words are those of the 8254 data sheet (Intel 231164). */
/* units: guests/vmm/devices/pit.c guests/vmm/devices/ticks.c guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guests/vmm/devices/pit.h"
#include "guests/vmm/devices/ticks.h"
#include "tests/unit/vmm_random.h"

#define SECOND 1000000000ull

static struct pit pit;
static uint64_t now_ns;
static bool irq;
static unsigned rise_count;

static uint64_t read_clock(void *context) {
    (void)context;
    return now_ns;
}

static void irq_set(void *device, unsigned input, bool level) {
    (void)device;
    (void)input;
    assert_true(irq != level);
    irq = level;
    rise_count += level;
}

static const struct clock clock = {read_clock, NULL};
static const struct line irq_line = {irq_set, NULL, 0};

static int reset(void **state) {
    (void)state;
    now_ns = 0;
    irq = false;
    rise_count = 0;
    pit_init(&pit, &clock, &irq_line);
    return 0;
}

/* One pulse of CLK, counted from the last reset. */
static void tick(uint64_t count) {
    uint64_t tick_now = ticks_from_ns(now_ns, PIT_HERTZ);
    now_ns = ticks_to_ns(tick_now + count, PIT_HERTZ);
}

static void out_b(uint16_t port, uint8_t value) {
    pit_write(&pit, port, value, now_ns);
}

static uint8_t in_b(uint16_t port) {
    return pit_read(&pit, port, now_ns);
}

/* Channel 2, whose gate and OUT port 0x61 has. */
static void gate(bool level) {
    out_b(0x61, level);
}

static bool out2(void) {
    return (in_b(0x61) & 0x20) != 0;
}

/* One row of a timing diagram: after each CLK pulse, OUT and the count (LSB). */
static void expect(unsigned step_count, const uint8_t *counts, const char *out) {
    for (unsigned i = 0; i < step_count; i++) {
        tick(1);
        assert_int_equal(out2(), out[i] == '-');
        if (counts != NULL) {
            assert_int_equal(in_b(0x42), counts[i]);
        }
    }
}

/* Figure "Mode 0": CW=10, LSB=4: 4 3 2 1 0 FF FE; OUT goes high N + 1 pulses after the write. */
static void mode_0(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x90);
    assert_false(out2());
    out_b(0x42, 4);
    expect(7, (const uint8_t[]){4, 3, 2, 1, 0, 0xff, 0xfe}, "____---");
}

/* Second diagram: CW=10, LSB=3, GATE low for two pulses: 3 2 2 2 1 0 FF. */
static void mode_0_gate(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x90);
    out_b(0x42, 3);
    expect(2, (const uint8_t[]){3, 2}, "__");
    gate(false);
    expect(2, (const uint8_t[]){2, 2}, "__");
    gate(true);
    expect(3, (const uint8_t[]){1, 0, 0xff}, "_--");
}

/* Third diagram: CW=10, LSB=3, then LSB=2 while counting: 3 2 1 2 1 0 FF. */
static void mode_0_new_count(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x90);
    out_b(0x42, 3);
    expect(3, (const uint8_t[]){3, 2, 1}, "___");
    out_b(0x42, 2);
    expect(4, (const uint8_t[]){2, 1, 0, 0xff}, "__--");
    out_b(0x42, 2); /* and again after the end: OUT falls at once */
    assert_false(out2());
    /* "Writing the first byte disables counting. OUT is set low immediately". */
    out_b(0x43, 0xb0);
    out_b(0x42, 1);
    tick(1000);
    assert_false(out2());
    out_b(0x42, 0);
    tick(1);
    assert_false(out2());
    tick(1);
    assert_true(out2());
}

/* Figure "Mode 1": CW=12, LSB=3, triggered: OUT low for three pulses; retriggered: longer. */
static void mode_1(void **state) {
    (void)state;
    gate(false);
    out_b(0x43, 0x92);
    out_b(0x42, 3);
    expect(4, NULL, "----");
    gate(true);
    expect(5, (const uint8_t[]){3, 2, 1, 0, 0xff}, "___--");
    gate(false);
    gate(true);
    expect(2, (const uint8_t[]){3, 2}, "__");
    gate(false);
    gate(true);
    expect(4, (const uint8_t[]){3, 2, 1, 0}, "___-");
    /* A new count waits for the trigger: CW=12, LSB=2 then 4. */
    gate(false);
    gate(true);
    expect(1, (const uint8_t[]){3}, "_");
    out_b(0x42, 4);
    expect(3, (const uint8_t[]){2, 1, 0}, "__-");
    gate(false);
    gate(true);
    expect(5, (const uint8_t[]){4, 3, 2, 1, 0}, "____-");
}

/* Figure "Mode 2": CW=14, LSB=3: 3 2 1 3 2 1 3; OUT low while the count is 1. */
static void mode_2(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x94);
    out_b(0x42, 3);
    assert_true(out2());
    expect(7, (const uint8_t[]){3, 2, 1, 3, 2, 1, 3}, "--_--_-");
}

/* Second diagram: GATE low stops it with OUT high; its rise reloads: 3 2 2 2 3 2 1 3. */
static void mode_2_gate(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x94);
    out_b(0x42, 3);
    expect(2, (const uint8_t[]){3, 2}, "--");
    gate(false);
    expect(2, (const uint8_t[]){2, 2}, "--");
    gate(true);
    expect(4, (const uint8_t[]){3, 2, 1, 3}, "--_-");
    expect(2, (const uint8_t[]){2, 1}, "-_");
    gate(false); /* "if GATE goes low during an output pulse, OUT is set high immediately" */
    assert_true(out2());
}

/* Third diagram: CW=14, LSB=4, then LSB=5: the new count follows the current period. */
static void mode_2_new_count(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x94);
    out_b(0x42, 4);
    expect(2, (const uint8_t[]){4, 3}, "--");
    out_b(0x42, 5);
    expect(7, (const uint8_t[]){2, 1, 5, 4, 3, 2, 1}, "-_----_");
}

/* Figure "Mode 3": CW=16, LSB=4: 4 2 4 2 ...; OUT toggles with each reload. */
static void mode_3_even(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x96);
    out_b(0x42, 4);
    expect(9, (const uint8_t[]){4, 2, 4, 2, 4, 2, 4, 2, 4}, "--__--__-");
}

/* "Odd counts": N - 1 is loaded; OUT is high for (N + 1) / 2 and low for (N - 1) / 2 pulses. */
static void mode_3_odd(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x96);
    out_b(0x42, 5);
    expect(11, (const uint8_t[]){4, 2, 0, 4, 2, 4, 2, 0, 4, 2, 4}, "---__---__-");
}

/* Third diagram: CW=16, LSB=4; GATE low: OUT high at once; its rise reloads. */
static void mode_3_gate(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x96);
    out_b(0x42, 4);
    expect(3, (const uint8_t[]){4, 2, 4}, "--_");
    gate(false);
    assert_true(out2());
    tick(5);
    assert_true(out2());
    gate(true);
    expect(5, (const uint8_t[]){4, 2, 4, 2, 4}, "--__-");
    /* A new count is loaded "at the end of the current half-cycle". */
    out_b(0x42, 8);
    expect(5, (const uint8_t[]){2, 8, 6, 4, 2}, "-____");
}

/* Figure "Mode 4": CW=18, LSB=3: 3 2 1 0 FF; OUT low for one pulse, N + 1 after the write. */
static void mode_4(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0x98);
    out_b(0x42, 3);
    expect(6, (const uint8_t[]){3, 2, 1, 0, 0xff, 0xfe}, "---_--");
    out_b(0x42, 3);
    expect(2, (const uint8_t[]){3, 2}, "--");
    gate(false); /* GATE low inhibits counting */
    expect(2, (const uint8_t[]){2, 2}, "--");
    gate(true);
    expect(3, (const uint8_t[]){1, 0, 0xff}, "-_-");
}

/* After its strobe the counter goes on "but OUT will not change again" until a new count. */
static void mode_4_strobes_once(void **state) {
    (void)state;
    out_b(0x43, 0x38);
    out_b(0x40, 5);
    out_b(0x40, 0);
    assert_int_equal(pit_next(&pit), ticks_to_ns(1 + 5 + 1, PIT_HERTZ));
    tick(3);
    pit_run(&pit, now_ns);
    assert_int_equal(pit_next(&pit), ticks_to_ns(7, PIT_HERTZ));
    rise_count = 0;
    tick(200000);
    pit_run(&pit, now_ns);
    assert_int_equal(rise_count, 1);
    assert_true(pit_next(&pit) == CLOCK_NEVER);
    tick(200000);
    pit_run(&pit, now_ns);
    assert_int_equal(rise_count, 1);
}

/* "Mode Programming": a control word resets the counter's logic, and the order of bytes. */
static void a_control_word_starts_afresh(void **state) {
    (void)state;
    gate(true);
    out_b(0x43, 0xb0);
    out_b(0x42, 0x77); /* the low byte of a pair that does not come */
    out_b(0x43, 0xb4);
    out_b(0x42, 0x34);
    out_b(0x42, 0x12);
    tick(1);
    assert_int_equal(in_b(0x42), 0x34);
    assert_int_equal(in_b(0x42), 0x12);
    out_b(0x43, 0xb2); /* mode 1: a trigger without a count loads none */
    gate(false);
    gate(true);
    tick(5);
    assert_true(out2());
    out_b(0x43, 0x30); /* channel 0, mode 0: its line falls with OUT, and only then */
    assert_false(irq);
    out_b(0x40, 0x02);
    out_b(0x40, 0x00);
    tick(3);
    pit_run(&pit, now_ns);
    assert_true(irq);
    out_b(0x43, 0x00);
    gate(false);
    assert_true(irq);
    out_b(0x40, 0x02);
    assert_false(irq);
}

/* Figure "Mode 5": CW=1A, LSB=3: as mode 4, from the trigger. */
static void mode_5(void **state) {
    (void)state;
    gate(false);
    out_b(0x43, 0x9a);
    out_b(0x42, 3);
    expect(3, NULL, "---");
    gate(true);
    expect(5, (const uint8_t[]){3, 2, 1, 0, 0xff}, "---_-");
    gate(false);
    gate(true);
    expect(2, (const uint8_t[]){3, 2}, "--");
    gate(false);
    gate(true);
    expect(5, (const uint8_t[]){3, 2, 1, 0, 0xff}, "---_-");
}

static uint16_t in_w(uint16_t port) {
    uint8_t low = in_b(port);
    return (uint16_t)(low | in_b(port) << 8);
}

/* "Counter Latch Command": held until read; a second one before that is ignored. */
static void the_latch_holds(void **state) {
    (void)state;
    out_b(0x43, 0x34);
    out_b(0x40, 0x00);
    out_b(0x40, 0x10);
    tick(0x101);
    out_b(0x43, 0x00);
    tick(0x100);
    out_b(0x43, 0x00);
    assert_int_equal(in_w(0x40), 0x0f00);
    assert_int_equal(in_w(0x40), 0x0e00);
    out_b(0x43, 0x00);
    assert_int_equal(in_w(0x40), 0x0e00);
}

/* "Read-Back Command": counts and states of several channels; status first, then the count. */
static void read_back(void **state) {
    (void)state;
    out_b(0x43, 0x34);
    out_b(0x40, 0x34);
    out_b(0x40, 0x12);
    out_b(0x43, 0xb0);
    out_b(0x43, 0xee);                                /* status of all three */
    assert_int_equal(in_b(0x40), 0x80 | 0x40 | 0x34); /* OUT high, null count: not loaded yet */
    assert_int_equal(in_b(0x42), 0x40 | 0x30);
    tick(1);
    out_b(0x43, 0xc2); /* status and count of channel 0 */
    tick(5);
    assert_int_equal(in_b(0x40), 0x80 | 0x34); /* loaded */
    assert_int_equal(in_w(0x40), 0x1234);
    assert_int_equal(in_w(0x40), 0x1234 - 5);
    out_b(0x43, 0xd2); /* the count alone */
    assert_int_equal(in_w(0x40), 0x1234 - 5);
    assert_int_equal(in_b(0x43), 0xff); /* the control word cannot be read */
}

static void one_byte_access(void **state) {
    (void)state;
    out_b(0x43, 0x20 | 0x04); /* channel 0, high byte, mode 2 */
    out_b(0x40, 0x02);
    tick(1);
    assert_int_equal(in_b(0x40), 0x02);
    tick(1);
    assert_int_equal(in_b(0x40), 0x01); /* 0x1ff */
    out_b(0x43, 0x00);
    assert_int_equal(in_b(0x40), 0x01);
}

/* "BCD": four decades; 0 stands for 10,000, in binary for 65,536. */
static void bcd(void **state) {
    (void)state;
    out_b(0x43, 0x35);
    out_b(0x40, 0x00);
    out_b(0x40, 0x10);
    tick(2);
    assert_int_equal(in_w(0x40), 0x0999);
    out_b(0x43, 0x35);
    out_b(0x40, 0x34);
    out_b(0x40, 0x12);
    tick(1 + 300);
    assert_int_equal(in_w(0x40), 0x0934); /* 1234 - 300 */
    out_b(0x43, 0x35);
    out_b(0x40, 0x00);
    out_b(0x40, 0x00);
    tick(2);
    assert_int_equal(in_w(0x40), 0x9999);
    out_b(0x43, 0x34);
    out_b(0x40, 0x00);
    out_b(0x40, 0x00);
    tick(2);
    assert_int_equal(in_w(0x40), 0xffff);
}

/* The PC's port 0x61: bits 3-0 as written, 4 toggles every 15 us, 5 is channel 2's OUT. */
static void the_speaker_port(void **state) {
    (void)state;
    out_b(0x61, 0xff);
    assert_int_equal(in_b(0x61) & 0xcf, 0x0f);
    unsigned toggle_count = 0;
    uint8_t before = in_b(0x61) & 0x10;
    for (unsigned us = 0; us < 3000; us++) {
        now_ns += 1000;
        uint8_t after = in_b(0x61) & 0x10;
        toggle_count += after != before;
        before = after;
    }
    assert_in_range(toggle_count, 195, 205); /* 3000 / 15 */
}

/* 1193182 / 11932 ticks: exactly floor((hour * 1193182 - 1) / 11932) periods in an hour. */
static void the_timer_does_not_drift(void **state) {
    (void)state;
    out_b(0x43, 0x34);
    out_b(0x40, 11932 & 0xff);
    out_b(0x40, 11932 >> 8);
    unsigned count = 0;
    rise_count = 0;
    while (pit_next(&pit) <= 3600 * SECOND) {
        now_ns = pit_next(&pit);
        pit_run(&pit, now_ns);
        count++;
        assert_true(irq);
        assert_int_equal(rise_count, count);
    }
    assert_int_equal(count, (3600ull * 1193182 - 1) / 11932);
}

/* Edges missed while the machine did not run become one. */
static void late_edges_become_one(void **state) {
    (void)state;
    out_b(0x43, 0x36);
    out_b(0x40, 0xe8);
    out_b(0x40, 0x03);
    rise_count = 0;
    now_ns = 10 * SECOND;
    pit_run(&pit, now_ns);
    assert_int_equal(rise_count, 1);
    assert_true(irq);
    assert_true(pit_next(&pit) > now_ns && pit_next(&pit) <= now_ns + 838096 + 839);
    pit_run(&pit, 0); /* time that goes back is no time */
    assert_int_equal(rise_count, 1);
}

static void one_shot_interrupts_once(void **state) {
    (void)state;
    out_b(0x43, 0x30);
    assert_false(irq);
    out_b(0x40, 99);
    out_b(0x40, 0);
    assert_int_equal(pit_next(&pit), ticks_to_ns(100, PIT_HERTZ));
    now_ns = pit_next(&pit) - 1;
    pit_run(&pit, now_ns);
    assert_false(irq);
    now_ns++;
    pit_run(&pit, now_ns);
    assert_true(irq);
    assert_true(pit_next(&pit) == CLOCK_NEVER);
}

static void random_access(struct vmm_random *random) {
    static const uint16_t ports[] = {0x40, 0x40, 0x42, 0x43, 0x43, 0x61};
    uint16_t port = ports[vmm_random_below(random, 6)];
    uint8_t value = (uint8_t)vmm_random_next(random);
    if (port == 0x43 && value < 0xc0 && vmm_random_below(random, 4) != 0) {
        value &= 0x8f; /* channel 0 or 2, mostly one byte, so that counts are short */
        value |= 0x10;
    }
    if (vmm_random_below(random, 3) == 0) {
        (void)in_b(port);
    } else {
        out_b(port, value);
    }
}

/* A thousand ticks at once end where a thousand single ticks end, with the same edges. */
static void a_leap_equals_its_steps(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    for (unsigned i = 0; i < 20000; i++) {
        random_access(&random);
        unsigned ticks = vmm_random_below(&random, i % 16 == 0 ? 2000 : 20);
        struct pit start = pit;
        uint64_t start_ns = now_ns;
        unsigned start_rises = rise_count;
        bool start_irq = irq;
        tick(ticks);
        pit_run(&pit, now_ns);
        struct pit leapt = pit;
        bool leap_rises = rise_count != start_rises;
        bool leap_irq = irq;

        pit = start;
        irq = start_irq;
        now_ns = start_ns;
        rise_count = start_rises;
        for (unsigned t = 0; t < ticks; t++) {
            uint64_t due = pit_next(&pit);
            tick(1);
            unsigned rises = rise_count;
            pit_run(&pit, now_ns);
            assert_true((rise_count != rises) == (now_ns == due)); /* pit_next is never wrong */
        }
        assert_true((rise_count != start_rises) == leap_rises);
        assert_int_equal(irq, leap_irq);
        assert_memory_equal(pit.channels, leapt.channels, sizeof(pit.channels));
    }
}

static void any_sequence_keeps_the_invariants(void **state) {
    (void)state;
    static struct io_bus bus;
    struct vmm_random random = vmm_random_start();
    bus_io_init(&bus);
    assert_true(pit_attach(&pit, &bus));
    for (unsigned i = 0; i < 300000; i++) {
        uint16_t port = (uint16_t)(vmm_random_below(&random, 8) == 0
                                       ? 0x61
                                       : 0x3e + vmm_random_below(&random, 8));
        unsigned width = 1u << vmm_random_below(&random, 3);
        if (vmm_random_below(&random, 2) == 0) {
            (void)bus_io_read(&bus, port, width);
        } else {
            bus_io_write(&bus, port, width, (uint32_t)vmm_random_next(&random));
        }
        if (i % 8 == 0) {
            now_ns += vmm_random_next(&random) >> (24 + vmm_random_below(&random, 40));
        }
        pit_run(&pit, now_ns);
        assert_true(pit_next(&pit) > now_ns);
        for (unsigned c = 0; c < 3; c++) {
            const struct pit_channel *channel = &pit.channels[c];
            assert_true(channel->count <= 65536 && channel->mode <= 5 && channel->latch_left <= 2);
            bool wave = channel->loaded && (channel->mode == 2 || channel->mode == 3);
            assert_true(!wave || (channel->count >= 1 && channel->period >= 2));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mode_0, reset),
        cmocka_unit_test_setup(mode_0_gate, reset),
        cmocka_unit_test_setup(mode_0_new_count, reset),
        cmocka_unit_test_setup(mode_1, reset),
        cmocka_unit_test_setup(mode_2, reset),
        cmocka_unit_test_setup(mode_2_gate, reset),
        cmocka_unit_test_setup(mode_2_new_count, reset),
        cmocka_unit_test_setup(mode_3_even, reset),
        cmocka_unit_test_setup(mode_3_odd, reset),
        cmocka_unit_test_setup(mode_3_gate, reset),
        cmocka_unit_test_setup(mode_4, reset),
        cmocka_unit_test_setup(mode_4_strobes_once, reset),
        cmocka_unit_test_setup(a_control_word_starts_afresh, reset),
        cmocka_unit_test_setup(mode_5, reset),
        cmocka_unit_test_setup(the_latch_holds, reset),
        cmocka_unit_test_setup(read_back, reset),
        cmocka_unit_test_setup(one_byte_access, reset),
        cmocka_unit_test_setup(bcd, reset),
        cmocka_unit_test_setup(the_speaker_port, reset),
        cmocka_unit_test_setup(the_timer_does_not_drift, reset),
        cmocka_unit_test_setup(late_edges_become_one, reset),
        cmocka_unit_test_setup(one_shot_interrupts_once, reset),
        cmocka_unit_test_setup(a_leap_equals_its_steps, reset),
        cmocka_unit_test_setup(any_sequence_keeps_the_invariants, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
