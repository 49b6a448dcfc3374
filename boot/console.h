/*
 * The loader's messages: each once on the screen and once on the serial line, each a line that
 * starts "bulkhead: ".
 */
#ifndef BULKHEAD_BOOT_CONSOLE_H
#define BULKHEAD_BOOT_CONSOLE_H

/* Finds out whether the firmware's console reaches COM1; if not, COM1 is written directly. */
void console_start(void);

/* Prints one line; the prefix and the line's end are added. Formats: see format_text. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
