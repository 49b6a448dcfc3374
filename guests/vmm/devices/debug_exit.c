/* One write-only port. */
#include "guests/vmm/devices/debug_exit.h"

static uint32_t port_read(void *device, uint16_t port, unsigned width) {
    (void)device;
    (void)port;
    (void)width;
    return 0;
}

static void port_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    const struct debug_exit *debug_exit = device;
    (void)port;
    (void)width;
    debug_exit->ops.leave(debug_exit->ops.context, value);
}

static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTHS_IO};

void debug_exit_init(struct debug_exit *device, const struct debug_exit_ops *ops) {
    *device = (struct debug_exit){.ops = *ops};
}

bool debug_exit_attach(struct debug_exit *device, struct io_bus *bus) {
    return bus_io_claim(bus, DEBUG_EXIT_PORT, DEBUG_EXIT_COUNT, &port_ops, device);
}
