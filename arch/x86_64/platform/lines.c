#include "arch/x86_64/platform/lines.h"

#include <stddef.h>

#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "drivers/ioapic.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/spinlock.h"

#define VECTOR_COUNT     (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)
#define VECTOR_UNUSED    UINT32_MAX
#define LEGACY_TIMER     0u
#define LEGACY_TIMER_PIN 2u

/* An I/O APIC's registers take two accesses, and any CPU may mask or unmask. */
static struct spinlock lock;
static struct ioapic ioapics[ACPI_IO_APIC_LIMIT];
static uint32_t ioapic_count;
static struct acpi_isa_line isa_lines[ACPI_ISA_LINE_COUNT];
static uint32_t line_of_vector[VECTOR_COUNT];

static void add(uint64_t address, uint32_t first_line) {
    volatile void *registers = kernel_space_map_device(address, IOAPIC_SIZE);
    if (registers != NULL && ioapic_open(&ioapics[ioapic_count], registers, first_line))
        ioapic_count++;
    else
        log_line("no I/O APIC answers at %lx", address);
}

void lines_init(const struct acpi_platform *platform) {
    for (uint32_t i = 0; i < VECTOR_COUNT; i++)
        line_of_vector[i] = VECTOR_UNUSED;
    for (uint32_t i = 0; i < ACPI_ISA_LINE_COUNT; i++)
        isa_lines[i] = platform->isa[i];
    for (uint32_t i = 0; i < platform->io_apic_count; i++)
        add(platform->io_apic[i].address, platform->io_apic[i].first_line);
    if (platform->has_madt)
        return;
    /* Without ACPI: where PC chipsets have it, with the timer's line where they wire it. */
    isa_lines[LEGACY_TIMER].line = LEGACY_TIMER_PIN;
    add(IOAPIC_DEFAULT_ADDRESS, 0);
}

static const struct ioapic *find(uint32_t line, uint32_t *pin) {
    for (uint32_t i = 0; i < ioapic_count; i++) {
        *pin = line - ioapics[i].first_line;
        if (line >= ioapics[i].first_line && *pin < ioapics[i].line_count)
            return &ioapics[i];
    }
    return NULL;
}

/* The line's vector, a new one if it has none; 0: there are no more. */
static uint8_t vector_for(uint32_t line) {
    for (uint32_t i = 0; i < VECTOR_COUNT; i++) {
        if (line_of_vector[i] != line && line_of_vector[i] != VECTOR_UNUSED)
            continue;
        line_of_vector[i] = line;
        return (uint8_t)(VECTOR_DEVICE_FIRST + i);
    }
    return 0;
}

enum status arch_interrupt_route(uint32_t line, bool is_global, uint32_t *global_line) {
    /* Lines that are not ISA's: PCI, level-triggered and active-low. */
    struct acpi_isa_line route = {.line = line, .is_level = true, .is_active_low = true};
    uint32_t pin;
    if (ioapic_count == 0)
        return STATUS_UNSUPPORTED;
    if (!is_global) {
        if (line >= ACPI_ISA_LINE_COUNT)
            return STATUS_INVALID;
        route = isa_lines[line];
    }
    const struct ioapic *ioapic = find(route.line, &pin);
    if (ioapic == NULL)
        return STATUS_INVALID;
    uint8_t vector = vector_for(route.line);
    if (vector == 0)
        return STATUS_NO_MEMORY;
    /* Without interrupt remapping a pin reaches 8-bit ids only. */
    uint32_t destination = cpu_self()->apic_id <= 0xfe ? cpu_self()->apic_id : cpus[0]->apic_id;
    spinlock_acquire(&lock);
    ioapic_route(ioapic, pin, vector, (uint8_t)destination, route.is_level, route.is_active_low);
    spinlock_release(&lock);
    *global_line = route.line;
    return STATUS_OK;
}

void arch_interrupt_unmask(uint32_t global_line) {
    uint32_t pin;
    const struct ioapic *ioapic = find(global_line, &pin);
    if (ioapic == NULL)
        return;
    spinlock_acquire(&lock);
    ioapic_unmask(ioapic, pin);
    spinlock_release(&lock);
}

void arch_interrupt_mask(uint32_t global_line) {
    uint32_t pin;
    const struct ioapic *ioapic = find(global_line, &pin);
    if (ioapic == NULL)
        return;
    spinlock_acquire(&lock);
    ioapic_mask(ioapic, pin);
    spinlock_release(&lock);
}

void lines_interrupt(uint8_t vector) {
    uint32_t line = line_of_vector[vector - VECTOR_DEVICE_FIRST];
    if (line != VECTOR_UNUSED)
        kernel_interrupt(line);
}
