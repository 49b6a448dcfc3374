/*
 * The serial port, driven by interrupts in both directions with its FIFOs: the processor never
 * waits for the line. One thread only.
 */
#ifndef BULKHEAD_MANAGER_UART_H
#define BULKHEAD_MANAGER_UART_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"

/* Takes the port from the kernel; its interrupts set these bits of the event. 0, or the negative of
 * an enum status. */
int64_t uart_open(handle_t event, uint64_t bits);
/* After an interrupt: gives every byte received to `receive`, sends on. */
void uart_service(void (*receive)(uint8_t byte));
/* Queues bytes for sending; what does not fit is lost, and counted. */
void uart_write(const void *bytes, uint32_t length);
/* One byte before all that are queued. */
void uart_write_urgent(uint8_t byte);
/* Bytes queued and not yet given to the hardware. */
uint32_t uart_queued(void);
/* Begins to send what is queued, if the hardware is idle. */
void uart_transmit(void);
/* Everything has left the computer. */
bool uart_is_drained(void);

#endif
