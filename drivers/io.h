/*
 * I/O ports, for drivers. Whoever links a driver supplies these: the kernel's architecture, a
 * driver partition's library, or a test.
 */
#ifndef BULKHEAD_DRIVERS_IO_H
#define BULKHEAD_DRIVERS_IO_H

#include <stdint.h>

uint8_t io_in8(uint16_t port);
uint16_t io_in16(uint16_t port);
uint32_t io_in32(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
void io_out16(uint16_t port, uint16_t value);
void io_out32(uint16_t port, uint32_t value);

#endif
