/* The I/O APIC: 24 pins, each with a 64-bit redirection entry (82093AA data sheet, 3.2.4). */
#include "guests/vmm/devices/ioapic.h"

#include <stddef.h>
#include <string.h>

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI    0x40u

#define REGISTER_ID          0x00u
#define REGISTER_VERSION     0x01u
#define REGISTER_ARBITRATION 0x02u
#define REGISTER_TABLE       0x10u
#define ID_SHIFT             24
#define ID_MASK              0x0fu
#define MAX_ENTRY_SHIFT      16

#define ENTRY_VECTOR       0xffull
#define ENTRY_MODE_SHIFT   8
#define ENTRY_MODE_MASK    7u
#define ENTRY_LOGICAL      (1ull << 11)
#define ENTRY_REMOTE_IRR   (1ull << 14)
#define ENTRY_LEVEL        (1ull << 15)
#define ENTRY_MASKED       (1ull << 16)
#define ENTRY_DEST_SHIFT   56
#define ENTRY_WRITABLE_LOW 0x0001afffull
#define ENTRY_WRITABLE     (0xffull << ENTRY_DEST_SHIFT | ENTRY_WRITABLE_LOW)

enum { MODE_FIXED = 0, MODE_LOWEST = 1 };

/* SDM Vol. 3, 11.11.1 "Message Address Register Format" and 11.11.2 "Message Data ...". */
#define MSI_ADDRESS    0xfee00000ull
#define MSI_DEST_SHIFT 12
#define MSI_REDIRECT   (1ull << 3)
#define MSI_LOGICAL    (1ull << 2)
#define MSI_MODE_SHIFT 8
#define MSI_ASSERT     (1u << 14)
#define MSI_LEVEL      (1u << 15)

static unsigned mode_of(uint64_t entry) {
    return (unsigned)(entry >> ENTRY_MODE_SHIFT) & ENTRY_MODE_MASK;
}

/*
 * Level-triggered and to be ended by an EOI. The other delivery modes (SMI, NMI, INIT, ExtINT) have
 * no EOI and count as edges: a remote IRR would never be cleared.
 */
static bool is_level(uint64_t entry) {
    unsigned mode = mode_of(entry);
    return (entry & ENTRY_LEVEL) != 0 && (mode == MODE_FIXED || mode == MODE_LOWEST);
}

static void send(struct ioapic *ioapic, uint64_t entry) {
    unsigned mode = mode_of(entry);
    uint64_t address = MSI_ADDRESS | entry >> ENTRY_DEST_SHIFT << MSI_DEST_SHIFT;
    address |= (entry & ENTRY_LOGICAL) != 0 ? MSI_LOGICAL : 0;
    address |= mode == MODE_LOWEST ? MSI_REDIRECT : 0;
    uint32_t data = (uint32_t)(entry & ENTRY_VECTOR) | mode << MSI_MODE_SHIFT | MSI_ASSERT;
    data |= (entry & ENTRY_LEVEL) != 0 ? MSI_LEVEL : 0;
    ioapic->ops.send(ioapic->ops.context, address, data);
}

static void serve_level(struct ioapic *ioapic, unsigned pin) {
    uint64_t entry = ioapic->entries[pin];
    bool ready = (entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)) == 0;
    if (is_level(entry) && ready && (ioapic->lines >> pin & 1) != 0) {
        ioapic->entries[pin] |= ENTRY_REMOTE_IRR;
        send(ioapic, entry);
    }
}

void ioapic_eoi_vectors(const struct ioapic *ioapic, uint64_t vectors[4]) {
    memset(vectors, 0, 4 * sizeof(vectors[0]));
    for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
        uint64_t entry = ioapic->entries[pin];
        bool awaited = (entry & ENTRY_MASKED) == 0 || (entry & ENTRY_REMOTE_IRR) != 0;
        if (is_level(entry) && awaited) {
            unsigned vector = (unsigned)(entry & ENTRY_VECTOR);
            vectors[vector / 64] |= 1ull << vector % 64;
        }
    }
}

static void update_eoi_vectors(struct ioapic *ioapic) {
    uint64_t vectors[4];
    ioapic_eoi_vectors(ioapic, vectors);
    if (memcmp(vectors, ioapic->eoi_vectors, sizeof(vectors)) != 0) {
        memcpy(ioapic->eoi_vectors, vectors, sizeof(vectors));
        if (ioapic->ops.eoi_vectors != NULL) {
            ioapic->ops.eoi_vectors(ioapic->ops.context, vectors);
        }
    }
}

void ioapic_set(struct ioapic *ioapic, unsigned pin, bool level) {
    if (pin >= IOAPIC_PIN_COUNT) {
        return;
    }
    uint32_t bit = 1u << pin;
    bool rises = level && (ioapic->lines & bit) == 0;
    ioapic->lines = level ? ioapic->lines | bit : ioapic->lines & ~bit;
    uint64_t entry = ioapic->entries[pin];
    if (is_level(entry)) {
        serve_level(ioapic, pin);
    } else if (rises && (entry & ENTRY_MASKED) == 0) {
        send(ioapic, entry); /* an edge on a masked pin is lost (data sheet, 3.2.4, bit 16) */
    }
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector) {
    uint32_t ended = 0;
    for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
        uint64_t entry = ioapic->entries[pin];
        if ((entry & ENTRY_VECTOR) == vector && (entry & ENTRY_REMOTE_IRR) != 0) {
            ioapic->entries[pin] &= ~ENTRY_REMOTE_IRR;
            ended |= 1u << pin;
        }
    }
    if (ended == 0) {
        return;
    }
    update_eoi_vectors(ioapic);
    for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
        if ((ended >> pin & 1) != 0) {
            serve_level(ioapic, pin);
        }
    }
}

static void write_entry(struct ioapic *ioapic, unsigned pin, uint64_t value) {
    uint64_t remote_irr = ioapic->entries[pin] & ENTRY_REMOTE_IRR;
    uint64_t entry = value & ENTRY_WRITABLE;
    /* Making a pin edge-triggered forgets its remote IRR: Linux ends interrupts so on old chips. */
    ioapic->entries[pin] = is_level(entry) ? entry | remote_irr : entry;
    update_eoi_vectors(ioapic); /* before the interrupt whose end is awaited */
    serve_level(ioapic, pin);
}

static uint32_t read_register(const struct ioapic *ioapic) {
    unsigned reg = ioapic->select;
    if (reg == REGISTER_ID || reg == REGISTER_ARBITRATION) {
        return (uint32_t)ioapic->id << ID_SHIFT;
    }
    if (reg == REGISTER_VERSION) {
        return IOAPIC_VERSION | (IOAPIC_PIN_COUNT - 1) << MAX_ENTRY_SHIFT;
    }
    if (reg < REGISTER_TABLE || reg >= REGISTER_TABLE + 2 * IOAPIC_PIN_COUNT) {
        return 0;
    }
    uint64_t entry = ioapic->entries[(reg - REGISTER_TABLE) / 2];
    return (uint32_t)(reg % 2 == 0 ? entry : entry >> 32);
}

static void write_register(struct ioapic *ioapic, uint32_t value) {
    unsigned reg = ioapic->select;
    if (reg == REGISTER_ID) {
        ioapic->id = value >> ID_SHIFT & ID_MASK;
    }
    if (reg < REGISTER_TABLE || reg >= REGISTER_TABLE + 2 * IOAPIC_PIN_COUNT) {
        return;
    }
    unsigned pin = (reg - REGISTER_TABLE) / 2;
    uint64_t entry = ioapic->entries[pin];
    if (reg % 2 == 0) {
        entry = (entry >> 32 << 32) | value;
    } else {
        entry = (entry & UINT32_MAX) | (uint64_t)value << 32;
    }
    write_entry(ioapic, pin, entry);
}

uint32_t ioapic_read(struct ioapic *ioapic, uint64_t offset) {
    switch (offset) {
    case OFFSET_SELECT: return ioapic->select;
    case OFFSET_WINDOW: return read_register(ioapic);
    default: return 0;
    }
}

void ioapic_write(struct ioapic *ioapic, uint64_t offset, uint32_t value) {
    switch (offset) {
    case OFFSET_SELECT: ioapic->select = (uint8_t)value; break;
    case OFFSET_WINDOW: write_register(ioapic, value); break;
    case OFFSET_EOI: ioapic_eoi(ioapic, (uint8_t)value); break;
    default: break;
    }
}

void ioapic_init(struct ioapic *ioapic, const struct ioapic_ops *ops, uint8_t id) {
    memset(ioapic, 0, sizeof(*ioapic));
    ioapic->ops = *ops;
    ioapic->id = id & ID_MASK;
    for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
        ioapic->entries[pin] = ENTRY_MASKED;
    }
}

/* Registers are 32 bits wide; of wider accesses the upper half is nobody's. */
static uint64_t memory_read(void *device, uint64_t offset, unsigned width) {
    (void)width;
    return ioapic_read(device, offset);
}

/* A narrow write to the table would tear an entry: only the select and EOI registers take bytes. */
static void memory_write(void *device, uint64_t offset, unsigned width, uint64_t value) {
    if (width >= 4 || offset != OFFSET_WINDOW) {
        ioapic_write(device, offset, (uint32_t)value);
    }
}

static const struct bus_memory_ops memory_ops = {memory_read, memory_write};

bool ioapic_attach(struct ioapic *ioapic, struct memory_bus *bus, uint64_t address) {
    return bus_memory_claim(bus, address, IOAPIC_SIZE, &memory_ops, ioapic);
}
