#include "drivers/ioapic.h"

#define SELECT 0u /* index of 32-bit registers */
#define WINDOW 4u

#define REGISTER_VERSION  0x01u
#define REGISTER_PIN(pin) (0x10u + 2 * (pin)) /* low half; high half follows */
#define VERSION_MASK      0xffu
#define LAST_PIN_SHIFT    16
#define PIN_LOW           (1u << 13)
#define PIN_LEVEL         (1u << 15)
#define PIN_MASKED        (1u << 16)
#define DESTINATION_SHIFT 24
#define PIN_LIMIT         240u

static uint32_t read_register(const struct ioapic *ioapic, uint32_t index) {
    ioapic->registers[SELECT] = index;
    return ioapic->registers[WINDOW];
}

static void write_register(const struct ioapic *ioapic, uint32_t index, uint32_t value) {
    ioapic->registers[SELECT] = index;
    ioapic->registers[WINDOW] = value;
}

bool ioapic_open(struct ioapic *ioapic, volatile void *registers, uint32_t first_line) {
    *ioapic = (struct ioapic){.registers = registers, .first_line = first_line, .line_count = 0};
    uint32_t version = read_register(ioapic, REGISTER_VERSION);
    uint32_t count = (version >> LAST_PIN_SHIFT & 0xff) + 1;
    if ((version & VERSION_MASK) == 0 || version == UINT32_MAX || count > PIN_LIMIT)
        return false;
    ioapic->line_count = count;
    for (uint32_t pin = 0; pin < count; pin++)
        write_register(ioapic, REGISTER_PIN(pin), PIN_MASKED);
    return true;
}

void ioapic_route(const struct ioapic *ioapic, uint32_t pin, uint8_t vector, uint8_t destination,
                  bool is_level, bool is_active_low) {
    write_register(ioapic, REGISTER_PIN(pin), PIN_MASKED);
    write_register(ioapic, REGISTER_PIN(pin) + 1, (uint32_t)destination << DESTINATION_SHIFT);
    write_register(ioapic, REGISTER_PIN(pin),
                   PIN_MASKED | (is_level ? PIN_LEVEL : 0) | (is_active_low ? PIN_LOW : 0) |
                       vector);
}

void ioapic_mask(const struct ioapic *ioapic, uint32_t pin) {
    write_register(ioapic, REGISTER_PIN(pin),
                   read_register(ioapic, REGISTER_PIN(pin)) | PIN_MASKED);
}

void ioapic_unmask(const struct ioapic *ioapic, uint32_t pin) {
    write_register(ioapic, REGISTER_PIN(pin),
                   read_register(ioapic, REGISTER_PIN(pin)) & ~PIN_MASKED);
}
