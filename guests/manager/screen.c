/* The text on the serial line. Writes to the UART's queue only. */
#include "guests/manager/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guests/manager/flow.h"
#include "guests/manager/uart.h"

#define TEXT_SIZE 1024
/* Guests' output waits while so many bytes are queued, so that a message or another console comes
 * soon. */
#define READY_LIMIT 1024u

static bool is_inside_line; /* the cursor is behind something */
static const char *footer;

/* Bytes with line feeds made line ends. */
static void write_text(const char *text, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            uart_write("\r\n", 2);
        else
            uart_write(&text[i], 1);
    }
    if (length)
        is_inside_line = text[length - 1] != '\n';
}

void screen_start_line(void) {
    if (is_inside_line)
        write_text("\n", 1);
}

void screen_end_lines(void) {
    if (footer && !is_inside_line)
        write_text(footer, (uint32_t)strlen(footer));
}

static uint32_t format_text(char *text, const char *format, va_list arguments) {
    int length = vsnprintf(text, TEXT_SIZE, format, arguments);
    if (length < 0)
        return 0;
    return length < TEXT_SIZE ? (uint32_t)length : TEXT_SIZE - 1;
}

void screen_say(const char *format, ...) {
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    uint32_t length = format_text(text, format, arguments);
    va_end(arguments);
    screen_start_line();
    write_text("bulkhead: ", 10);
    write_text(text, length);
    write_text("\n", 1);
    screen_end_lines();
}

void screen_print(const char *format, ...) {
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    uint32_t length = format_text(text, format, arguments);
    va_end(arguments);
    write_text(text, length);
}

void screen_log_line(const char *line, uint32_t length) {
    screen_start_line();
    write_text(line, length);
    write_text("\n", 1);
}

void screen_write(const uint8_t *bytes, uint32_t length) {
    uint32_t start = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (bytes[i] != FLOW_XON && bytes[i] != FLOW_XOFF)
            continue;
        uart_write(bytes + start, i - start);
        start = i + 1;
    }
    uart_write(bytes + start, length - start);
    if (length)
        is_inside_line = bytes[length - 1] != '\n';
}

void screen_set_footer(const char *text) {
    footer = text;
}

bool screen_is_ready(void) {
    return uart_queued() < READY_LIMIT;
}
