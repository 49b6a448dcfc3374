/* The board: lines reach both interrupt controllers, and no access by a guest breaks anything. */
/* units: guests/vmm/devices/board.c guests/vmm/devices/bus.c guests/vmm/devices/debug_exit.c
 * guests/vmm/devices/ioapic.c guests/vmm/devices/irq.c guests/vmm/devices/pci.c
 * guests/vmm/devices/pic.c guests/vmm/devices/pit.c guests/vmm/devices/pm.c
 * guests/vmm/devices/reset.c guests/vmm/devices/rtc.c guests/vmm/devices/ticks.c
 * guests/vmm/devices/uart.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guests/vmm/devices/board.h"
#include "tests/unit/vmm_random.h"

static struct board board;
static uint64_t now_ns;
static bool intr;
static unsigned message_count;
static uint32_t message_data;
static unsigned off_count;
static unsigned reset_count;
static unsigned output_count;
static unsigned input_left;

static uint64_t read_clock(void *context) {
    (void)context;
    return now_ns;
}

static int pull(void *context) {
    (void)context;
    if (input_left == 0) {
        return UART_PULL_NONE;
    }
    input_left--;
    return 'i';
}

static bool push(void *context, uint8_t byte) {
    (void)context;
    (void)byte;
    output_count++;
    return output_count % 7 != 0;
}

static void send(void *context, uint64_t address, uint32_t data) {
    (void)context;
    assert_int_equal(address & ~0xff00cull, 0xfee00000);
    assert_int_equal(data & ~0xc7ffu, 0);
    message_count++;
    message_data = data;
}

static void set_intr(void *device, unsigned input, bool level) {
    (void)device;
    (void)input;
    assert_true(intr != level);
    intr = level;
}

static void power_off(void *context) {
    (void)context;
    off_count++;
}

static void note_reset(void *context) {
    (void)context;
    reset_count++;
}

static int start(void **state) {
    (void)state;
    const struct board_ops ops = {
        .clock = {read_clock, NULL},
        .console = {pull,       push, NULL},
        .ioapic = {send,          NULL,           NULL},
        .intr = {set_intr,      NULL,0},
        .power = {power_off, NULL    },
        .reset = {note_reset,  NULL },
    };
    const struct board_config config = {.wall_ns = 1700000000ull * 1000000000,
                                        .below_4g = 64u << 20,
                                        .above_4g = 0,
                                        .ioapic_id = 2};
    intr = false;
    message_count = 0;
    input_left = 0;
    assert_true(board_init(&board, &ops, &config));
    return 0;
}

static void out_b(uint16_t port, uint8_t value) {
    bus_io_write(&board.io, port, 1, value);
}

static void set_pin(unsigned pin, uint32_t low) {
    bus_memory_write(&board.memory, 0xfec00000, 4, 0x10 + 2 * pin);
    bus_memory_write(&board.memory, 0xfec00010, 4, low);
}

static void start_pic(void) {
    static const uint8_t words[][2] = {
        {0x20, 0x11},
        {0x21, 0x30},
        {0x21, 0x04},
        {0x21, 0x01},
        {0xa0, 0x11},
        {0xa1, 0x38},
        {0xa1, 0x02},
        {0xa1, 0x01}
    };
    for (unsigned i = 0; i < 8; i++) {
        out_b(words[i][0], words[i][1]);
    }
}

/* The PC's override: ISA 0 is pin 2 of the I/O APIC, and input 0 of the PIC. */
static void the_timer_reaches_both(void **state) {
    (void)state;
    start_pic();
    set_pin(0, 0x40);
    set_pin(2, 0x42);
    out_b(0x43, 0x34);
    out_b(0x40, 0xa9);
    out_b(0x40, 0x04); /* 1193 ticks: a millisecond */
    message_count = 0;
    assert_true(board_next(&board) > now_ns);
    now_ns = board_next(&board);
    board_run(&board, now_ns);
    assert_int_equal(message_count, 1);
    assert_int_equal(message_data, 0x4042);
    assert_true(intr);
    while (intr) {
        uint8_t vector = pic_acknowledge(&board.pic);
        assert_int_equal(vector, 0x30);
        out_b(0x20, 0x20);
    }
}

static void the_other_lines(void **state) {
    (void)state;
    set_pin(4, 0x44);
    out_b(0x3fc, 0x08);
    out_b(0x3f9, 0x02);
    assert_int_equal(message_data, 0x4044);
    set_pin(8, 0x48);
    out_b(0x70, 0x0b);
    out_b(0x71, 0x12);
    now_ns = board_next(&board);
    board_run(&board, now_ns);
    assert_int_equal(message_data, 0x4048);
    set_pin(9, 0x8049);
    bus_io_write(&board.io, PM_PORT + 2, 2, 0x0100);
    pm_power_button(&board.pm);
    assert_int_equal(message_data, 0xc049);
    assert_int_equal(bus_io_read(&board.io, 0x4d1, 1), 0x02); /* the SCI is level on the PIC too */
}

static void a_shared_input_is_asserted_while_any_device_asserts_it(void **state) {
    (void)state;
    struct line one = irq_connect(&board.irq, 17);
    struct line two = irq_connect(&board.irq, 17);
    set_pin(17, 0x8051);
    line_set(&one, true);
    line_set(&two, true);
    assert_int_equal(message_count, 1);
    line_set(&one, false);
    line_set(&one, false);
    assert_true((board.ioapic.lines >> 17 & 1) != 0);
    line_set(&two, false);
    assert_true((board.ioapic.lines >> 17 & 1) == 0);
    for (unsigned i = 2; i < IRQ_SHARE_MAX; i++) {
        assert_non_null(irq_connect(&board.irq, 17).set);
    }
    assert_null(irq_connect(&board.irq, 17).set);
    assert_null(irq_connect(&board.irq, 2).set);
    assert_null(irq_connect(&board.irq, 24).set);
    assert_null(irq_connect(&board.irq, UINT32_MAX).set);
    struct line nowhere = irq_connect(&board.irq, 2);
    line_set(&nowhere, true);
}

static void ways_to_end(void **state) {
    (void)state;
    unsigned off = off_count;
    unsigned resets = reset_count;
    bus_io_write(&board.io, PM_PORT + PM_CONTROL, 2, 1u << 13 | PM_SLEEP_TYPE_S5 << 10);
    assert_int_equal(off_count, off + 1);
    out_b(0xcf9, RESET_CONTROL_VALUE);
    assert_int_equal(reset_count, resets + 1);
}

static void any_guest_is_survived(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    static const uint16_t bases[] = {0x00, 0x20,  0x40,  0x60,  0x70, 0x90,
                                     0xa0, 0x3f0, 0x4d0, 0x600, 0xcf0};
    for (unsigned i = 0; i < 1500000; i++) {
        uint64_t r = vmm_random_next(&random);
        uint16_t port = (uint16_t)r;
        if ((r >> 16 & 7) != 0) {
            port = (uint16_t)(bases[vmm_random_below(&random, 11)] + (port & 15));
        }
        unsigned width = 1u << (r >> 20 & 3);
        uint64_t address = IOAPIC_ADDRESS - 8 + (r >> 24 & 0x5f);
        switch (r >> 32 & 15) {
        case 0: (void)bus_memory_read(&board.memory, address, width); break;
        case 1:
        case 2: bus_memory_write(&board.memory, address, width, vmm_random_next(&random)); break;
        case 3: ioapic_eoi(&board.ioapic, (uint8_t)(r >> 40)); break;
        case 4: (void)pic_acknowledge(&board.pic); break;
        case 5:
            input_left = 5;
            uart_input_ready(&board.uart);
            uart_output_ready(&board.uart);
            break;
        case 6: pm_power_button(&board.pm); break;
        case 7: now_ns += r >> 40 >> (r >> 36 & 15); break;
        case 8:
        case 9:
        case 10: (void)bus_io_read(&board.io, port, width); break;
        default: bus_io_write(&board.io, port, width, (uint32_t)(r >> 28)); break;
        }
        board_run(&board, now_ns);
        assert_true(board_next(&board) > now_ns);
        assert_true(intr == pic_output(&board.pic));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_timer_reaches_both, start),
        cmocka_unit_test_setup(the_other_lines, start),
        cmocka_unit_test_setup(a_shared_input_is_asserted_while_any_device_asserts_it, start),
        cmocka_unit_test_setup(ways_to_end, start),
        cmocka_unit_test_setup(any_guest_is_survived, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
