/* PCI configuration space by ports 0xcf8 and 0xcfc: PCI Local Bus Specification 3.0, 3.2.2.3.2. */
#ifndef BULKHEAD_DRIVERS_PCI_CONFIG_H
#define BULKHEAD_DRIVERS_PCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_ID                 0x00u
#define PCI_COMMAND            0x04u
#define PCI_COMMAND_BUS_MASTER (1u << 2)
#define PCI_HEADER_TYPE        0x0eu
#define PCI_NONE               0xffffffffu /* the id of a function that is not there */

/* function: bus << 8 | device << 3 | function */
#define PCI_FUNCTION(bus, device, number) \
    ((uint32_t)(bus) << 8 | (uint32_t)(device) << 3 | (number))

bool pci_is_present(void);
uint32_t pci_read32(uint32_t function, uint32_t offset);
uint16_t pci_read16(uint32_t function, uint32_t offset);
uint8_t pci_read8(uint32_t function, uint32_t offset);
void pci_write32(uint32_t function, uint32_t offset, uint32_t value);
void pci_write16(uint32_t function, uint32_t offset, uint16_t value);
void pci_write8(uint32_t function, uint32_t offset, uint8_t value);

/* Calls visit for every function until it returns false. */
void pci_for_each(bool (*visit)(uint32_t function, uint32_t id, void *context), void *context);

/* The first function with this id (device << 16 | vendor); PCI_NONE: there is none. */
uint32_t pci_find(uint32_t id);

/* No function can do DMA any more; returns how many could. */
uint32_t pci_clear_bus_mastering(void);

#endif
