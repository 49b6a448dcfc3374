/* Reference clocks, PIC and serial line: IA-PC HPET 1.0a, 2.3; ACPI 6.4, 4.8.3.3; Intel 8254,
 * 8259A; National PC16550D. */
/* units: drivers/hpet.c drivers/pm_timer.c drivers/pit.c drivers/pic.c drivers/serial.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "drivers/hpet.h"
#include "drivers/io.h"
#include "drivers/pic.h"
#include "drivers/pit.h"
#include "drivers/pm_timer.h"
#include "drivers/serial.h"

static uint32_t timer_value, timer_step;
static uint8_t latch[2];
static uint32_t latch_reads;
static uint8_t scratch, status;
static bool has_serial;
static char sent[64];
static uint32_t sent_count, empty_polls;
static struct {
    uint16_t port;
    uint8_t value;
} written[64];
static uint32_t written_count;

uint8_t io_in8(uint16_t port) {
    if (port == 0x42)
        return latch[latch_reads++ & 1];
    if (!has_serial)
        return 0xff;
    if (port == 0x3ff)
        return scratch;
    if (port == 0x3fd) {
        empty_polls++;
        return status;
    }
    return 0;
}

void io_out8(uint16_t port, uint8_t value) {
    if (port == 0x3ff)
        scratch = value;
    if (port == 0x3f8 && sent_count < sizeof sent)
        sent[sent_count++] = (char)value;
    if (written_count < 64) {
        written[written_count].port = port;
        written[written_count++].value = value;
    }
}

uint32_t io_in32(uint16_t port) {
    (void)port;
    timer_value += timer_step;
    return timer_value;
}

static int reset(void **state) {
    (void)state;
    timer_value = 0;
    timer_step = 0;
    written_count = 0;
    sent_count = 0;
    empty_polls = 0;
    has_serial = true;
    status = 0x60;
    return 0;
}

/* ---- HPET: a block of registers whose counter does not move by itself */

static uint64_t hpet[128];

static void hpet_that_does_not_count(void **state) {
    struct reference_clock clock;
    (void)state;
    hpet[0] = 10000000ull << 32 | 1u << 13 | 0x01; /* 10 ns, 64 bits, revision 1 */
    assert_false(hpet_open(&clock, hpet));
    assert_int_equal(clock.hz, 100000000);
    assert_true(clock.mask == UINT64_MAX);
    assert_int_equal(hpet[2] & 1, 1); /* it was switched on */
    hpet[0x1e] = 0x1122334455667788;
    assert_true(clock.read(&clock) == 0x1122334455667788);
    hpet[0] = 10000000ull << 32 | 0x01;
    assert_false(hpet_open(&clock, hpet));
    assert_true(clock.mask == UINT32_MAX);
    assert_true(clock.read(&clock) == 0x55667788);
}

static void no_hpet(void **state) {
    struct reference_clock clock;
    (void)state;
    hpet[2] = 0;
    hpet[0] = UINT64_MAX; /* an empty bus */
    assert_false(hpet_open(&clock, hpet));
    hpet[0] = 0;
    assert_false(hpet_open(&clock, hpet));
    hpet[0] = 100000001ull << 32 | 1; /* slower than the specification allows */
    assert_false(hpet_open(&clock, hpet));
    assert_int_equal(hpet[2], 0); /* nothing was written there */
}

/* ---- PM timer */

static void pm_timer(void **state) {
    struct reference_clock clock;
    (void)state;
    assert_false(pm_timer_open(&clock, 0x608, true));
    timer_step = 1;
    assert_true(pm_timer_open(&clock, 0x608, true));
    assert_int_equal(clock.hz, 3579545);
    timer_value = 0xfffffffe;
    assert_true(clock.read(&clock) == 0xffffffff);
    assert_true(pm_timer_open(&clock, 0x608, false));
    timer_value = 0xfffffffe;
    assert_true(clock.read(&clock) == 0xffffff); /* the upper bits do not count */
}

/* ---- PIT */

static void pit_counts_up(void **state) {
    struct reference_clock clock;
    (void)state;
    pit_open(&clock);
    assert_int_equal(clock.hz, 1193182);
    assert_int_equal(clock.mask, 0xffff);
    latch_reads = 0;
    latch[0] = 0x34;
    latch[1] = 0x12;
    assert_int_equal(clock.read(&clock), 0xffff - 0x1234);
    latch[0] = 0x30; /* four counts later */
    assert_int_equal(clock.read(&clock), 0xffff - 0x1230);
    assert_int_equal(written[1].port, 0x43);
    assert_int_equal(written[1].value, 0xb4);        /* channel 2, both bytes, mode 2, binary */
    assert_int_equal(written[0].value & 0x03, 0x01); /* gate on, speaker off */
}

/* ---- PIC */

static void pic_is_masked(void **state) {
    static const uint8_t expected[][2] = {
        {0x20, 0x11},
        {0x21, 0x20},
        {0x21, 0x04},
        {0x21, 0x01},
        {0x21, 0xff},
        {0xa0, 0x11},
        {0xa1, 0x28},
        {0xa1, 0x02},
        {0xa1, 0x01},
        {0xa1, 0xff}
    };
    (void)state;
    pic_disable(0x20);
    assert_int_equal(written_count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(written[i].port, expected[i][0]);
        assert_int_equal(written[i].value, expected[i][1]);
    }
}

/* ---- serial line */

static void no_serial_port(void **state) {
    (void)state;
    has_serial = false;
    assert_false(serial_init());
    written_count = 0;
    serial_write("lost", 4);
    assert_int_equal(written_count, 0);
}

static void serial_writes(void **state) {
    (void)state;
    assert_true(serial_init());
    sent_count = 0;
    empty_polls = 0;
    serial_write("0123456789abcdef0123", 20);
    assert_int_equal(sent_count, 20);
    assert_memory_equal(sent, "0123456789abcdef0123", 20);
    assert_int_equal(empty_polls, 2); /* the FIFO takes 16 bytes at a time */
}

static void a_stuck_port_is_given_up(void **state) {
    (void)state;
    assert_true(serial_init());
    sent_count = 0;
    status = 0x00;
    serial_write("x", 1);
    assert_int_equal(sent_count, 0);
    empty_polls = 0;
    serial_write("x", 1);
    serial_flush();
    assert_int_equal(empty_polls, 0); /* no second wait */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hpet_that_does_not_count, reset),
        cmocka_unit_test_setup(no_hpet, reset),
        cmocka_unit_test_setup(pm_timer, reset),
        cmocka_unit_test_setup(pit_counts_up, reset),
        cmocka_unit_test_setup(pic_is_masked, reset),
        cmocka_unit_test_setup(no_serial_port, reset),
        cmocka_unit_test_setup(serial_writes, reset),
        cmocka_unit_test_setup(a_stuck_port_is_given_up, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
