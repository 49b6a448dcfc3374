/*
 * A port with which a test kernel ends its machine and leaves a number, as QEMU's isa-debug-exit
 * device at its customary place: what is written there, whatever the width, is the number.
 */
#ifndef BULKHEAD_VMM_DEBUG_EXIT_H
#define BULKHEAD_VMM_DEBUG_EXIT_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"

#define DEBUG_EXIT_PORT  0xf4u
#define DEBUG_EXIT_COUNT 4u

struct debug_exit_ops {
    void (*leave)(void *context, uint32_t value);
    void *context;
};

struct debug_exit {
    struct debug_exit_ops ops;
};

void debug_exit_init(struct debug_exit *device, const struct debug_exit_ops *ops);
bool debug_exit_attach(struct debug_exit *device, struct io_bus *bus);

#endif
