/* The serial line of the small kernels, and their ports. */
#ifndef BULKHEAD_SMALL_SERIAL_H
#define BULKHEAD_SMALL_SERIAL_H

#include <stdint.h>

/* Text; %s is a string, %u a decimal and %x a hexadecimal number. */
void serial_print(const char *format, ...);
/* Waits until somebody has typed a byte. */
void serial_wait(void);

/* Ends the machine by its debug-exit port. */
_Noreturn void serial_leave(uint8_t value);

#endif
