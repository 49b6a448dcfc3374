/* Ports that no partition gets. */
/* units: arch/x86_64/platform/ports.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/x86_64/platform/ports.h"
#include "kernel/arch.h"

static const struct acpi_platform none;

static void what_all_pcs_have(void **state) {
    static const uint16_t kept[] = {0x20, 0x21, 0xa0, 0xa1,  0x40,  0x43,  0x61,  0x64,  0x70,
                                    0x71, 0x92, 0xb2, 0xcf8, 0xcf9, 0xcfc, 0xcff, 0x8900};
    static const uint16_t given[] = {0x3f8, 0x3ff, 0x60, 0x2f8, 0x1f0, 0xcf7, 0xd00, 0x44, 0x3f};
    (void)state;
    ports_init(&none);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        assert_true(arch_port_is_reserved(kept[i]));
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        assert_false(arch_port_is_reserved(given[i]));
}

static void the_blocks_of_acpi(void **state) {
    const struct acpi_platform platform = {
        .has_fadt = true,
        .has_reset = true,
        .pm1a_event = 0x1800,
        .pm1_event_length = 4,
        .pm1a_control = 0x1804,
        .pm1_control_length = 2,
        .gpe0 = 0x1820,
        .gpe0_length = 16,
        .gpe1 = 0xfff8, /* a length that would run over the end */
        .gpe1_length = 255,
        .command_port = 0xb2,
        .reset = {.address = 0xe00, .space = ACPI_SPACE_PORT},
    };
    (void)state;
    ports_init(&platform);
    assert_true(arch_port_is_reserved(0x1800));
    assert_true(arch_port_is_reserved(0x1803));
    assert_true(arch_port_is_reserved(0x1805));
    assert_false(arch_port_is_reserved(0x1806));
    assert_true(arch_port_is_reserved(0x182f));
    assert_false(arch_port_is_reserved(0x1830));
    assert_true(arch_port_is_reserved(0xe00));
    assert_true(arch_port_is_reserved(0xffff));
    assert_false(arch_port_is_reserved(0));
    ports_init(&none);
    assert_false(arch_port_is_reserved(0x1800));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_pcs_have),
        cmocka_unit_test(the_blocks_of_acpi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
