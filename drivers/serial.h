/* The first serial port (16550), polled, write only. */
#ifndef BULKHEAD_DRIVERS_SERIAL_H
#define BULKHEAD_DRIVERS_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

/* False: there is none. Sets 115200 baud, 8 data bits, no parity, one stop bit. */
bool serial_init(void);

/* Waits for room for each byte, but not for ever: a port that stops taking bytes loses them. */
void serial_write(const char *text, size_t length);

/* Waits, not for ever, until all has left the port: before the power goes. */
void serial_flush(void);

#endif
