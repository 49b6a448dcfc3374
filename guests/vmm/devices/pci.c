/* PCI configuration mechanism 1, the host bridge, and plain configuration spaces. */
#include "guests/vmm/devices/pci.h"

#include <stddef.h>
#include <string.h>

#define ADDRESS_ENABLE    0x80000000u
#define ADDRESS_KEPT      0x80fffffcu
#define ADDRESS_BUS(a)    ((a) >> 16 & 0xff)
#define ADDRESS_DEVFN(a)  ((a) >> 8 & 0xff)
#define ADDRESS_OFFSET(a) ((a)&0xfc)
#define RANGE_SIZE        4u

/* The host bridge: an id that the PCI id list calls a generic host bridge, and no driver or quirk
 * of Linux matches. Class 06 00 00; no BARs. */
#define BRIDGE_VENDOR 0x1b36u
#define BRIDGE_DEVICE 0x0008u

#define CONFIG_VENDOR         0x00u
#define CONFIG_DEVICE         0x02u
#define CONFIG_COMMAND        0x04u
#define CONFIG_CLASS          0x0bu
#define CONFIG_INTERRUPT_LINE 0x3cu
#define CLASS_BRIDGE          0x06u
#define COMMAND_WRITABLE      0x07u /* I/O, memory, bus master */

static uint32_t all_ones(unsigned width) {
    return width >= 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
}

uint32_t pci_space_read(void *space, unsigned offset, unsigned width) {
    const struct pci_space *config = space;
    uint32_t value = 0;
    for (unsigned i = 0; i < width && offset + i < PCI_CONFIG_SIZE; i++) {
        value |= (uint32_t)config->bytes[offset + i] << (8 * i);
    }
    return value;
}

void pci_space_write(void *space, unsigned offset, unsigned width, uint32_t value) {
    struct pci_space *config = space;
    for (unsigned i = 0; i < width && offset + i < PCI_CONFIG_SIZE; i++) {
        uint8_t mask = config->writable[offset + i];
        uint8_t byte = (uint8_t)(value >> (8 * i));
        config->bytes[offset + i] = (uint8_t)((config->bytes[offset + i] & ~mask) | (byte & mask));
    }
}

/* The function that the address register selects, or NULL. */
static const struct pci_function *selected(const struct pci *pci) {
    if ((pci->address & ADDRESS_ENABLE) == 0 || ADDRESS_BUS(pci->address) != 0) {
        return NULL;
    }
    const struct pci_function *function = &pci->functions[ADDRESS_DEVFN(pci->address)];
    return function->read != NULL ? function : NULL;
}

static bool in_range(uint16_t port, unsigned width, uint16_t first) {
    return port >= first && port + width <= first + RANGE_SIZE;
}

uint32_t pci_read(struct pci *pci, uint16_t port, unsigned width) {
    if (in_range(port, width, PCI_DATA_PORT)) {
        const struct pci_function *function = selected(pci);
        unsigned offset = ADDRESS_OFFSET(pci->address) + (port - PCI_DATA_PORT);
        return function != NULL ? function->read(function->device, offset, width) : all_ones(width);
    }
    if (port == PCI_ADDRESS_PORT && width == 4) {
        return pci->address;
    }
    if (port == RESET_CONTROL_PORT && width == 1 && pci->reset != NULL) {
        return reset_read(pci->reset, port);
    }
    return all_ones(width);
}

void pci_write(struct pci *pci, uint16_t port, unsigned width, uint32_t value) {
    if (in_range(port, width, PCI_DATA_PORT)) {
        const struct pci_function *function = selected(pci);
        unsigned offset = ADDRESS_OFFSET(pci->address) + (port - PCI_DATA_PORT);
        if (function != NULL) {
            function->write(function->device, offset, width, value);
        }
    } else if (port == PCI_ADDRESS_PORT && width == 4) {
        pci->address = value & ADDRESS_KEPT;
    } else if (port == RESET_CONTROL_PORT && width == 1 && pci->reset != NULL) {
        reset_write(pci->reset, port, (uint8_t)value);
    }
}

bool pci_register(struct pci *pci, uint8_t devfn, const struct pci_function *function) {
    if (function->read == NULL || function->write == NULL || pci->functions[devfn].read != NULL) {
        return false;
    }
    pci->functions[devfn] = *function;
    return true;
}

void pci_init(struct pci *pci, struct reset *reset) {
    memset(pci, 0, sizeof(*pci));
    pci->reset = reset;
    uint8_t *bytes = pci->bridge.bytes;
    bytes[CONFIG_VENDOR] = BRIDGE_VENDOR & 0xff;
    bytes[CONFIG_VENDOR + 1] = BRIDGE_VENDOR >> 8;
    bytes[CONFIG_DEVICE] = BRIDGE_DEVICE & 0xff;
    bytes[CONFIG_DEVICE + 1] = BRIDGE_DEVICE >> 8;
    bytes[CONFIG_CLASS] = CLASS_BRIDGE;
    pci->bridge.writable[CONFIG_COMMAND] = COMMAND_WRITABLE;
    pci->bridge.writable[CONFIG_INTERRUPT_LINE] = 0xff;
    pci->functions[0] = (struct pci_function){pci_space_read, pci_space_write, &pci->bridge};
}

static uint32_t port_read(void *device, uint16_t port, unsigned width) {
    return pci_read(device, port, width);
}

static void port_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    pci_write(device, port, width, value);
}

static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTHS_IO};

bool pci_attach(struct pci *pci, struct io_bus *bus) {
    return bus_io_claim(bus, PCI_ADDRESS_PORT, RANGE_SIZE, &port_ops, pci) &&
           bus_io_claim(bus, PCI_DATA_PORT, RANGE_SIZE, &port_ops, pci);
}
