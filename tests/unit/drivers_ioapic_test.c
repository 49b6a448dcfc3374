/* The I/O APIC's registers: Intel 82093AA data sheet, 3.1 and 3.2. */
/* units: drivers/ioapic.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "drivers/ioapic.h"

/*
 * Registers in memory: the window shows whatever was written to it last, so each test looks at
 * the sequence's end: which register was selected, and what was written.
 */
static volatile uint32_t registers[8];

static void opens_and_masks(void **state) {
    struct ioapic ioapic;
    (void)state;
    registers[4] = 23u << 16 | 0x20; /* version 20h, 24 pins */
    assert_true(ioapic_open(&ioapic, registers, 48));
    assert_int_equal(ioapic.line_count, 24);
    assert_int_equal(ioapic.first_line, 48);
    assert_int_equal(registers[0], 0x10 + 2 * 23); /* the last pin's low half */
    assert_int_equal(registers[4], 1u << 16);      /* masked */
}

static void refuses_an_empty_bus(void **state) {
    struct ioapic ioapic;
    (void)state;
    registers[4] = UINT32_MAX;
    assert_false(ioapic_open(&ioapic, registers, 0));
    assert_int_equal(ioapic.line_count, 0);
    registers[4] = 0;
    assert_false(ioapic_open(&ioapic, registers, 0));
}

static void routes_masked(void **state) {
    static const struct {
        bool is_level, is_low;
        uint32_t low_half;
    } rows[] = {
        {false, false, 0x00010041},
        {true,  false, 0x00018041},
        {false, true,  0x00012041},
        {true,  true,  0x0001a041}
    };
    struct ioapic ioapic = {registers, 0, 24};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        ioapic_route(&ioapic, 9, 0x41, 0x7f, rows[i].is_level, rows[i].is_low);
        assert_int_equal(registers[0], 0x22);
        assert_int_equal(registers[4], rows[i].low_half);
    }
}

static void masks_one_bit(void **state) {
    struct ioapic ioapic = {registers, 0, 24};
    (void)state;
    registers[4] = 0x0000a041;
    ioapic_mask(&ioapic, 4);
    assert_int_equal(registers[0], 0x18);
    assert_int_equal(registers[4], 0x0001a041);
    ioapic_unmask(&ioapic, 4);
    assert_int_equal(registers[4], 0x0000a041);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_and_masks),
        cmocka_unit_test(refuses_an_empty_bus),
        cmocka_unit_test(routes_masked),
        cmocka_unit_test(masks_one_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
