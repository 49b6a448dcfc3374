#include "drivers/pci_config.h"

#include "drivers/io.h"

#define ADDRESS       0xcf8u
#define DATA          0xcfcu
#define ADDRESS_VALID 0x80000000u
#define MULTIFUNCTION 0x80u
#define BUSES         256u
#define DEVICES       32u
#define FUNCTIONS     8u

static uint16_t select(uint32_t function, uint32_t offset) {
    io_out32(ADDRESS, ADDRESS_VALID | function << 8 | (offset & 0xfc));
    return (uint16_t)(DATA + (offset & 3));
}

bool pci_is_present(void) {
    uint32_t before = io_in32(ADDRESS);
    io_out32(ADDRESS, ADDRESS_VALID);
    bool is_present = io_in32(ADDRESS) == ADDRESS_VALID;
    io_out32(ADDRESS, before);
    return is_present;
}

uint32_t pci_read32(uint32_t function, uint32_t offset) {
    return io_in32(select(function, offset));
}

uint16_t pci_read16(uint32_t function, uint32_t offset) {
    return io_in16(select(function, offset));
}

uint8_t pci_read8(uint32_t function, uint32_t offset) {
    return io_in8(select(function, offset));
}

void pci_write32(uint32_t function, uint32_t offset, uint32_t value) {
    io_out32(select(function, offset), value);
}

void pci_write16(uint32_t function, uint32_t offset, uint16_t value) {
    io_out16(select(function, offset), value);
}

void pci_write8(uint32_t function, uint32_t offset, uint8_t value) {
    io_out8(select(function, offset), value);
}

/* The functions of one device; false: visit wants no more. */
static bool visit_device(uint32_t device, bool (*visit)(uint32_t, uint32_t, void *),
                         void *context) {
    uint32_t count = 1;
    for (uint32_t number = 0; number < count; number++) {
        uint32_t id = pci_read32(device + number, PCI_ID);
        if (id == PCI_NONE || (id & 0xffff) == 0xffff)
            continue;
        if (number == 0 && (pci_read8(device, PCI_HEADER_TYPE) & MULTIFUNCTION) != 0)
            count = FUNCTIONS;
        if (!visit(device + number, id, context))
            return false;
    }
    return true;
}

void pci_for_each(bool (*visit)(uint32_t function, uint32_t id, void *context), void *context) {
    for (uint32_t bus = 0; bus < BUSES; bus++)
        for (uint32_t device = 0; device < DEVICES; device++)
            if (!visit_device(PCI_FUNCTION(bus, device, 0), visit, context))
                return;
}

struct search {
    uint32_t id;
    uint32_t function;
};

static bool match(uint32_t function, uint32_t id, void *context) {
    struct search *search = context;
    if (id == search->id)
        search->function = function;
    return id != search->id;
}

uint32_t pci_find(uint32_t id) {
    struct search search = {id, PCI_NONE};
    pci_for_each(match, &search);
    return search.function;
}

static bool silence(uint32_t function, uint32_t id, void *context) {
    (void)id;
    uint16_t command = pci_read16(function, PCI_COMMAND);
    if ((command & PCI_COMMAND_BUS_MASTER) == 0)
        return true;
    pci_write16(function, PCI_COMMAND, (uint16_t)(command & ~PCI_COMMAND_BUS_MASTER));
    if ((pci_read16(function, PCI_COMMAND) & PCI_COMMAND_BUS_MASTER) == 0)
        (*(uint32_t *)context)++;
    return true;
}

uint32_t pci_clear_bus_mastering(void) {
    uint32_t count = 0;
    pci_for_each(silence, &count);
    return count;
}
