/*
 * What the kernel needs of ACPI 6.4, read from tables that firmware wrote and nobody vouches for:
 * every length is checked, nothing is executed. AML is searched for one package, not interpreted.
 */
#ifndef BULKHEAD_DRIVERS_ACPI_H
#define BULKHEAD_DRIVERS_ACPI_H

#include <stdbool.h>
#include <stdint.h>

/* Access to physical memory: `length` readable bytes, or NULL. What it gives stays readable. */
typedef const void *(*acpi_map_function)(uint64_t physical, uint64_t length);

#define ACPI_IO_APIC_LIMIT  64u
#define ACPI_ISA_LINE_COUNT 16u

struct acpi_io_apic {
    uint32_t id;
    uint32_t first_line;
    uint64_t address;
};

/* How an ISA line reaches the I/O APICs. */
struct acpi_isa_line {
    uint32_t line; /* global */
    bool is_level;
    bool is_active_low;
};

/* ACPI 6.4, 5.2.3.2 "Generic Address Structure" */
struct acpi_register {
    uint64_t address;
    uint8_t space; /* enum acpi_space */
};
enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_PORT = 1, ACPI_SPACE_PCI = 2 };

struct acpi_platform {
    bool has_madt, has_fadt, has_s5, has_reset;
    uint32_t io_apic_count;
    struct acpi_io_apic io_apic[ACPI_IO_APIC_LIMIT];
    struct acpi_isa_line isa[ACPI_ISA_LINE_COUNT]; /* identity where nothing else is said */
    uint16_t system_line;                          /* SCI */
    uint16_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm_timer; /* ports, 0: none */
    uint16_t gpe0, gpe1;
    uint8_t pm1_event_length, pm1_control_length, gpe0_length, gpe1_length;
    bool pm_timer_is_32_bit;
    uint16_t command_port; /* SMI_CMD; 0: ACPI mode is always on */
    uint8_t command_enable;
    uint8_t s5_a, s5_b; /* values of SLP_TYP */
    struct acpi_register reset;
    uint8_t reset_value;
    uint64_t hpet; /* address, 0: none */
};

/* Fills in what can be had; false: no valid root pointer or root table there. */
bool acpi_read(acpi_map_function map, uint64_t rsdp, struct acpi_platform *platform);

/* Pure: the values of \_S5's first two elements in a block of AML; false: there is no such package.
 */
bool acpi_find_s5(const uint8_t *aml, uint64_t length, uint8_t *a, uint8_t *b);

#endif
