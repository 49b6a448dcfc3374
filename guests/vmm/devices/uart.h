/*
 * A serial port: 16550A (National Semiconductor PC16550D data sheet, June 1995). Bytes move without
 * baud-rate delay. Input waits in the back end and is pulled one byte at a time, only when the
 * guest is evidently reading, so that clearing the FIFO while a driver starts loses nothing.
 */
#ifndef BULKHEAD_VMM_UART_H
#define BULKHEAD_VMM_UART_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"
#include "guests/vmm/devices/line.h"

#define UART_PORT_COUNT 8u
#define UART_FIFO_SIZE  16u
#define UART_COM1_PORT  0x3f8u
#define UART_COM1_IRQ   4u

#define UART_PULL_NONE  (-1) /* no input waits */
#define UART_PULL_BREAK 256  /* the sender holds the line in break */

struct uart_ops {
    /* The next byte of input, UART_PULL_NONE, or UART_PULL_BREAK. */
    int (*pull)(void *context);
    /* A byte of output. False: no room, the same byte comes again after uart_output_ready(). */
    bool (*push)(void *context, uint8_t byte);
    void *context;
};

struct uart_fifo {
    uint16_t entries[UART_FIFO_SIZE]; /* a byte, and its line-status error bits above it */
    uint8_t head;
    uint8_t count;
};

struct uart {
    struct uart_ops ops;
    struct line irq;
    struct uart_fifo receive;
    struct uart_fifo transmit; /* only what the back end would not take */
    uint16_t line_entry;       /* the last entry that came from the line */
    bool line_unread;          /* ... it is first in the receive FIFO */
    bool line_waiting;         /* ... a clear took it out of the FIFO: it comes again */
    uint16_t divisor;
    uint8_t ier;
    uint8_t fcr;
    uint8_t lcr;
    uint8_t mcr;
    uint8_t msr_delta;
    uint8_t lsr_errors; /* the error bits of LSR, cleared by reading it */
    uint8_t scratch;
    uint8_t poll_count;  /* reads of LSR in a row, nothing else between */
    bool thre_interrupt; /* the transmitter-empty interrupt is pending */
    bool rts_seen;       /* the guest has raised RTS since reset: it means it */
    bool irq_level;
};

/* State after a hardware reset (data sheet, Table II), with 8n1 set as firmware leaves it. */
void uart_init(struct uart *uart, const struct uart_ops *ops, const struct line *irq);

/* Claims the eight ports from BASE, a multiple of eight. False: see bus_io_claim. */
bool uart_attach(struct uart *uart, struct io_bus *bus, uint16_t base);

/* Tells the model that pull() has something again. Harmless at any time. */
void uart_input_ready(struct uart *uart);

/* Tells the model that push() may succeed again. Harmless at any time. */
void uart_output_ready(struct uart *uart);

/* REGISTER 0 to 7 (higher bits are ignored). */
uint8_t uart_read(struct uart *uart, unsigned reg);
void uart_write(struct uart *uart, unsigned reg, uint8_t value);

#endif
