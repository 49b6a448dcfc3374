/* The 16550A serial port. Sections named here are those of the PC16550D data sheet. */
#include "guests/vmm/devices/uart.h"

#include <string.h>

enum uart_register {
    UART_DATA = 0, /* DLAB: divisor, low byte */
    UART_IER = 1,  /* DLAB: divisor, high byte */
    UART_IIR = 2,  /* written: FCR */
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCRATCH = 7
};

#define IER_RECEIVE  0x01u
#define IER_TRANSMIT 0x02u
#define IER_LINE     0x04u
#define IER_MODEM    0x08u
#define IER_MASK     0x0fu

#define IIR_NONE     0x01u
#define IIR_MODEM    0x00u
#define IIR_TRANSMIT 0x02u
#define IIR_RECEIVE  0x04u
#define IIR_LINE     0x06u
#define IIR_TIMEOUT  0x0cu
#define IIR_FIFOS_ON 0xc0u

#define FCR_ENABLE         0x01u
#define FCR_CLEAR_RECEIVE  0x02u
#define FCR_CLEAR_TRANSMIT 0x04u
#define FCR_KEPT           0xc9u
#define FCR_TRIGGER_SHIFT  6

#define LCR_8N1  0x03u
#define LCR_DLAB 0x80u

#define MCR_DTR  0x01u
#define MCR_RTS  0x02u
#define MCR_OUT1 0x04u
#define MCR_OUT2 0x08u /* on a PC: connects the interrupt output to the line */
#define MCR_LOOP 0x10u
#define MCR_MASK 0x1fu

#define LSR_DATA_READY 0x01u
#define LSR_OVERRUN    0x02u
#define LSR_BREAK      0x10u
#define LSR_THRE       0x20u
#define LSR_TEMT       0x40u
#define LSR_FIFO_ERROR 0x80u
#define LSR_CHARACTER  0x1cu /* parity, framing, break: errors that belong to one character */

#define MSR_CTS           0x10u
#define MSR_DSR           0x20u
#define MSR_RI            0x40u
#define MSR_DCD           0x80u
#define MSR_TRAILING_RI   0x04u
#define MSR_DELTAS        0x0bu /* CTS, DSR, DCD have changed */
#define MSR_STATUS_SHIFT  4
#define ENTRY_ERROR_SHIFT 8

/*
 * A guest that polls for input reads LSR again and again; one that only prints reads it once or
 * twice between other registers (Linux, 6.1: wait for the transmitter, then THR or IER), and a
 * driver that starts reads LSR and the data register once each to clear them. So many reads in a
 * row mean polling.
 */
#define POLL_READS 4u

static const uint8_t trigger_levels[4] = {1, 4, 8, 14}; /* 8.4 FIFO Control Register */

static uint16_t fifo_take(struct uart_fifo *fifo) {
    uint16_t entry = fifo->entries[fifo->head];
    fifo->head = (uint8_t)((fifo->head + 1) % UART_FIFO_SIZE);
    fifo->count--;
    return entry;
}

static void fifo_put(struct uart_fifo *fifo, uint16_t entry) {
    fifo->entries[(fifo->head + fifo->count) % UART_FIFO_SIZE] = entry;
    fifo->count++;
}

static unsigned fifo_depth(const struct uart *uart) {
    return (uart->fcr & FCR_ENABLE) != 0 ? UART_FIFO_SIZE : 1;
}

static uint8_t interrupt_id(const struct uart *uart) {
    if ((uart->ier & IER_LINE) != 0 && uart->lsr_errors != 0) {
        return IIR_LINE;
    }
    if ((uart->ier & IER_RECEIVE) != 0 && uart->receive.count != 0) {
        /* Below the trigger level the characters have waited "four character times" at once. */
        bool few = uart->receive.count < trigger_levels[uart->fcr >> FCR_TRIGGER_SHIFT];
        return (uart->fcr & FCR_ENABLE) != 0 && few ? IIR_TIMEOUT : IIR_RECEIVE;
    }
    if ((uart->ier & IER_TRANSMIT) != 0 && uart->thre_interrupt) {
        return IIR_TRANSMIT;
    }
    if ((uart->ier & IER_MODEM) != 0 && uart->msr_delta != 0) {
        return IIR_MODEM;
    }
    return IIR_NONE;
}

static void update_irq(struct uart *uart) {
    bool level = (uart->mcr & MCR_OUT2) != 0 && interrupt_id(uart) != IIR_NONE;
    if (level != uart->irq_level) {
        uart->irq_level = level;
        line_set(&uart->irq, level);
    }
}

/* A character's errors show in LSR when it comes to the top of the FIFO. */
static void reveal_errors(struct uart *uart) {
    if (uart->receive.count != 0) {
        uint16_t *top = &uart->receive.entries[uart->receive.head];
        uart->lsr_errors |= (uint8_t)(*top >> ENTRY_ERROR_SHIFT);
        *top &= 0xff;
    }
}

/* The line's entry is the first in the FIFO: it comes only into an empty one. */
static uint16_t take_received(struct uart *uart) {
    uart->line_unread = false;
    return fifo_take(&uart->receive);
}

static void receive(struct uart *uart, uint16_t entry) {
    if (uart->receive.count >= fifo_depth(uart)) {
        uart->lsr_errors |= LSR_OVERRUN;
        if ((uart->fcr & FCR_ENABLE) != 0) {
            return; /* the new character is lost */
        }
        (void)take_received(uart); /* without FIFOs the old one is */
    }
    fifo_put(&uart->receive, entry);
    reveal_errors(uart);
}

/* In loop-back mode the input is disconnected; RTS is obeyed once the guest has used it. */
static bool listens(const struct uart *uart) {
    return (uart->mcr & MCR_LOOP) == 0 && (!uart->rts_seen || (uart->mcr & MCR_RTS) != 0);
}

/* The next entry from the line into line_entry. False: there is none. */
static bool fetch_line(struct uart *uart) {
    if (uart->line_waiting) {
        uart->line_waiting = false;
        return true;
    }
    int byte = uart->ops.pull(uart->ops.context);
    if (byte == UART_PULL_BREAK) {
        uart->line_entry = LSR_BREAK << ENTRY_ERROR_SHIFT;
    } else {
        uart->line_entry = (uint16_t)(byte & 0xff);
    }
    return byte >= 0;
}

static void feed(struct uart *uart) {
    if (uart->receive.count == 0 && listens(uart) && fetch_line(uart)) {
        uart->line_unread = true;
        receive(uart, uart->line_entry);
    }
}

static void feed_driver(struct uart *uart) {
    if ((uart->ier & IER_RECEIVE) != 0) {
        feed(uart);
    }
}

static void transmit(struct uart *uart, uint8_t byte) {
    if ((uart->mcr & MCR_LOOP) != 0) {
        receive(uart, byte);
        uart->thre_interrupt = uart->transmit.count == 0;
    } else if (uart->transmit.count == 0 && uart->ops.push(uart->ops.context, byte)) {
        uart->thre_interrupt = true;
    } else {
        uart->thre_interrupt = false;
        if (uart->transmit.count < fifo_depth(uart)) {
            fifo_put(&uart->transmit, byte);
        }
    }
}

static void clear_receive(struct uart *uart) {
    uart->line_waiting |= uart->line_unread;
    uart->line_unread = false;
    uart->receive.count = 0;
}

static void clear_transmit(struct uart *uart) {
    if (uart->transmit.count != 0) {
        uart->transmit.count = 0;
        uart->thre_interrupt = true;
    }
}

/* 8.4: the other bits count only with FIFO enable set; a change of it clears both FIFOs. */
static void write_fcr(struct uart *uart, uint8_t value) {
    bool changed = ((uart->fcr ^ value) & FCR_ENABLE) != 0;
    bool enabled = (value & FCR_ENABLE) != 0;
    if (changed || (enabled && (value & FCR_CLEAR_RECEIVE) != 0)) {
        clear_receive(uart);
    }
    if (changed || (enabled && (value & FCR_CLEAR_TRANSMIT) != 0)) {
        clear_transmit(uart);
    }
    uart->fcr = enabled ? value & FCR_KEPT : 0;
    feed_driver(uart);
}

static void write_ier(struct uart *uart, uint8_t value) {
    uint8_t set = value & (uint8_t)~uart->ier;
    uart->ier = value & IER_MASK;
    if ((set & IER_TRANSMIT) != 0 && uart->transmit.count == 0) {
        uart->thre_interrupt = true;
    }
    feed_driver(uart);
}

/* The upper half of MSR: a null modem that is always ready, or in loop-back mode MCR's outputs. */
static uint8_t modem_status(const struct uart *uart) {
    if ((uart->mcr & MCR_LOOP) == 0) {
        return MSR_CTS | MSR_DSR | MSR_DCD;
    }
    unsigned status = 0;
    status |= (uart->mcr & MCR_RTS) != 0 ? MSR_CTS : 0;
    status |= (uart->mcr & MCR_DTR) != 0 ? MSR_DSR : 0;
    status |= (uart->mcr & MCR_OUT1) != 0 ? MSR_RI : 0;
    status |= (uart->mcr & MCR_OUT2) != 0 ? MSR_DCD : 0;
    return (uint8_t)status;
}

static void write_mcr(struct uart *uart, uint8_t value) {
    uint8_t before = modem_status(uart);
    uart->mcr = value & MCR_MASK;
    uint8_t after = modem_status(uart);
    uart->msr_delta |= (uint8_t)((before ^ after) >> MSR_STATUS_SHIFT) & MSR_DELTAS;
    if ((before & ~after & MSR_RI) != 0) {
        uart->msr_delta |= MSR_TRAILING_RI;
    }
    if ((uart->mcr & MCR_RTS) != 0) {
        uart->rts_seen = true;
    }
    feed_driver(uart);
}

static uint8_t read_data(struct uart *uart) {
    if (uart->receive.count == 0) {
        return 0;
    }
    uint8_t byte = (uint8_t)take_received(uart);
    reveal_errors(uart);
    feed_driver(uart);
    return byte;
}

static uint8_t read_iir(struct uart *uart) {
    uint8_t id = interrupt_id(uart);
    if (id == IIR_TRANSMIT) {
        uart->thre_interrupt = false;
    }
    return id | ((uart->fcr & FCR_ENABLE) != 0 ? IIR_FIFOS_ON : 0);
}

static uint8_t read_lsr(struct uart *uart) {
    bool empty = uart->transmit.count == 0;
    if (empty && uart->poll_count < POLL_READS) {
        uart->poll_count++;
    }
    if (uart->poll_count == POLL_READS && (uart->ier & IER_RECEIVE) == 0) {
        feed(uart);
    }
    unsigned lsr = uart->lsr_errors;
    lsr |= uart->receive.count != 0 ? LSR_DATA_READY : 0;
    lsr |= empty ? LSR_THRE | LSR_TEMT : 0;
    if ((uart->fcr & FCR_ENABLE) != 0) {
        /* Errors come only from the line, and that into an empty FIFO: none hides behind the top.
         */
        lsr |= (uart->lsr_errors & LSR_CHARACTER) != 0 ? LSR_FIFO_ERROR : 0;
    }
    uart->lsr_errors = 0;
    return (uint8_t)lsr;
}

static uint8_t read_msr(struct uart *uart) {
    uint8_t msr = modem_status(uart) | uart->msr_delta;
    uart->msr_delta = 0;
    return msr;
}

static uint8_t read_register(struct uart *uart, enum uart_register reg) {
    bool dlab = (uart->lcr & LCR_DLAB) != 0;
    switch (reg) {
    case UART_DATA: return dlab ? (uint8_t)uart->divisor : read_data(uart);
    case UART_IER: return dlab ? (uint8_t)(uart->divisor >> 8) : uart->ier;
    case UART_IIR: return read_iir(uart);
    case UART_LCR: return uart->lcr;
    case UART_MCR: return uart->mcr;
    case UART_LSR: return read_lsr(uart);
    case UART_MSR: return read_msr(uart);
    case UART_SCRATCH: break;
    }
    return uart->scratch;
}

uint8_t uart_read(struct uart *uart, unsigned reg) {
    reg %= UART_PORT_COUNT;
    if (reg != UART_LSR) {
        uart->poll_count = 0;
    }
    uint8_t value = read_register(uart, (enum uart_register)reg);
    update_irq(uart);
    return value;
}

void uart_write(struct uart *uart, unsigned reg, uint8_t value) {
    bool dlab = (uart->lcr & LCR_DLAB) != 0;
    uart->poll_count = 0;
    switch ((enum uart_register)(reg % UART_PORT_COUNT)) {
    case UART_DATA:
        if (dlab) {
            uart->divisor = (uint16_t)((uart->divisor & 0xff00) | value);
        } else {
            transmit(uart, value);
        }
        break;
    case UART_IER:
        if (dlab) {
            uart->divisor = (uint16_t)((uart->divisor & 0x00ff) | value << 8);
        } else {
            write_ier(uart, value);
        }
        break;
    case UART_IIR: write_fcr(uart, value); break;
    case UART_LCR: uart->lcr = value; break;
    case UART_MCR: write_mcr(uart, value); break;
    case UART_LSR: /* written only in factory tests */
    case UART_MSR: break;
    case UART_SCRATCH: uart->scratch = value; break;
    }
    update_irq(uart);
}

void uart_input_ready(struct uart *uart) {
    feed_driver(uart);
    update_irq(uart);
}

void uart_output_ready(struct uart *uart) {
    if (uart->transmit.count == 0) {
        return;
    }
    while (uart->transmit.count != 0) {
        uint8_t byte = (uint8_t)uart->transmit.entries[uart->transmit.head];
        if (!uart->ops.push(uart->ops.context, byte)) {
            return;
        }
        (void)fifo_take(&uart->transmit);
    }
    uart->thre_interrupt = true;
    update_irq(uart);
}

void uart_init(struct uart *uart, const struct uart_ops *ops, const struct line *irq) {
    memset(uart, 0, sizeof(*uart));
    uart->ops = *ops;
    uart->irq = *irq;
    uart->lcr = LCR_8N1;
    uart->divisor = 1; /* 115,200 baud */
}

static uint32_t port_read(void *device, uint16_t port, unsigned width) {
    (void)width;
    return uart_read(device, port);
}

static void port_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    (void)width;
    uart_write(device, port, (uint8_t)value);
}

static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTH_1};

bool uart_attach(struct uart *uart, struct io_bus *bus, uint16_t base) {
    /* The low three bits of the port are the register. */
    return base % UART_PORT_COUNT == 0 && bus_io_claim(bus, base, UART_PORT_COUNT, &port_ops, uart);
}
