/*
 * COM1 without the firmware, for the loader's messages where the firmware's console is not there.
 */
#ifndef BULKHEAD_BOOT_SERIAL_H
#define BULKHEAD_BOOT_SERIAL_H

/* Sets COM1 to 115200 8n1. Without a UART there, serial_write does nothing. */
void serial_start(void);
void serial_write(const char *text);

/* Waits until COM1 has sent what it was given, whoever gave it: who sets it up next clears it. */
void serial_drain(void);

#endif
