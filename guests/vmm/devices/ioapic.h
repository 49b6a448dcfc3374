/*
 * An I/O APIC with 24 pins (Intel 82093AA, order number 290566, with the EOI register of version
 * 0x20). A pin that fires becomes an MSI address and data (SDM Vol. 3, 11.11 "Message Signalled
 * Interrupts"). Pins take logical levels, so the polarity bit is kept and has no effect.
 */
#ifndef BULKHEAD_VMM_IOAPIC_H
#define BULKHEAD_VMM_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"

#define IOAPIC_PIN_COUNT 24u
#define IOAPIC_ADDRESS   0xfec00000ull
#define IOAPIC_SIZE      0x1000ull
#define IOAPIC_VERSION   0x20u

struct ioapic_ops {
    /*
     * Raise an interrupt in the guest. Delivery mode, destination mode (honour it whatever the
     * redirection hint says), vector, trigger are in the two words as in any MSI.
     */
    void (*send)(void *context, uint64_t address, uint32_t data);
    /*
     * The set of vectors whose end-of-interrupt must reach ioapic_eoi has changed; bit v of word
     * v / 64 is vector v. May be NULL: ioapic_eoi_vectors tells the same at any time.
     */
    void (*eoi_vectors)(void *context, const uint64_t vectors[4]);
    void *context;
};

struct ioapic {
    struct ioapic_ops ops;
    uint64_t entries[IOAPIC_PIN_COUNT]; /* the redirection table */
    uint64_t eoi_vectors[4];
    uint32_t lines; /* levels of the pins */
    uint8_t select;
    uint8_t id;
};

/* State after reset: every pin masked. */
void ioapic_init(struct ioapic *ioapic, const struct ioapic_ops *ops, uint8_t id);

/* Claims IOAPIC_SIZE bytes at ADDRESS. */
bool ioapic_attach(struct ioapic *ioapic, struct memory_bus *bus, uint64_t address);

/* The level of PIN (others than 0-23 are ignored). */
void ioapic_set(struct ioapic *ioapic, unsigned pin, bool level);

/* A local APIC has ended VECTOR: level-triggered pins with it may fire again, and do if asserted.
 */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);

/* Vectors of level-triggered pins that are unmasked or await their end-of-interrupt. */
void ioapic_eoi_vectors(const struct ioapic *ioapic, uint64_t vectors[4]);

uint32_t ioapic_read(struct ioapic *ioapic, uint64_t offset);
void ioapic_write(struct ioapic *ioapic, uint64_t offset, uint32_t value);

#endif
