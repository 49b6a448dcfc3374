#include "drivers/serial.h"

#include <stdint.h>

#include "drivers/io.h"

/* National Semiconductor PC16550D data sheet, 8.0 "Registers" */
#define BASE           0x3f8u
#define DATA           (BASE + 0) /* divisor, low half, while LINE_DIVISOR is set */
#define INTERRUPTS     (BASE + 1) /* divisor, high half, while LINE_DIVISOR is set */
#define FIFO           (BASE + 2)
#define LINE           (BASE + 3)
#define MODEM          (BASE + 4)
#define STATUS         (BASE + 5)
#define SCRATCH        (BASE + 7)
#define FIFO_ON        0x07u /* enabled, both emptied */
#define LINE_8N1       0x03u
#define LINE_DIVISOR   0x80u
#define MODEM_READY    0x0bu /* DTR, RTS, OUT2 (the interrupt's gate on PCs) */
#define STATUS_EMPTY   0x20u /* the transmitter's FIFO is empty */
#define STATUS_IDLE    0x40u /* and so is its shift register */
#define STATUS_NOTHING 0xffu /* what an empty bus reads as */
#define DIVISOR_115200 1u
#define FIFO_SIZE      16u

/* A byte takes 87 us; a poll of the bus about 1 us. Sixteen bytes, and a margin. */
#define WAIT_POLLS 200000u

static bool is_present;

bool serial_init(void) {
    static const uint8_t patterns[] = {0x5a, 0xa5};
    for (uint32_t i = 0; i < sizeof patterns; i++) {
        io_out8(SCRATCH, patterns[i]);
        if (io_in8(SCRATCH) != patterns[i])
            return false;
    }
    if (io_in8(STATUS) == STATUS_NOTHING)
        return false;
    io_out8(INTERRUPTS, 0);
    io_out8(LINE, LINE_DIVISOR);
    io_out8(DATA, DIVISOR_115200);
    io_out8(INTERRUPTS, 0);
    io_out8(LINE, LINE_8N1);
    io_out8(FIFO, FIFO_ON);
    io_out8(MODEM, MODEM_READY);
    is_present = true;
    return true;
}

static bool wait_for(uint8_t status) {
    for (uint32_t i = 0; i < WAIT_POLLS; i++)
        if ((io_in8(STATUS) & status) != 0)
            return true;
    return false;
}

void serial_write(const char *text, size_t length) {
    while (is_present && length > 0) {
        if (!wait_for(STATUS_EMPTY)) {
            is_present = false;
            return;
        }
        for (uint32_t i = 0; i < FIFO_SIZE && length > 0; i++, length--)
            io_out8(DATA, (uint8_t)*text++);
    }
}

void serial_flush(void) {
    if (is_present)
        wait_for(STATUS_IDLE);
}
