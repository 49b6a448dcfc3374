/*
 * COM1 without the firmware: polled, 115200 8n1. Touches ports 0x3f8 to 0x3ff.
 */
#include "boot/serial.h"

#include <stdbool.h>
#include <stdint.h>

#include "boot/cpu.h"

enum serial_register {
    SERIAL_DATA = 0x3f8,
    SERIAL_DIVISOR_LOW = 0x3f8, /* while LINE_CONTROL_DIVISOR is set */
    SERIAL_DIVISOR_HIGH = 0x3f9,
    SERIAL_INTERRUPT_ENABLE = 0x3f9,
    SERIAL_FIFO_CONTROL = 0x3fa,
    SERIAL_LINE_CONTROL = 0x3fb,
    SERIAL_MODEM_CONTROL = 0x3fc,
    SERIAL_LINE_STATUS = 0x3fd,
    SERIAL_SCRATCH = 0x3ff,
};

enum {
    LINE_CONTROL_8N1 = 0x03,
    LINE_CONTROL_DIVISOR = 0x80,
    LINE_STATUS_HOLDING_EMPTY = 0x20,
    LINE_STATUS_ALL_SENT = 0x40, /* an absent port reads as all ones: nothing to wait for */
    FIFO_ENABLE_AND_CLEAR = 0x07,
    MODEM_DTR_RTS = 0x03,
    DIVISOR_115200 = 1,
    WAIT_LIMIT = 1000000, /* a UART that never gets ready must not stop the boot */
};

static bool serial_present;

void serial_start(void) {
    static const uint8_t pattern[] = {0x5a, 0xa5};
    for (unsigned i = 0; i < sizeof(pattern); i++) {
        cpu_out8(SERIAL_SCRATCH, pattern[i]);
        if (cpu_in8(SERIAL_SCRATCH) != pattern[i]) {
            return;
        }
    }
    cpu_out8(SERIAL_INTERRUPT_ENABLE, 0);
    cpu_out8(SERIAL_LINE_CONTROL, LINE_CONTROL_DIVISOR);
    cpu_out8(SERIAL_DIVISOR_LOW, DIVISOR_115200);
    cpu_out8(SERIAL_DIVISOR_HIGH, 0);
    cpu_out8(SERIAL_LINE_CONTROL, LINE_CONTROL_8N1);
    cpu_out8(SERIAL_FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    cpu_out8(SERIAL_MODEM_CONTROL, MODEM_DTR_RTS);
    serial_present = true;
}

/* Waits for a bit of the line status; false when it never comes. */
static bool serial_wait(uint8_t status) {
    for (unsigned tries = 0; tries < WAIT_LIMIT; tries++) {
        if ((cpu_in8(SERIAL_LINE_STATUS) & status) != 0) {
            return true;
        }
    }
    return false;
}

void serial_write(const char *text) {
    for (; serial_present && *text != '\0'; text++) {
        serial_present = serial_wait(LINE_STATUS_HOLDING_EMPTY);
        cpu_out8(SERIAL_DATA, (uint8_t)*text);
    }
}

void serial_drain(void) {
    (void)serial_wait(LINE_STATUS_ALL_SENT);
}
