/* The registers through which software resets a PC. */
#include "guests/vmm/devices/reset.h"

#define KEYBOARD_DATA_PORT   0x60u
#define KEYBOARD_STATUS_PORT 0x64u
#define SYSTEM_CONTROL_PORT  0x92u

#define KEYBOARD_PULSE       0xf0u /* commands 0xf0-0xff: pulse the outputs whose bits are 0 */
#define KEYBOARD_PULSE_RESET 0x01u /* output 0 is the processor's reset */

#define CONTROL_RESET 0x04u /* RST_CPU: a change to 1 resets */
#define CONTROL_KEPT  0x0eu

#define SYSTEM_RESET 0x01u /* a change to 1 resets */
#define SYSTEM_A20   0x02u /* address line 20 is open; a guest may close it without effect */
#define SYSTEM_KEPT  (SYSTEM_RESET | SYSTEM_A20)

static void fire(struct reset *reset) {
    reset->ops.reset(reset->ops.context);
}

/* True when BIT is set in VALUE and was not in *REG; *REG becomes VALUE in its KEPT bits. */
static bool rises(uint8_t *reg, uint8_t value, unsigned kept, unsigned bit) {
    bool rise = (value & ~*reg & bit) != 0;
    *reg = (uint8_t)(value & kept);
    return rise;
}

uint8_t reset_read(struct reset *reset, uint16_t port) {
    switch (port) {
    case RESET_CONTROL_PORT: return reset->control;
    case SYSTEM_CONTROL_PORT: return reset->system;
    default: return 0xff;
    }
}

void reset_write(struct reset *reset, uint16_t port, uint8_t value) {
    bool fires = false;
    switch (port) {
    case RESET_CONTROL_PORT:
        fires = rises(&reset->control, value, CONTROL_KEPT, CONTROL_RESET);
        break;
    case SYSTEM_CONTROL_PORT:
        fires = rises(&reset->system, value, SYSTEM_KEPT, SYSTEM_RESET);
        break;
    case KEYBOARD_STATUS_PORT:
        fires = value >= KEYBOARD_PULSE && (value & KEYBOARD_PULSE_RESET) == 0;
        break;
    default: break;
    }
    if (fires) {
        fire(reset);
    }
}

void reset_init(struct reset *reset, const struct reset_ops *ops) {
    *reset = (struct reset){.ops = *ops, .control = 0, .system = SYSTEM_A20};
}

static uint32_t port_read(void *device, uint16_t port, unsigned width) {
    (void)width;
    return reset_read(device, port);
}

static void port_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    (void)width;
    reset_write(device, port, (uint8_t)value);
}

static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTH_1};

bool reset_attach(struct reset *reset, struct io_bus *bus) {
    return bus_io_claim(bus, KEYBOARD_DATA_PORT, 1, &port_ops, reset) &&
           bus_io_claim(bus, KEYBOARD_STATUS_PORT, 1, &port_ops, reset) &&
           bus_io_claim(bus, SYSTEM_CONTROL_PORT, 1, &port_ops, reset);
}
