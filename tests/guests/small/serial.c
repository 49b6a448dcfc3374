/* COM1 without interrupts, and the debug-exit port. */
#include "tests/guests/small/serial.h"

#include <stdarg.h>

/* PC16550D data sheet, 8.4 "Line Status Register". */
#define DATA_PORT    0x3f8u
#define STATUS_PORT  0x3fdu
#define STATUS_READY 0x01u
#define STATUS_EMPTY 0x20u

#define EXIT_PORT 0xf4u

static void out(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void put(char c) {
    while (!(in(STATUS_PORT)&STATUS_EMPTY)) {
    }
    out(DATA_PORT, (uint8_t)c);
}

static void put_number(uint32_t value, uint32_t base) {
    char digits[12];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count != 0) {
        put(digits[--count]);
    }
}

void serial_print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        format++;
        if (*format == 's') {
            for (const char *text = va_arg(arguments, const char *); *text != '\0'; text++) {
                put(*text);
            }
        } else {
            put_number(va_arg(arguments, uint32_t), *format == 'x' ? 16 : 10);
        }
    }
    va_end(arguments);
}

void serial_wait(void) {
    while (!(in(STATUS_PORT)&STATUS_READY)) {
        __asm__ volatile("pause");
    }
    in(DATA_PORT);
}

_Noreturn void serial_leave(uint8_t value) {
    for (;;) {
        out(EXIT_PORT, value);
    }
}
