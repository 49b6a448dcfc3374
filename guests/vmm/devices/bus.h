/*
 * The two address spaces in which a guest finds its devices: I/O ports and guest-physical memory.
 * Devices claim ranges at start; after that an access finds its device without a search (ports: a
 * table of one byte each) or in a short sorted array (memory). What nobody claims reads as all ones
 * and swallows writes, as an empty bus does, and is counted.
 */
#ifndef BULKHEAD_VMM_BUS_H
#define BULKHEAD_VMM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#define BUS_PORT_COUNT 65536u
#define BUS_IO_MAX     63u /* port ranges */
#define BUS_MEMORY_MAX 16u /* memory ranges */

/* Widths, in bytes, double as bits of a set: 1, 2, 4 and 8 are distinct. */
#define BUS_WIDTH_1   1u
#define BUS_WIDTH_2   2u
#define BUS_WIDTH_4   4u
#define BUS_WIDTH_8   8u
#define BUS_WIDTHS_IO (BUS_WIDTH_1 | BUS_WIDTH_2 | BUS_WIDTH_4)

/*
 * A device on the port bus. It sees only widths in WIDTHS, and only accesses that lie wholly in the
 * range claimed for it; the bus splits every other access into bytes, lowest port first. A device
 * without width 1 in its set is not there for bytes. Results are cut to the access's width.
 */
struct bus_io_ops {
    uint32_t (*read)(void *device, uint16_t port, unsigned width);
    void (*write)(void *device, uint16_t port, unsigned width, uint32_t value);
    unsigned widths; /* BUS_WIDTH_1 | ... */
};

struct bus_io_range {
    const struct bus_io_ops *ops;
    void *device;
    uint32_t first;
    uint32_t end; /* first port behind the range */
};

struct io_bus {
    uint8_t index[BUS_PORT_COUNT]; /* range of each port; 0: unclaimed */
    struct bus_io_range ranges[BUS_IO_MAX + 1];
    unsigned range_count; /* including range 0, which is the unclaimed rest */
    uint64_t unclaimed_count;
};

void bus_io_init(struct io_bus *bus);

/*
 * Gives the ports first .. first + count - 1 to DEVICE. False, with nothing changed: the range is
 * empty, goes beyond port 0xffff, or overlaps a claimed one; OPS lacks a function or names widths
 * other than 1, 2 and 4; the table is full.
 */
bool bus_io_claim(struct io_bus *bus, uint16_t first, unsigned count, const struct bus_io_ops *ops,
                  void *device);

/* A guest's access. WIDTH is 1, 2 or 4 (anything else reads 0 and writes nothing). */
uint32_t bus_io_read(struct io_bus *bus, uint16_t port, unsigned width);
void bus_io_write(struct io_bus *bus, uint16_t port, unsigned width, uint32_t value);

/* A device on the memory bus: OFFSET counts from the start of its range; width is 1, 2, 4 or 8. */
struct bus_memory_ops {
    uint64_t (*read)(void *device, uint64_t offset, unsigned width);
    void (*write)(void *device, uint64_t offset, unsigned width, uint64_t value);
};

struct bus_memory_range {
    const struct bus_memory_ops *ops;
    void *device;
    uint64_t first;
    uint64_t size;
};

struct memory_bus {
    struct bus_memory_range ranges[BUS_MEMORY_MAX]; /* ascending, disjoint */
    unsigned range_count;
    uint64_t unclaimed_count;
};

void bus_memory_init(struct memory_bus *bus);

/* As bus_io_claim. Also false when first + size does not fit 64 bits. */
bool bus_memory_claim(struct memory_bus *bus, uint64_t first, uint64_t size,
                      const struct bus_memory_ops *ops, void *device);

/*
 * A guest's access; an access that is not wholly in one range is unclaimed. WIDTH is 1, 2, 4 or 8
 * (anything else reads 0 and writes nothing).
 */
uint64_t bus_memory_read(struct memory_bus *bus, uint64_t address, unsigned width);
void bus_memory_write(struct memory_bus *bus, uint64_t address, unsigned width, uint64_t value);

#endif
