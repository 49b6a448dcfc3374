#include "arch/x86_64/platform/ports.h"

#include <stddef.h>

#include "kernel/arch.h"

struct range {
    uint16_t first, last;
};

static const struct range fixed[] = {
    {0x0020, 0x0021}, /* interrupt controllers */
    {0x00a0, 0x00a1},
    {0x04d0, 0x04d1}, /* their edge and level registers */
    {0x0040, 0x0043}, /* timer: other partitions' clocks are measured with it */
    {0x0061, 0x0061}, /* timer's gate, NMI status */
    {0x0064, 0x0064}, /* keyboard controller's command: resets the processor */
    {0x0070, 0x0071}, /* CMOS: bit 7 masks NMIs */
    {0x0092, 0x0092}, /* fast A20 and reset */
    {0x00b2, 0x00b3}, /* enters system-management mode */
    {0x0cf8, 0x0cff}, /* PCI configuration; 0xcf9 resets */
    {0x8900, 0x8900}, /* Bochs: power off */
};

/* Chipsets' power-management blocks, where there is no ACPI to say where they are. */
static const struct range chipset[] = {
    {0x0600, 0x067f}, /* ICH9, as OVMF programs it */
    {0xb000, 0xb03f}, /* PIIX4, as OVMF programs it */
};

#define BLOCK_LIMIT 8u
static struct range blocks[BLOCK_LIMIT];
static size_t block_count;

static void add(uint16_t first, uint32_t length) {
    if (first == 0 || length == 0 || block_count == BLOCK_LIMIT)
        return;
    uint32_t last = first + length - 1;
    blocks[block_count++] = (struct range){first, last > 0xffff ? 0xffff : (uint16_t)last};
}

void ports_init(const struct acpi_platform *platform) {
    block_count = 0;
    if (!platform->has_fadt) {
        for (size_t i = 0; i < sizeof chipset / sizeof chipset[0]; i++)
            blocks[block_count++] = chipset[i];
        return;
    }
    add(platform->command_port, 1);
    add(platform->pm1a_event, platform->pm1_event_length);
    add(platform->pm1b_event, platform->pm1_event_length);
    add(platform->pm1a_control, platform->pm1_control_length);
    add(platform->pm1b_control, platform->pm1_control_length);
    add(platform->gpe0, platform->gpe0_length);
    add(platform->gpe1, platform->gpe1_length);
    if (platform->reset.space == ACPI_SPACE_PORT && platform->has_reset)
        add((uint16_t)platform->reset.address, 1);
}

static bool is_in(const struct range *ranges, size_t count, uint16_t port) {
    for (size_t i = 0; i < count; i++)
        if (port >= ranges[i].first && port <= ranges[i].last)
            return true;
    return false;
}

bool arch_port_is_reserved(uint16_t port) {
    return is_in(fixed, sizeof fixed / sizeof fixed[0], port) || is_in(blocks, block_count, port);
}
