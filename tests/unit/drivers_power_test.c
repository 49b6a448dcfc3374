/* Power off and PCI configuration on a made-up PC: ACPI 6.4, 4.8.3.2.1; PCI 3.0, 3.2.2.3.2. */
/* units: drivers/power.c drivers/pci_config.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "drivers/io.h"
#include "drivers/pci_config.h"
#include "drivers/power.h"

/* ---- the PC: PCI functions with 256 bytes each, and a record of what was written to ports */

struct function {
    uint32_t address; /* bus << 8 | device << 3 | function */
    uint8_t config[256];
    bool has_fixed_master; /* its bus-master bit cannot be cleared */
};
static struct function functions[6];
static uint32_t function_count;
static uint32_t selected;
static bool has_pci;

static struct {
    uint16_t port;
    uint32_t value;
} written[64];
static uint32_t written_count;
static uint16_t acpi_mode_port; /* PM1a control: its bit 0 follows the command */
static bool is_acpi_mode;
static uint32_t reads_of[0x10000];

static uint8_t *config_at(uint32_t offset) {
    for (uint32_t i = 0; i < function_count; i++)
        if ((selected & 0x80000000u) != 0 && functions[i].address == (selected >> 8 & 0xffff))
            return functions[i].config + (selected & 0xfc) + offset;
    return NULL;
}

static uint32_t in(uint16_t port, uint32_t width) {
    uint32_t value = 0;
    reads_of[port]++;
    if (has_pci && port == 0xcf8 && width == 4)
        return selected;
    if (has_pci && port >= 0xcfc && port <= 0xcff) {
        const uint8_t *bytes = config_at(port - 0xcfcu);
        if (bytes == NULL)
            return UINT32_MAX;
        memcpy(&value, bytes, width);
        return value;
    }
    if (port == acpi_mode_port)
        return is_acpi_mode;
    return UINT32_MAX;
}

static void out(uint16_t port, uint32_t value, uint32_t width) {
    if (has_pci && port == 0xcf8 && width == 4) {
        selected = value;
        return;
    }
    if (has_pci && port >= 0xcfc && port <= 0xcff) {
        uint8_t *bytes = config_at(port - 0xcfcu);
        if (bytes == NULL)
            return;
        for (uint32_t i = 0; i < function_count; i++)
            if (functions[i].has_fixed_master && bytes == functions[i].config + 4)
                value |= 4;
        memcpy(bytes, &value, width);
        return;
    }
    if (port == 0xb2 && value == 0xa1)
        is_acpi_mode = true;
    if (written_count < 64) {
        written[written_count].port = port;
        written[written_count++].value = value;
    }
}

uint8_t io_in8(uint16_t port) {
    return (uint8_t)in(port, 1);
}
uint16_t io_in16(uint16_t port) {
    return (uint16_t)in(port, 2);
}
uint32_t io_in32(uint16_t port) {
    return in(port, 4);
}
void io_out8(uint16_t port, uint8_t value) {
    out(port, value, 1);
}
void io_out16(uint16_t port, uint16_t value) {
    out(port, value, 2);
}
void io_out32(uint16_t port, uint32_t value) {
    out(port, value, 4);
}

static struct function *add(uint32_t address, uint32_t id, uint16_t command, uint8_t header) {
    struct function *function = &functions[function_count++];
    memset(function, 0, sizeof *function);
    function->address = address;
    memcpy(function->config, &id, 4);
    memcpy(function->config + 4, &command, 2);
    function->config[0x0e] = header;
    return function;
}

static int reset(void **state) {
    (void)state;
    function_count = 0;
    written_count = 0;
    selected = 0;
    has_pci = true;
    acpi_mode_port = 0;
    is_acpi_mode = false;
    return 0;
}

static bool was_written(uint16_t port, uint32_t value) {
    for (uint32_t i = 0; i < written_count; i++)
        if (written[i].port == port && written[i].value == value)
            return true;
    return false;
}

static uint16_t command_of(uint32_t index) {
    uint16_t command;
    memcpy(&command, functions[index].config + 4, 2);
    return command;
}

/* ---- PCI */

static void every_function_stops_dma(void **state) {
    (void)state;
    add(PCI_FUNCTION(0, 0, 0), 0x12378086, 0x0006, 0x00);
    add(PCI_FUNCTION(0, 1, 0), 0x70008086, 0x0007, 0x80);
    add(PCI_FUNCTION(0, 1, 3), 0x71138086, 0x0005, 0x00); /* functions 1 and 2 are missing */
    add(PCI_FUNCTION(0, 2, 0), 0x100e8086, 0x0003, 0x00); /* was silent */
    add(PCI_FUNCTION(0, 2, 1), 0xdeadbeef, 0x0007, 0x00); /* no multifunction device: not there */
    add(PCI_FUNCTION(255, 31, 0), 0x11112222, 0x0407, 0x00)->has_fixed_master = true;
    assert_true(pci_is_present());
    assert_int_equal(pci_clear_bus_mastering(), 3);
    assert_int_equal(command_of(0), 0x0002);
    assert_int_equal(command_of(1), 0x0003);
    assert_int_equal(command_of(2), 0x0001);
    assert_int_equal(command_of(3), 0x0003);
    assert_int_equal(command_of(4), 0x0007);
    assert_int_equal(command_of(5), 0x0407);
}

static void finds_by_id(void **state) {
    (void)state;
    add(PCI_FUNCTION(0, 1, 0), 0x70008086, 0, 0x80);
    add(PCI_FUNCTION(0, 1, 3), 0x71138086, 0, 0x00);
    assert_int_equal(pci_find(0x71138086), PCI_FUNCTION(0, 1, 3));
    assert_int_equal(pci_find(0x29188086), PCI_NONE);
    has_pci = false;
    assert_false(pci_is_present());
}

static void parts_of_a_register(void **state) {
    struct function *function = add(PCI_FUNCTION(0, 3, 0), 0x12345678, 0, 0);
    (void)state;
    pci_write8(PCI_FUNCTION(0, 3, 0), 0x41, 0xab);
    pci_write16(PCI_FUNCTION(0, 3, 0), 0x42, 0xcdef);
    assert_int_equal(function->config[0x40], 0);
    assert_int_equal(pci_read32(PCI_FUNCTION(0, 3, 0), 0x40), 0xcdefab00u);
    assert_int_equal(pci_read16(PCI_FUNCTION(0, 3, 0), 0x42), 0xcdef);
    assert_int_equal(pci_read8(PCI_FUNCTION(0, 3, 0), 0x43), 0xcd);
}

/* ---- power */

static void acpi_soft_off(void **state) {
    struct acpi_platform platform = {.has_fadt = true,
                                     .has_s5 = true,
                                     .pm1a_control = 0x604,
                                     .pm1b_control = 0x704,
                                     .s5_a = 5,
                                     .s5_b = 6,
                                     .command_port = 0xb2,
                                     .command_enable = 0xa1};
    (void)state;
    acpi_mode_port = 0x604;
    power_off(&platform);
    assert_int_equal(written[0].port, 0xb2); /* ACPI mode first */
    assert_int_equal(written[0].value, 0xa1);
    assert_int_equal(written[1].port, 0x604);
    assert_int_equal(written[1].value, 5 << 10 | 1 << 13);
    assert_int_equal(written[2].port, 0x704);
    assert_int_equal(written[2].value, 6 << 10 | 1 << 13);
}

static void acpi_mode_is_not_asked_for_twice(void **state) {
    struct acpi_platform platform = {.has_fadt = true,
                                     .has_s5 = true,
                                     .pm1a_control = 0x604,
                                     .command_port = 0xb2,
                                     .command_enable = 0xa1};
    (void)state;
    acpi_mode_port = 0x604;
    is_acpi_mode = true;
    power_off(&platform);
    assert_false(was_written(0xb2, 0xa1));
    assert_true(was_written(0x604, 1 << 13));
}

static void piix4_without_acpi(void **state) {
    static const struct acpi_platform none;
    struct function *function;
    (void)state;
    add(PCI_FUNCTION(0, 1, 0), 0x70008086, 0, 0x80);
    function = add(PCI_FUNCTION(0, 1, 3), 0x71138086, 0, 0);
    function->config[0x40] = 0x01; /* PMBA: bit 0 says I/O */
    function->config[0x41] = 0xb0;
    power_off(&none);
    assert_true(was_written(0xb004, 1 << 13));
    assert_int_equal(function->config[0x80] & 1, 1);
}

static void ich9_without_acpi(void **state) {
    static const struct acpi_platform none;
    struct function *function;
    (void)state;
    function = add(PCI_FUNCTION(0, 31, 0), 0x29188086, 0, 0x80);
    function->config[0x40] = 0x01;
    function->config[0x41] = 0x06;
    power_off(&none);
    assert_true(was_written(0x604, 1 << 13));
    assert_true(was_written(0x604, 7 << 10 | 1 << 13));
    assert_int_equal(function->config[0x44] & 0x80, 0x80);
}

static void bochs_at_last(void **state) {
    static const struct acpi_platform none;
    static const char word[] = "Shutdown";
    (void)state;
    has_pci = false;
    power_off(&none);
    assert_int_equal(written_count, 2 + 8); /* PCI was looked for, and the port put back */
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(written[2 + i].port, 0x8900);
        assert_int_equal(written[2 + i].value, word[i]);
    }
}

static void resets_by_acpi_first(void **state) {
    struct acpi_platform platform = {
        .has_reset = true,
        .reset = {.address = 0xcf9, .space = ACPI_SPACE_PORT},
        .reset_value = 0x0e
    };
    (void)state;
    has_pci = false;
    power_reset(&platform);
    assert_int_equal(written[0].port, 0xcf9);
    assert_int_equal(written[0].value, 0x0e);
    assert_true(was_written(0xcf9, 0x06));
    assert_true(was_written(0x64, 0xfe));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_function_stops_dma, reset),
        cmocka_unit_test_setup(finds_by_id, reset),
        cmocka_unit_test_setup(parts_of_a_register, reset),
        cmocka_unit_test_setup(acpi_soft_off, reset),
        cmocka_unit_test_setup(acpi_mode_is_not_asked_for_twice, reset),
        cmocka_unit_test_setup(piix4_without_acpi, reset),
        cmocka_unit_test_setup(ich9_without_acpi, reset),
        cmocka_unit_test_setup(bochs_at_last, reset),
        cmocka_unit_test_setup(resets_by_acpi_first, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
