/*
 * Every way in which a PC's software resets it: the reset control register 0xcf9 (Intel PCH data
 * sheet, "RST_CNT"), port 0x92 and the pulse of the keyboard controller (port 0x64, command 0xfe).
 * There is no keyboard controller otherwise: its ports read 0xff, which Linux' driver takes for
 * none within a millisecond; with the FADT's 8042 flag clear it does not even look.
 */
#ifndef BULKHEAD_VMM_RESET_H
#define BULKHEAD_VMM_RESET_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"

#define RESET_CONTROL_PORT  0xcf9u
#define RESET_CONTROL_VALUE 0x06u /* FADT: RESET_REG is port 0xcf9, RESET_VALUE this */

struct reset_ops {
    void (*reset)(void *context);
    void *context;
};

struct reset {
    struct reset_ops ops;
    uint8_t control; /* 0xcf9 */
    uint8_t system;  /* 0x92 */
};

void reset_init(struct reset *reset, const struct reset_ops *ops);

/*
 * Claims 0x60, 0x64 and 0x92. Port 0xcf9 lies within PCI's configuration address: struct pci hands
 * over narrow accesses there.
 */
bool reset_attach(struct reset *reset, struct io_bus *bus);

/* PORT is 0x60, 0x64, 0x92 or 0xcf9; others read 0xff. */
uint8_t reset_read(struct reset *reset, uint16_t port);
void reset_write(struct reset *reset, uint16_t port, uint8_t value);

#endif
