/* The port and memory buses: claiming ranges and finding the device of an access. */
#include "guests/vmm/devices/bus.h"

#include <stddef.h>
#include <string.h>

static uint32_t width_mask(unsigned width) {
    return width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
}

static uint32_t empty_read(void *device, uint16_t port, unsigned width) {
    struct io_bus *bus = device;
    (void)port;
    (void)width;
    bus->unclaimed_count++;
    return UINT32_MAX;
}

static void empty_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    struct io_bus *bus = device;
    (void)port;
    (void)width;
    (void)value;
    bus->unclaimed_count++;
}

/* Range 0. It takes single bytes only: the ports behind an unclaimed one may be somebody's. */
static const struct bus_io_ops empty_ops = {
    .read = empty_read,
    .write = empty_write,
    .widths = BUS_WIDTH_1,
};

void bus_io_init(struct io_bus *bus) {
    memset(bus, 0, sizeof(*bus));
    bus->ranges[0] = (struct bus_io_range){&empty_ops, bus, 0, BUS_PORT_COUNT};
    bus->range_count = 1;
}

bool bus_io_claim(struct io_bus *bus, uint16_t first, unsigned count, const struct bus_io_ops *ops,
                  void *device) {
    if (count == 0 || count > BUS_PORT_COUNT - first || bus->range_count > BUS_IO_MAX) {
        return false;
    }
    if (ops->read == NULL || ops->write == NULL || (ops->widths & ~BUS_WIDTHS_IO) != 0) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (bus->index[first + i] != 0) {
            return false;
        }
    }
    bus->ranges[bus->range_count] = (struct bus_io_range){ops, device, first, first + count};
    memset(&bus->index[first], (int)bus->range_count, count);
    bus->range_count++;
    return true;
}

static const struct bus_io_range *range_of(const struct io_bus *bus, uint32_t port) {
    return &bus->ranges[bus->index[port]];
}

/* The whole access is one that the device knows. */
static bool takes(const struct bus_io_range *range, uint32_t port, unsigned width) {
    return (range->ops->widths & width) != 0 && port + width <= range->end;
}

static const struct bus_io_range *byte_range(const struct io_bus *bus, uint32_t port) {
    const struct bus_io_range *range = &bus->ranges[0];
    if (port < BUS_PORT_COUNT && takes(range_of(bus, port), port, BUS_WIDTH_1)) {
        range = range_of(bus, port);
    }
    return range;
}

/* Out of line, so that the ordinary access saves no register for it. */
__attribute__((noinline)) static uint32_t read_bytes(struct io_bus *bus, uint16_t port,
                                                     unsigned width) {
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        uint32_t at = (uint32_t)port + i;
        const struct bus_io_range *range = byte_range(bus, at);
        uint32_t byte = range->ops->read(range->device, (uint16_t)at, BUS_WIDTH_1);
        value |= (byte & 0xff) << (8 * i);
    }
    return value;
}

__attribute__((noinline)) static void write_bytes(struct io_bus *bus, uint16_t port, unsigned width,
                                                  uint32_t value) {
    for (unsigned i = 0; i < width; i++) {
        uint32_t at = (uint32_t)port + i;
        const struct bus_io_range *range = byte_range(bus, at);
        range->ops->write(range->device, (uint16_t)at, BUS_WIDTH_1, value >> (8 * i) & 0xff);
    }
}

static bool io_width_valid(unsigned width) {
    return width == 1 || width == 2 || width == 4;
}

uint32_t bus_io_read(struct io_bus *bus, uint16_t port, unsigned width) {
    if (!io_width_valid(width)) {
        return 0;
    }
    const struct bus_io_range *range = range_of(bus, port);
    if (takes(range, port, width)) {
        return range->ops->read(range->device, port, width) & width_mask(width);
    }
    return read_bytes(bus, port, width);
}

void bus_io_write(struct io_bus *bus, uint16_t port, unsigned width, uint32_t value) {
    if (!io_width_valid(width)) {
        return;
    }
    const struct bus_io_range *range = range_of(bus, port);
    if (takes(range, port, width)) {
        range->ops->write(range->device, port, width, value & width_mask(width));
    } else {
        write_bytes(bus, port, width, value);
    }
}

void bus_memory_init(struct memory_bus *bus) {
    memset(bus, 0, sizeof(*bus));
}

bool bus_memory_claim(struct memory_bus *bus, uint64_t first, uint64_t size,
                      const struct bus_memory_ops *ops, void *device) {
    if (size == 0 || first + size < first || bus->range_count == BUS_MEMORY_MAX) {
        return false;
    }
    if (ops->read == NULL || ops->write == NULL) {
        return false;
    }
    unsigned at = 0;
    while (at < bus->range_count && bus->ranges[at].first < first) {
        at++;
    }
    if (at > 0 && first - bus->ranges[at - 1].first < bus->ranges[at - 1].size) {
        return false;
    }
    if (at < bus->range_count && bus->ranges[at].first - first < size) {
        return false;
    }
    memmove(&bus->ranges[at + 1], &bus->ranges[at],
            (bus->range_count - at) * sizeof(bus->ranges[0]));
    bus->ranges[at] = (struct bus_memory_range){ops, device, first, size};
    bus->range_count++;
    return true;
}

static const struct bus_memory_range *memory_find(const struct memory_bus *bus, uint64_t address,
                                                  unsigned width) {
    for (unsigned i = 0; i < bus->range_count; i++) {
        const struct bus_memory_range *range = &bus->ranges[i];
        if (address < range->first) {
            break;
        }
        uint64_t offset = address - range->first;
        if (offset < range->size) {
            return range->size - offset >= width ? range : NULL;
        }
    }
    return NULL;
}

static bool memory_width_valid(unsigned width) {
    return io_width_valid(width) || width == 8;
}

uint64_t bus_memory_read(struct memory_bus *bus, uint64_t address, unsigned width) {
    if (!memory_width_valid(width)) {
        return 0;
    }
    uint64_t mask = width == 8 ? UINT64_MAX : width_mask(width);
    const struct bus_memory_range *range = memory_find(bus, address, width);
    if (range == NULL) {
        bus->unclaimed_count++;
        return mask;
    }
    return range->ops->read(range->device, address - range->first, width) & mask;
}

void bus_memory_write(struct memory_bus *bus, uint64_t address, unsigned width, uint64_t value) {
    if (!memory_width_valid(width)) {
        return;
    }
    uint64_t mask = width == 8 ? UINT64_MAX : width_mask(width);
    const struct bus_memory_range *range = memory_find(bus, address, width);
    if (range == NULL) {
        bus->unclaimed_count++;
    } else {
        range->ops->write(range->device, address - range->first, width, value & mask);
    }
}
