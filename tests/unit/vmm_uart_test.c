/* The 16550A. Tables and sections are those of National Semiconductor's PC16550D data sheet. */
/* units: guests/vmm/devices/uart.c guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guests/vmm/devices/uart.h"
#include "tests/unit/vmm_random.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH };
enum { FCR = IIR };

/* The back end: what waits to be read, what was written, and how much more fits. */
struct host {
    const char *input;
    unsigned input_left;
    char output[256];
    unsigned output_count;
    unsigned room;
    bool level;
    unsigned rise_count;
};

static struct host host;
static struct uart uart;

static int host_pull(void *context) {
    struct host *h = context;
    if (h->input_left == 0) {
        return UART_PULL_NONE;
    }
    h->input_left--;
    char byte = *h->input++;
    return byte == '\a' ? UART_PULL_BREAK : (uint8_t)byte; /* a bell stands for a break */
}

static bool host_push(void *context, uint8_t byte) {
    struct host *h = context;
    if (h->room == 0) {
        return false;
    }
    h->room--;
    if (h->output_count < sizeof(h->output)) {
        h->output[h->output_count++] = (char)byte;
    }
    return true;
}

static void host_line(void *device, unsigned input, bool level) {
    struct host *h = device;
    assert_int_equal(input, 4);
    assert_true(h->level != level);
    h->level = level;
    h->rise_count += level;
}

static void type(const char *text) {
    host.input = text;
    host.input_left = (unsigned)strlen(text);
    uart_input_ready(&uart);
}

static int reset(void **state) {
    (void)state;
    memset(&host, 0, sizeof(host));
    host.room = UINT32_MAX;
    const struct uart_ops ops = {host_pull, host_push, &host};
    const struct line irq = {host_line, &host, 4};
    uart_init(&uart, &ops, &irq);
    return 0;
}

/* Table II "UART Reset Configuration". */
static void registers_after_reset(void **state) {
    (void)state;
    assert_int_equal(uart_read(&uart, IER), 0);
    assert_int_equal(uart_read(&uart, IIR), 0x01);
    assert_int_equal(uart_read(&uart, LCR), 0x03); /* not the table's 0: as firmware leaves it */
    assert_int_equal(uart_read(&uart, MCR), 0);
    assert_int_equal(uart_read(&uart, LSR), 0x60);
    assert_int_equal(uart_read(&uart, MSR) & 0x0f, 0);
    assert_false(host.level);
}

/* Section 8, Table III: unused bits read 0, the rest as written; DLAB reaches the divisor. */
static void registers_keep_what_they_have(void **state) {
    (void)state;
    uart_write(&uart, IER, 0xff);
    assert_int_equal(uart_read(&uart, IER), 0x0f);
    uart_write(&uart, MCR, 0xff);
    assert_int_equal(uart_read(&uart, MCR), 0x1f);
    uart_write(&uart, SCRATCH, 0xa5);
    assert_int_equal(uart_read(&uart, SCRATCH), 0xa5);
    uart_write(&uart, LCR, 0x9b);
    uart_write(&uart, DATA, 0x34);
    uart_write(&uart, IER, 0x12);
    assert_int_equal(uart_read(&uart, DATA), 0x34);
    assert_int_equal(uart_read(&uart, IER), 0x12);
    uart_write(&uart, LCR, 0x1b);
    assert_int_equal(uart_read(&uart, LCR), 0x1b);
    assert_int_equal(uart_read(&uart, IER), 0x0f);
    assert_int_equal(host.output_count, 0);
}

/* 8.6.1, Interrupt Identification: bits 6 and 7 are set when FCR0 is 1. */
static void the_fifos_are_announced(void **state) {
    (void)state;
    uart_write(&uart, FCR, 0x01);
    assert_int_equal(uart_read(&uart, IIR), 0xc1);
    uart_write(&uart, FCR, 0x00);
    assert_int_equal(uart_read(&uart, IIR), 0x01);
    uart_write(&uart, FCR, 0xc6); /* FCR0 clear: nothing is programmed */
    assert_int_equal(uart_read(&uart, IIR), 0x01);
}

/* 8.7 MODEM Control Register, bit 4: loop-back connects DTR, RTS, OUT1, OUT2 to DSR, CTS, RI, DCD.
 */
static void loop_back_connects_the_modem_lines(void **state) {
    (void)state;
    assert_int_equal(uart_read(&uart, MSR) & 0xf0, 0xb0);
    uart_write(&uart, MCR, 0x10 | 0x0a); /* Linux' own test */
    assert_int_equal(uart_read(&uart, MSR) & 0xf0, 0x90);
    uart_write(&uart, MCR, 0x10 | 0x05);
    assert_int_equal(uart_read(&uart, MSR), 0x60 | 0x0b); /* DSR, RI; CTS, DSR, DCD changed */
    assert_int_equal(uart_read(&uart, MSR), 0x60);        /* reading clears the deltas */
    uart_write(&uart, MCR, 0x10 | 0x01);
    assert_int_equal(uart_read(&uart, MSR), 0x20 | 0x04); /* trailing edge of RI */
}

static void loop_back_returns_data(void **state) {
    (void)state;
    uart_write(&uart, MCR, 0x10);
    uart_write(&uart, DATA, 'x');
    assert_int_equal(host.output_count, 0);
    assert_int_equal(uart_read(&uart, LSR), 0x61);
    assert_int_equal(uart_read(&uart, DATA), 'x');
    assert_int_equal(uart_read(&uart, LSR), 0x60);
    /* Without FIFOs an overrun destroys the character that was not read (8.5, bit 1). */
    uart_write(&uart, DATA, 'a');
    uart_write(&uart, DATA, 'b');
    assert_int_equal(uart_read(&uart, LSR), 0x63);
    assert_int_equal(uart_read(&uart, LSR), 0x61);
    assert_int_equal(uart_read(&uart, DATA), 'b');
}

/* 8.4 and 8.6, Table IV: trigger levels, time-out below them, overrun above sixteen. */
static void the_receive_fifo_has_trigger_levels(void **state) {
    (void)state;
    static const struct {
        uint8_t fcr;
        unsigned level;
    } rows[] = {
        {0x01, 1 },
        {0x41, 4 },
        {0x81, 8 },
        {0xc1, 14}
    };
    for (unsigned row = 0; row < 4; row++) {
        reset(state);
        uart_write(&uart, FCR, rows[row].fcr);
        uart_write(&uart, MCR, 0x18);
        uart_write(&uart, IER, 0x01);
        for (unsigned i = 1; i <= 16; i++) {
            uart_write(&uart, DATA, (uint8_t)('A' + i));
            assert_int_equal(uart_read(&uart, IIR), i < rows[row].level ? 0xcc : 0xc4);
            assert_true(host.level);
        }
        assert_int_equal(uart_read(&uart, LSR), 0x61);
        uart_write(&uart, DATA, '!'); /* the seventeenth is lost, the FIFO is not touched */
        assert_int_equal(uart_read(&uart, LSR), 0x63);
        for (unsigned i = 1; i <= 16; i++) {
            assert_int_equal(uart_read(&uart, DATA), 'A' + i);
        }
        assert_int_equal(uart_read(&uart, IIR), 0xc1);
        assert_false(host.level);
    }
}

/* 8.4: FCR1 clears the receive FIFO, and so does a change of FCR0. */
static void fcr_clears_the_receive_fifo(void **state) {
    (void)state;
    uart_write(&uart, FCR, 0x01);
    uart_write(&uart, MCR, 0x10);
    uart_write(&uart, DATA, 'a');
    uart_write(&uart, FCR, 0x03);
    assert_int_equal(uart_read(&uart, LSR), 0x60);
    uart_write(&uart, DATA, 'a');
    uart_write(&uart, FCR, 0x00);
    assert_int_equal(uart_read(&uart, LSR), 0x60);
}

/* Table IV "Interrupt Control Functions": line status, received data, transmitter, modem. */
static void interrupts_have_priorities(void **state) {
    (void)state;
    uart_write(&uart, FCR, 0x01);
    uart_write(&uart, MCR, 0x18);
    (void)uart_read(&uart, MSR);
    uart_write(&uart, MCR, 0x19); /* DSR changes */
    for (unsigned i = 0; i < 17; i++) {
        uart_write(&uart, DATA, (uint8_t)i); /* the last overruns */
    }
    uart_write(&uart, IER, 0x0f);
    assert_int_equal(uart_read(&uart, IIR), 0xc6);
    assert_int_equal(uart_read(&uart, IIR), 0xc6); /* reading IIR clears only the transmitter's */
    assert_int_equal(uart_read(&uart, LSR) & 0x02, 0x02);
    assert_int_equal(uart_read(&uart, IIR), 0xc4);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(uart_read(&uart, DATA), i);
    }
    assert_int_equal(uart_read(&uart, IIR), 0xc2);
    assert_int_equal(uart_read(&uart, IIR), 0xc0);
    assert_true(host.level);
    assert_int_equal(uart_read(&uart, MSR) & 0x0f, 0x02);
    assert_int_equal(uart_read(&uart, IIR), 0xc1);
    assert_false(host.level);
}

/* Table IV: "Reading the IIR Register (if source of interrupt) or Writing into the THR" resets it;
 * enabling it with an empty register raises it again: what Linux tests at start-up. */
static void the_transmitter_interrupt(void **state) {
    (void)state;
    uart_write(&uart, MCR, 0x08);
    uart_write(&uart, IER, 0x02);
    assert_true(host.level);
    assert_int_equal(uart_read(&uart, IIR), 0x02);
    assert_false(host.level);
    assert_int_equal(uart_read(&uart, IIR), 0x01);
    uart_write(&uart, IER, 0x00);
    uart_write(&uart, IER, 0x02);
    assert_int_equal(uart_read(&uart, IIR), 0x02);
    uart_write(&uart, DATA, 'x'); /* leaves at once: empty again */
    assert_true(host.level);
    uart_write(&uart, IER, 0x00);
    assert_false(host.level);
    assert_int_equal(uart_read(&uart, IIR), 0x01);
}

/* On a PC, OUT2 connects the interrupt output to the bus. */
static void out2_gates_the_line(void **state) {
    (void)state;
    uart_write(&uart, IER, 0x02);
    assert_false(host.level);
    uart_write(&uart, MCR, 0x08);
    assert_true(host.level);
    uart_write(&uart, MCR, 0x00);
    assert_false(host.level);
    assert_int_equal(uart_read(&uart, IIR), 0x02);
}

static void output_waits_for_the_back_end(void **state) {
    (void)state;
    uart_write(&uart, FCR, 0x01);
    uart_write(&uart, MCR, 0x08);
    host.room = 1;
    for (unsigned i = 0; i < 18; i++) {
        uart_write(&uart, DATA, (uint8_t)('a' + i)); /* one leaves, 16 wait, one is lost */
    }
    assert_int_equal(uart_read(&uart, LSR), 0x00);
    uart_write(&uart, IER, 0x02);
    assert_int_equal(uart_read(&uart, IIR), 0xc1);
    host.room = 10;
    uart_output_ready(&uart);
    assert_int_equal(uart_read(&uart, LSR), 0x00);
    assert_false(host.level);
    host.room = 100;
    uart_output_ready(&uart);
    assert_int_equal(uart_read(&uart, LSR), 0x60);
    assert_true(host.level);
    assert_int_equal(uart_read(&uart, IIR), 0xc2);
    assert_int_equal(host.output_count, 17);
    assert_memory_equal(host.output, "abcdefghijklmnopq", 17);
    /* FCR2 clears the transmit FIFO. */
    host.room = 0;
    uart_write(&uart, DATA, 'z');
    assert_int_equal(uart_read(&uart, LSR), 0x00);
    uart_write(&uart, FCR, 0x05);
    assert_int_equal(uart_read(&uart, LSR), 0x60);
}

/* What Linux 6.1 does to a port before it reads from it: serial8250 autoconfig, console output
 * (which polls LSR), start-up with FIFO clear, test of the transmitter interrupt, and termios. */
static void linux_opens(void) {
    (void)uart_read(&uart, IER);
    uart_write(&uart, IER, 0x00);
    uart_write(&uart, IER, 0x0f);
    uart_write(&uart, IER, 0x00);
    uart_write(&uart, MCR, 0x1a);
    (void)uart_read(&uart, MSR);
    uart_write(&uart, MCR, 0x00);
    uart_write(&uart, FCR, 0x01);
    (void)uart_read(&uart, IIR);
    uart_write(&uart, FCR, 0x07);
    uart_write(&uart, FCR, 0x00);
    (void)uart_read(&uart, DATA);
    uart_write(&uart, IER, 0x00);
    for (unsigned i = 0; i < 20; i++) { /* the console prints */
        (void)uart_read(&uart, LSR);
        uart_write(&uart, DATA, 'k');
    }
    (void)uart_read(&uart, LSR);
    uart_write(&uart, IER, 0x00);
    (void)uart_read(&uart, LSR);
    uart_write(&uart, FCR, 0x01);
    uart_write(&uart, FCR, 0x07);
    uart_write(&uart, FCR, 0x00);
    for (unsigned i = 0; i < 2; i++) {
        (void)uart_read(&uart, LSR);
        (void)uart_read(&uart, DATA);
        (void)uart_read(&uart, IIR);
        (void)uart_read(&uart, MSR);
    }
    assert_int_not_equal(uart_read(&uart, LSR), 0xff);
    uart_write(&uart, LCR, 0x03);
    uart_write(&uart, IER, 0x02);
    (void)uart_read(&uart, IIR);
    uart_write(&uart, IER, 0x00);
    uart_write(&uart, MCR, 0x0b);
    (void)uart_read(&uart, LSR);
    (void)uart_read(&uart, DATA);
    (void)uart_read(&uart, IIR);
    (void)uart_read(&uart, MSR);
    uart_write(&uart, FCR, 0x81);
    uart_write(&uart, IER, 0x05);
}

static void no_byte_is_lost_before_the_driver_opens(void **state) {
    (void)state;
    type("uname -s\npoweroff\n");
    linux_opens();
    assert_true(host.level);
    char text[32] = {0};
    unsigned count = 0;
    while ((uart_read(&uart, IIR) & 0x01) == 0 && count < sizeof(text) - 1) {
        if ((uart_read(&uart, LSR) & 0x01) != 0) {
            text[count++] = (char)uart_read(&uart, DATA);
        }
    }
    assert_string_equal(text, "uname -s\npoweroff\n");
    assert_false(host.level);
    type("x"); /* later input interrupts by itself */
    assert_true(host.level);
    assert_int_equal(uart_read(&uart, DATA), 'x');
}

static void a_guest_that_polls_reads_everything(void **state) {
    (void)state;
    type("hello, guest");
    char text[32] = {0};
    unsigned count = 0;
    for (unsigned i = 0; i < 200 && count < sizeof(text) - 1; i++) {
        if ((uart_read(&uart, LSR) & 0x01) != 0) {
            text[count++] = (char)uart_read(&uart, DATA);
        }
    }
    assert_string_equal(text, "hello, guest");
}

static void waiting_for_a_full_transmitter_takes_no_input(void **state) {
    (void)state;
    type("abc");
    host.room = 0;
    uart_write(&uart, DATA, 'o');
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(uart_read(&uart, LSR), 0x00);
    }
    assert_int_equal(host.input_left, 3);
}

static void rts_holds_the_sender(void **state) {
    (void)state;
    uart_write(&uart, FCR, 0x01);
    uart_write(&uart, IER, 0x01);
    uart_write(&uart, MCR, 0x0b);
    uart_write(&uart, MCR, 0x09); /* RTS off */
    type("abc");
    assert_int_equal(uart_read(&uart, LSR), 0x60);
    uart_write(&uart, MCR, 0x0b);
    assert_int_equal(uart_read(&uart, LSR), 0x61);
    uart_write(&uart, MCR, 0x09);
    assert_int_equal(uart_read(&uart, DATA), 'a'); /* was in the FIFO; no more follow */
    assert_int_equal(uart_read(&uart, LSR), 0x60);
    assert_int_equal(host.input_left, 2);
    /* A guest that never raised RTS does not mean it. */
    reset(state);
    uart_write(&uart, IER, 0x01);
    type("q");
    assert_int_equal(uart_read(&uart, DATA), 'q');
}

/* 8.5, bits 4 and 7: a break shows when its zero character is on top of the FIFO. */
static void a_break_arrives_in_its_place(void **state) {
    (void)state;
    uart_write(&uart, FCR, 0x01);
    uart_write(&uart, MCR, 0x08);
    uart_write(&uart, IER, 0x05);
    type("a\ab");
    assert_int_equal(uart_read(&uart, LSR), 0x61);
    assert_int_equal(uart_read(&uart, DATA), 'a');
    assert_int_equal(uart_read(&uart, IIR), 0xc6);
    assert_int_equal(uart_read(&uart, LSR), 0xf1); /* FIFO error, empty, break, data */
    assert_int_equal(uart_read(&uart, LSR), 0x61);
    uart_write(&uart, FCR, 0x03); /* a clear does not lose it: it arrives again */
    assert_int_equal(uart_read(&uart, LSR), 0xf1);
    assert_int_equal(uart_read(&uart, DATA), 0);
    assert_int_equal(uart_read(&uart, DATA), 'b');
}

static void any_sequence_keeps_the_invariants(void **state) {
    (void)state;
    static struct io_bus bus;
    struct vmm_random random = vmm_random_start();
    bus_io_init(&bus);
    assert_false(uart_attach(&uart, &bus, 0x3f9));
    assert_true(uart_attach(&uart, &bus, 0x3f8));
    static const char noise[] = "the quick brown fox \a jumps over the lazy dog";
    for (unsigned i = 0; i < 500000; i++) {
        uint16_t port = (uint16_t)(0x3f4 + vmm_random_below(&random, 16));
        unsigned width = 1u << vmm_random_below(&random, 3);
        host.room = vmm_random_below(&random, 3);
        switch (vmm_random_below(&random, 8)) {
        case 0: uart_output_ready(&uart); break;
        case 1: type(noise); break;
        case 2:
        case 3:
        case 4: (void)bus_io_read(&bus, port, width); break;
        default: bus_io_write(&bus, port, width, (uint32_t)vmm_random_next(&random)); break;
        }
        assert_true(uart.receive.count <= 16 && uart.transmit.count <= 16);
        assert_true(uart.receive.head < 16 && uart.transmit.head < 16);
        assert_true(!uart.line_unread || uart.receive.count != 0);
        assert_false(uart.line_unread && uart.line_waiting);
        assert_true(host.level == uart.irq_level);
        assert_true(!host.level || (uart.mcr & 0x08) != 0);
        /* The line says what IIR says. */
        struct uart copy = uart;
        copy.irq = (struct line){NULL, NULL, 0};
        bool pending = (uart_read(&copy, IIR) & 1) == 0;
        assert_true(host.level == (pending && (uart.mcr & 0x08) != 0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(registers_after_reset, reset),
        cmocka_unit_test_setup(registers_keep_what_they_have, reset),
        cmocka_unit_test_setup(the_fifos_are_announced, reset),
        cmocka_unit_test_setup(loop_back_connects_the_modem_lines, reset),
        cmocka_unit_test_setup(loop_back_returns_data, reset),
        cmocka_unit_test_setup(the_receive_fifo_has_trigger_levels, reset),
        cmocka_unit_test_setup(fcr_clears_the_receive_fifo, reset),
        cmocka_unit_test_setup(interrupts_have_priorities, reset),
        cmocka_unit_test_setup(the_transmitter_interrupt, reset),
        cmocka_unit_test_setup(out2_gates_the_line, reset),
        cmocka_unit_test_setup(output_waits_for_the_back_end, reset),
        cmocka_unit_test_setup(no_byte_is_lost_before_the_driver_opens, reset),
        cmocka_unit_test_setup(a_guest_that_polls_reads_everything, reset),
        cmocka_unit_test_setup(waiting_for_a_full_transmitter_takes_no_input, reset),
        cmocka_unit_test_setup(rts_holds_the_sender, reset),
        cmocka_unit_test_setup(a_break_arrives_in_its_place, reset),
        cmocka_unit_test_setup(any_sequence_keeps_the_invariants, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
