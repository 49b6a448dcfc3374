/* PCI configuration (PCI Local Bus Specification 3.0, 3.2.2.3.2 and 6.1) and the ports of reset. */
/* units: guests/vmm/devices/pci.c guests/vmm/devices/reset.c guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guests/vmm/devices/pci.h"
#include "tests/unit/vmm_random.h"

static struct io_bus bus;
static struct pci pci;
static struct reset reset_device;
static unsigned reset_count;

static void on_reset(void *context) {
    assert_ptr_equal(context, &pci);
    reset_count++;
}

static int start(void **state) {
    (void)state;
    const struct reset_ops ops = {on_reset, &pci};
    reset_count = 0;
    bus_io_init(&bus);
    reset_init(&reset_device, &ops);
    pci_init(&pci, &reset_device);
    assert_true(reset_attach(&reset_device, &bus));
    assert_true(pci_attach(&pci, &bus));
    return 0;
}

static uint32_t config(unsigned bus_number, unsigned devfn, unsigned offset) {
    bus_io_write(&bus, 0xcf8, 4, 0x80000000u | bus_number << 16 | devfn << 8 | (offset & 0xfc));
    return bus_io_read(&bus, 0xcfc, 4);
}

static void the_host_bridge(void **state) {
    (void)state;
    assert_int_equal(config(0, 0, 0x00), 0x00081b36);
    assert_int_equal(config(0, 0, 0x08), 0x06000000); /* class: host bridge */
    assert_int_equal(config(0, 0, 0x0c), 0x00000000); /* one function, header type 0 */
    for (unsigned bar = 0; bar < 6; bar++) {
        assert_int_equal(config(0, 0, 0x10 + 4 * bar), 0);
        bus_io_write(&bus, 0xcfc, 4, 0xffffffff);
        assert_int_equal(config(0, 0, 0x10 + 4 * bar), 0);
    }
    (void)config(0, 0, 0x04);
    bus_io_write(&bus, 0xcfc, 2, 0xffff);
    assert_int_equal(config(0, 0, 0x04), 0x00000007);
    bus_io_write(&bus, 0xcfc, 4, 0);
    assert_int_equal(config(0, 0, 0x00), 0x00081b36);
}

/* All ones is what a read of an absent function returns. */
static void the_rest_is_empty(void **state) {
    (void)state;
    for (unsigned devfn = 1; devfn < 256; devfn++) {
        assert_int_equal(config(0, devfn, 0), 0xffffffff);
        bus_io_write(&bus, 0xcfc, 4, 0);
    }
    assert_int_equal(config(1, 0, 0), 0xffffffff);
    assert_int_equal(config(255, 0, 0), 0xffffffff);
    bus_io_write(&bus, 0xcf8, 4, 0x00000000); /* not enabled */
    assert_int_equal(bus_io_read(&bus, 0xcfc, 4), 0xffffffff);
    assert_int_equal(bus_io_read(&bus, 0xcfc, 1), 0xff);
}

/* The address register takes dwords only; bits 30-24 and 1-0 read 0. Linux' probe, step by step. */
static void the_address_register(void **state) {
    (void)state;
    bus_io_write(&bus, 0xcfb, 1, 0x01);
    bus_io_write(&bus, 0xcf8, 4, 0x80000000);
    assert_int_equal(bus_io_read(&bus, 0xcf8, 4), 0x80000000);
    bus_io_write(&bus, 0xcf8, 4, 0xffffffff);
    assert_int_equal(bus_io_read(&bus, 0xcf8, 4), 0x80fffffc);
    bus_io_write(&bus, 0xcf8, 1, 0x00);
    bus_io_write(&bus, 0xcf8, 2, 0x00);
    bus_io_write(&bus, 0xcfa, 1, 0x00);
    assert_int_equal(bus_io_read(&bus, 0xcf8, 4), 0x80fffffc);
}

static void narrow_accesses(void **state) {
    (void)state;
    (void)config(0, 0, 0x08);
    assert_int_equal(bus_io_read(&bus, 0xcff, 1), 0x06);
    assert_int_equal(bus_io_read(&bus, 0xcfe, 2), 0x0600);
    (void)config(0, 0, 0x00);
    assert_int_equal(bus_io_read(&bus, 0xcfc, 1), 0x36);
    assert_int_equal(bus_io_read(&bus, 0xcfd, 2), 0x081b);
    assert_int_equal(bus_io_read(&bus, 0xcfe, 4), 0xffff0008); /* two bytes beyond the range */
}

static void functions_can_be_added(void **state) {
    (void)state;
    struct pci_space space;
    memset(&space, 0, sizeof(space));
    space.bytes[0] = 0x42;
    space.writable[0xff] = 0xf0;
    const struct pci_function function = {pci_space_read, pci_space_write, &space};
    const struct pci_function broken = {pci_space_read, NULL, &space};
    assert_false(pci_register(&pci, 0, &function));
    assert_false(pci_register(&pci, 8, &broken));
    assert_true(pci_register(&pci, 0xff, &function));
    assert_int_equal(config(0, 0xff, 0), 0x42);
    (void)config(0, 0xff, 0xfc);
    bus_io_write(&bus, 0xcff, 1, 0xab);
    assert_int_equal(space.bytes[0xff], 0xa0);
    assert_int_equal(pci_space_read(&space, 0xff, 4), 0xa0); /* no further than the end */
}

/* Reset control 0xcf9 (bit 2 from 0 to 1), port 0x92 (bit 0), keyboard command 0xfe. */
static void resets(void **state) {
    (void)state;
    bus_io_write(&bus, 0xcf9, 1, 0x02);
    assert_int_equal(reset_count, 0);
    assert_int_equal(bus_io_read(&bus, 0xcf9, 1), 0x02);
    bus_io_write(&bus, 0xcf9, 1, 0x06);
    assert_int_equal(reset_count, 1);
    bus_io_write(&bus, 0xcf9, 1, 0x06); /* no change of the bit */
    assert_int_equal(reset_count, 1);
    bus_io_write(&bus, 0xcf8, 4, 0xffffffff); /* that is an address, not a reset */
    bus_io_write(&bus, 0xcf8, 2, 0x0400);
    assert_int_equal(reset_count, 1);

    assert_int_equal(bus_io_read(&bus, 0x92, 1), 0x02); /* A20 open */
    bus_io_write(&bus, 0x92, 1, 0x00);
    assert_int_equal(bus_io_read(&bus, 0x92, 1), 0x00);
    bus_io_write(&bus, 0x92, 1, 0x03);
    assert_int_equal(reset_count, 2);

    bus_io_write(&bus, 0x64, 1, 0xd1);
    bus_io_write(&bus, 0x60, 1, 0xdf);
    bus_io_write(&bus, 0x64, 1, 0xff);
    bus_io_write(&bus, 0x64, 1, 0xee);
    assert_int_equal(reset_count, 2);
    bus_io_write(&bus, 0x64, 1, 0xfe);
    assert_int_equal(reset_count, 3);
    assert_int_equal(bus_io_read(&bus, 0x64, 1), 0xff);
    assert_int_equal(bus_io_read(&bus, 0x60, 1), 0xff);
}

/* What no bus would hand over: still nothing outside is touched. */
static void accesses_beside_the_ports(void **state) {
    (void)state;
    (void)config(0, 0, 0);
    assert_int_equal(pci_read(&pci, 0xcfe, 4), 0xffffffff);
    assert_int_equal(pci_read(&pci, 0xd00, 1), 0xff);
    assert_int_equal(pci_read(&pci, 0xcf9, 4), 0xffffffff);
    assert_int_equal(pci_read(&pci, 0xcfa, 1), 0xff);
    pci_write(&pci, 0xcf9, 4, 0x06);
    pci_write(&pci, 0xcfa, 1, 0x06);
    assert_int_equal(reset_count, 0);
    pci_init(&pci, NULL);
    pci_write(&pci, 0xcf9, 1, 0x06);
    assert_int_equal(pci_read(&pci, 0xcf9, 1), 0xff);
    assert_int_equal(reset_count, 0);
}

static uint32_t strict_read(void *device, unsigned offset, unsigned width) {
    assert_ptr_equal(device, &bus);
    assert_true(offset % 4 + width <= 4 && offset + width <= 256);
    return UINT32_MAX;
}

static void strict_write(void *device, unsigned offset, unsigned width, uint32_t value) {
    (void)strict_read(device, offset, width);
    assert_true(width == 4 || value >> (8 * width) == 0);
}

static void any_sequence_stays_inside(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    const struct pci_function strict = {strict_read, strict_write, &bus};
    for (unsigned devfn = 1; devfn < 256; devfn++) {
        assert_true(pci_register(&pci, (uint8_t)devfn, &strict));
    }
    for (unsigned i = 0; i < 500000; i++) {
        uint16_t port = (uint16_t)(0xcf5 + vmm_random_below(&random, 14));
        unsigned width = 1u << vmm_random_below(&random, 3);
        uint32_t value = (uint32_t)vmm_random_next(&random);
        if (port == 0xcf8 && vmm_random_below(&random, 2) == 0) {
            value = (value & 0xffff) | 0x80000000;
        }
        if (vmm_random_below(&random, 2) == 0) {
            bus_io_write(&bus, port, width, value);
        } else {
            (void)bus_io_read(&bus, port, width);
        }
        assert_int_equal(pci.address & 0x7f000003, 0);
    }
    assert_int_equal(config(0, 0, 0x00), 0x00081b36);
    assert_int_equal(config(0, 0, 0x08), 0x06000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_host_bridge, start),
        cmocka_unit_test_setup(the_rest_is_empty, start),
        cmocka_unit_test_setup(the_address_register, start),
        cmocka_unit_test_setup(narrow_accesses, start),
        cmocka_unit_test_setup(functions_can_be_added, start),
        cmocka_unit_test_setup(resets, start),
        cmocka_unit_test_setup(accesses_beside_the_ports, start),
        cmocka_unit_test_setup(any_sequence_stays_inside, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
