/* The computer around the processors: found, calibrated and brought into a known state. */
#include <stddef.h>

#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/clock.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/speculation.h"
#include "arch/x86_64/cpu/timer.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "arch/x86_64/platform/lines.h"
#include "arch/x86_64/platform/ports.h"
#include "arch/x86_64/platform/symbols.h"
#include "drivers/acpi.h"
#include "drivers/hpet.h"
#include "drivers/io.h"
#include "drivers/pci_config.h"
#include "drivers/pic.h"
#include "drivers/pit.h"
#include "drivers/pm_timer.h"
#include "drivers/power.h"
#include "drivers/serial.h"
#include "kernel/arch.h"
#include "kernel/log.h"
#include "kernel/string.h"

static struct acpi_platform acpi;
static const struct boot_info *boot; /* only while arch_platform_init runs */

/* ---- ports and serial line */

uint8_t io_in8(uint16_t port) {
    return asm_in8(port);
}

uint16_t io_in16(uint16_t port) {
    return asm_in16(port);
}

uint32_t io_in32(uint16_t port) {
    return asm_in32(port);
}

void io_out8(uint16_t port, uint8_t value) {
    asm_out8(port, value);
}

void io_out16(uint16_t port, uint16_t value) {
    asm_out16(port, value);
}

void io_out32(uint16_t port, uint32_t value) {
    asm_out32(port, value);
}

void arch_serial_write(const char *text, size_t length) {
    serial_write(text, length);
}

/* ---- ACPI */

/* Tables lie in memory that the direct map has, or in memory that firmware reserved. */
static const void *map_table(uint64_t physical, uint64_t length) {
    const struct boot_memory *rows = arch_memory_at(boot->memory);
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        uint64_t end = rows[i].base + rows[i].length;
        if (physical < rows[i].base || physical >= end)
            continue;
        bool is_direct = rows[i].type == BOOT_MEMORY_ACPI_RECLAIM ||
                         rows[i].type == BOOT_MEMORY_ACPI_NVS || rows[i].type == BOOT_MEMORY_USABLE;
        if (is_direct && length <= end - physical)
            return arch_memory_at(physical);
        break;
    }
    return kernel_space_map_reserved(physical, length);
}

/* ---- clocks */

static void open_reference_clock(struct reference_clock *clock) {
    /* Where ACPI names no HPET but is there, it knows; where there is no ACPI, PCs have one here.
     */
    uint64_t hpet = acpi.hpet != 0 || acpi.has_fadt ? acpi.hpet : HPET_DEFAULT_ADDRESS;
    volatile void *registers = hpet != 0 ? kernel_space_map_device(hpet, HPET_SIZE) : NULL;
    if (registers != NULL && hpet_open(clock, registers))
        return;
    if (acpi.pm_timer != 0 && pm_timer_open(clock, acpi.pm_timer, acpi.pm_timer_is_32_bit))
        return;
    pit_open(clock);
}

void arch_platform_init(const struct boot_info *info) {
    struct reference_clock clock;
    boot = info;
    symbols_init(info);
    if (!acpi_read(map_table, info->rsdp, &acpi))
        log_line("no ACPI tables: using what all PCs have");
    pic_disable(VECTOR_PIC);
    apic_init_boot();
    apic_init_cpu();
    lines_init(&acpi);
    ports_init(&acpi);
    open_reference_clock(&clock);
    clock_calibrate(&clock);
    timer_init_cpu();
    if (pci_is_present())
        log_line("DMA: bus mastering cleared in %u PCI functions", pci_clear_bus_mastering());
    log_line("local APICs in %s mode, I/O APICs by %s", apic_is_x2apic() ? "x2APIC" : "xAPIC",
             acpi.has_madt ? "ACPI" : "default");
    speculation_report();
    kernel_space_seal();
    boot = NULL;
}

/* ---- the end */

void arch_power_off(void) {
    serial_flush();
    power_off(&acpi);
}

void arch_reset(void) {
    static const struct descriptor_pointer nothing = {0, 0};
    serial_flush();
    power_reset(&acpi);
    /* Last: an exception without gates, which no processor survives. */
    asm_lidt(&nothing);
    asm_int_nmi();
}

/* ---- entropy */

#define RANDOM_ATTEMPTS 32u

/* SDM Vol. 1, 7.3.17 "Random Number Generator Instructions": either may fail for a moment. */
static bool random_word(uint64_t *word) {
    for (uint32_t i = 0; i < RANDOM_ATTEMPTS; i++) {
        if (cpu_has(FEATURE_RDSEED) && asm_rdseed(word))
            return true;
        if (cpu_has(FEATURE_RDRAND) && asm_rdrand(word))
            return true;
        asm_pause();
    }
    return false;
}

bool arch_random(void *buffer, size_t length) {
    uint8_t *bytes = buffer;
    while (length > 0) {
        uint64_t word;
        size_t part = length < sizeof word ? length : sizeof word;
        if (!random_word(&word))
            return false;
        memcpy(bytes, &word, part);
        bytes += part;
        length -= part;
    }
    return true;
}
