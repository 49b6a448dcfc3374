/* I/O APICs. Intel 82093AA data sheet, 3.0 "Register Description". */
#ifndef BULKHEAD_DRIVERS_IOAPIC_H
#define BULKHEAD_DRIVERS_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#define IOAPIC_SIZE            0x20u
#define IOAPIC_DEFAULT_ADDRESS 0xfec00000u

struct ioapic {
    volatile uint32_t *registers;
    uint32_t first_line; /* global number of its first pin */
    uint32_t line_count;
};

/* Masks every pin. False: nothing answers there. */
bool ioapic_open(struct ioapic *ioapic, volatile void *registers, uint32_t first_line);

/* Pins are numbered from 0. Routed masked; destination: a local APIC's 8-bit id. */
void ioapic_route(const struct ioapic *ioapic, uint32_t pin, uint8_t vector, uint8_t destination,
                  bool is_level, bool is_active_low);
void ioapic_mask(const struct ioapic *ioapic, uint32_t pin);
void ioapic_unmask(const struct ioapic *ioapic, uint32_t pin);

#endif
