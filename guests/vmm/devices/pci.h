/*
 * PCI configuration mechanism 1 (PCI Local Bus Specification 3.0, 3.2.2.3.2 "Software Generation of
 * Configuration Transactions") over one bus, with a host bridge at 00:00.0 and room for more
 * functions.
 */
#ifndef BULKHEAD_VMM_PCI_H
#define BULKHEAD_VMM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"
#include "guests/vmm/devices/reset.h"

#define PCI_ADDRESS_PORT   0xcf8u
#define PCI_DATA_PORT      0xcfcu
#define PCI_FUNCTION_COUNT 256u /* of one bus: devfn = device << 3 | function */
#define PCI_CONFIG_SIZE    256u

/* One function: OFFSET + WIDTH never exceeds PCI_CONFIG_SIZE and never crosses a dword. */
struct pci_function {
    uint32_t (*read)(void *device, unsigned offset, unsigned width);
    void (*write)(void *device, unsigned offset, unsigned width, uint32_t value);
    void *device;
};

/* A configuration space without side effects: bytes, and which bits of them a guest may write. */
struct pci_space {
    uint8_t bytes[PCI_CONFIG_SIZE];
    uint8_t writable[PCI_CONFIG_SIZE];
};

struct pci {
    struct pci_function functions[PCI_FUNCTION_COUNT]; /* read == NULL: no such function */
    struct pci_space bridge;
    struct reset *reset;
    uint32_t address;
};

/* Host bridge only. RESET answers port 0xcf9, which lies within the address register; may be NULL.
 */
void pci_init(struct pci *pci, struct reset *reset);

/* Claims 0xcf8-0xcff. */
bool pci_attach(struct pci *pci, struct io_bus *bus);

/* Puts FUNCTION (copied) at DEVFN. False: the place is taken, or FUNCTION lacks read or write. */
bool pci_register(struct pci *pci, uint8_t devfn, const struct pci_function *function);

/* Access to a struct pci_space (the DEVICE), as functions for struct pci_function. */
uint32_t pci_space_read(void *space, unsigned offset, unsigned width);
void pci_space_write(void *space, unsigned offset, unsigned width, uint32_t value);

/* PORT 0xcf8-0xcff, PORT + WIDTH not beyond; others read all ones. */
uint32_t pci_read(struct pci *pci, uint16_t port, unsigned width);
void pci_write(struct pci *pci, uint16_t port, unsigned width, uint32_t value);

#endif
