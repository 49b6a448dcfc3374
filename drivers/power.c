#include "drivers/power.h"

#include <stddef.h>

#include "drivers/io.h"
#include "drivers/pci_config.h"

/* ACPI 6.4, 4.8.3.2.1 "PM1 Control Registers" */
#define PM1_ACPI_MODE    (1u << 0) /* SCI_EN */
#define PM1_SLEEP_SHIFT  10
#define PM1_SLEEP_ENABLE (1u << 13)
#define MODE_POLLS       1000000u
#define OFF_READS        100000u

/* Power does not go within the instruction: it gets as long as 100 ms of reads of a port. */
static void write_sleep(uint16_t control, uint8_t type) {
    if (control == 0)
        return;
    io_out16(control, (uint16_t)(((type & 7u) << PM1_SLEEP_SHIFT) | PM1_SLEEP_ENABLE));
    for (uint32_t i = 0; i < OFF_READS; i++)
        io_in16(control);
}

/* ---- ACPI: 4.8.2.5 "Legacy/ACPI Select and the SCI Interrupt", 7.4.2.6 "System \_S5 State" */

static void acpi_off(const struct acpi_platform *platform) {
    if (!platform->has_fadt || !platform->has_s5 || platform->pm1a_control == 0)
        return;
    if (platform->command_port != 0 && platform->command_enable != 0 &&
        (io_in16(platform->pm1a_control) & PM1_ACPI_MODE) == 0) {
        io_out8(platform->command_port, platform->command_enable);
        for (uint32_t i = 0; i < MODE_POLLS; i++)
            if ((io_in16(platform->pm1a_control) & PM1_ACPI_MODE) != 0)
                break;
    }
    write_sleep(platform->pm1a_control, platform->s5_a);
    write_sleep(platform->pm1b_control, platform->s5_b);
}

/* ---- chipsets whose PM1 block is found by their PCI function */

static const struct {
    uint32_t id;
    uint8_t base; /* configuration register with the block's port */
    uint16_t base_mask;
    uint8_t enable; /* configuration register that opens the block */
    uint8_t enable_bit;
    uint8_t sleep_types[2]; /* S5, by the chip and by its emulations */
    uint32_t sleep_type_count;
} chips[] = {
  /* Intel 82371AB (PIIX4), 7.1.25 "PMBA", 7.1.30 "PMREGMISC"; PMCNTRL: type 0 is soft off */
    {0x71138086, 0x40, 0xffc0, 0x80, 0x01, {0, 0}, 1},
 /* Intel 82801I (ICH9), 13.1.13 "PMBASE", 13.1.14 "ACPI_CNTL"; PM1_CNT: type 7 is S5, QEMU's is
  0 */
    {0x29188086, 0x40, 0xff80, 0x44, 0x80, {0, 7}, 2},
};
#define PM1_CONTROL_OFFSET 4u

static void chipset_off(void) {
    if (!pci_is_present())
        return;
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++) {
        uint32_t function = pci_find(chips[i].id);
        if (function == PCI_NONE)
            continue;
        uint16_t base = pci_read16(function, chips[i].base) & chips[i].base_mask;
        if (base == 0)
            continue;
        uint8_t enable = pci_read8(function, chips[i].enable);
        pci_write8(function, chips[i].enable, enable | chips[i].enable_bit);
        for (uint32_t k = 0; k < chips[i].sleep_type_count; k++)
            write_sleep((uint16_t)(base + PM1_CONTROL_OFFSET), chips[i].sleep_types[k]);
    }
}

/* Bochs: documentation of its `shutdown` port */
#define BOCHS_PORT 0x8900u

void power_off(const struct acpi_platform *platform) {
    acpi_off(platform);
    chipset_off();
    for (const char *letter = "Shutdown"; *letter != 0; letter++)
        io_out8(BOCHS_PORT, (uint8_t)*letter);
}

/* Intel 82801I (ICH9), 13.7.5 "RST_CNT": a hard reset begins when bit 2 goes from 0 to 1 */
#define RESET_PORT 0xcf9u
#define RESET_HARD 0x02u
#define RESET_NOW  0x06u
/* The keyboard controller's output port, bit 0: the processor's reset line */
#define KEYBOARD_COMMAND 0x64u
#define KEYBOARD_RESET   0xfeu

void power_reset(const struct acpi_platform *platform) {
    if (platform->has_reset && platform->reset.space == ACPI_SPACE_PORT)
        io_out8((uint16_t)platform->reset.address, platform->reset_value);
    io_out8(RESET_PORT, RESET_HARD);
    io_out8(RESET_PORT, RESET_NOW);
    io_out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
}
