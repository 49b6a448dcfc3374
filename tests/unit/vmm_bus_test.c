/* The port and memory buses. */
/* units: guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "guests/vmm/devices/bus.h"
#include "tests/unit/vmm_random.h"

/* A device that remembers its last access and answers with a value. */
struct probe {
    unsigned access_count;
    uint64_t where;
    unsigned width;
    uint64_t value;
};

static uint32_t probe_read(void *device, uint16_t port, unsigned width) {
    struct probe *probe = device;
    probe->access_count++;
    probe->where = port;
    probe->width = width;
    return (uint32_t)probe->value + port;
}

static void probe_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    struct probe *probe = device;
    probe->access_count++;
    probe->where = port;
    probe->width = width;
    probe->value = value;
}

static const struct bus_io_ops byte_ops = {probe_read, probe_write, BUS_WIDTH_1};
static const struct bus_io_ops all_ops = {probe_read, probe_write, BUS_WIDTHS_IO};
static const struct bus_io_ops dword_ops = {probe_read, probe_write, BUS_WIDTH_4};

static struct io_bus bus;

static void an_empty_bus_reads_all_ones(void **state) {
    (void)state;
    bus_io_init(&bus);
    assert_int_equal(bus_io_read(&bus, 0x80, 1), 0xff);
    assert_int_equal(bus_io_read(&bus, 0x80, 2), 0xffff);
    assert_int_equal(bus_io_read(&bus, 0x80, 4), 0xffffffff);
    assert_true(bus.unclaimed_count > 0);
    uint64_t count = bus.unclaimed_count;
    bus_io_write(&bus, 0x80, 1, 0x12);
    assert_int_equal(bus.unclaimed_count, count + 1);
}

static void claims_do_not_overlap(void **state) {
    (void)state;
    struct probe probe = {0};
    bus_io_init(&bus);
    assert_true(bus_io_claim(&bus, 0x100, 8, &all_ops, &probe));
    assert_false(bus_io_claim(&bus, 0x107, 1, &all_ops, &probe));
    assert_false(bus_io_claim(&bus, 0xff, 2, &all_ops, &probe));
    assert_false(bus_io_claim(&bus, 0xf0, 0x100, &all_ops, &probe));
    assert_false(bus_io_claim(&bus, 0x200, 0, &all_ops, &probe));
    assert_false(bus_io_claim(&bus, 0xffff, 2, &all_ops, &probe));
    assert_true(bus_io_claim(&bus, 0xff, 1, &all_ops, &probe));
    assert_true(bus_io_claim(&bus, 0x108, 1, &all_ops, &probe));
    assert_true(bus_io_claim(&bus, 0xffff, 1, &all_ops, &probe));
    static const struct bus_io_ops bad_width = {probe_read, probe_write, BUS_WIDTH_8};
    static const struct bus_io_ops no_write = {probe_read, NULL, BUS_WIDTH_1};
    assert_false(bus_io_claim(&bus, 0x300, 1, &bad_width, &probe));
    assert_false(bus_io_claim(&bus, 0x300, 1, &no_write, &probe));
}

static void the_table_has_an_end(void **state) {
    (void)state;
    struct probe probe = {0};
    bus_io_init(&bus);
    for (unsigned i = 0; i < BUS_IO_MAX; i++) {
        assert_true(bus_io_claim(&bus, (uint16_t)(0x1000 + i), 1, &byte_ops, &probe));
    }
    assert_false(bus_io_claim(&bus, 0x2000, 1, &byte_ops, &probe));
    assert_int_equal(bus_io_read(&bus, 0x1000 + BUS_IO_MAX - 1, 1),
                     (0x1000 + BUS_IO_MAX - 1) & 0xff);
}

static void a_device_sees_its_widths_only(void **state) {
    (void)state;
    struct probe bytes = {0};
    struct probe wide = {0};
    struct probe dwords = {0};
    bus_io_init(&bus);
    assert_true(bus_io_claim(&bus, 0x10, 4, &byte_ops, &bytes));
    assert_true(bus_io_claim(&bus, 0x20, 4, &all_ops, &wide));
    assert_true(bus_io_claim(&bus, 0x30, 4, &dword_ops, &dwords));

    assert_int_equal(bus_io_read(&bus, 0x10, 4), 0x13121110);
    assert_int_equal(bytes.access_count, 4);
    assert_int_equal(bytes.width, 1);
    bus_io_write(&bus, 0x12, 2, 0xbeef); /* lowest port first */
    assert_int_equal(bytes.where, 0x13);
    assert_int_equal(bytes.value, 0xbe);

    bus_io_write(&bus, 0x20, 4, 0x12345678);
    assert_int_equal(wide.access_count, 1);
    assert_int_equal(wide.value, 0x12345678);
    bus_io_write(&bus, 0x20, 2, 0x12345678);
    assert_int_equal(wide.value, 0x5678);

    bus_io_write(&bus, 0x30, 1, 0x55); /* not there for bytes */
    assert_int_equal(dwords.access_count, 0);
    assert_int_equal(bus_io_read(&bus, 0x30, 2), 0xffff);
}

static void accesses_across_ranges_reach_each(void **state) {
    (void)state;
    struct probe low = {0};
    struct probe high = {0};
    bus_io_init(&bus);
    assert_true(bus_io_claim(&bus, 0x41, 1, &all_ops, &low));
    assert_true(bus_io_claim(&bus, 0x43, 1, &all_ops, &high));
    assert_int_equal(bus_io_read(&bus, 0x40, 4), 0x43ff41ff);
    bus_io_write(&bus, 0x40, 4, 0xaabbccdd);
    assert_int_equal(low.value, 0xcc);
    assert_int_equal(high.value, 0xaa);
    /* Beyond the last port there is nothing. */
    struct probe last = {0};
    assert_true(bus_io_claim(&bus, 0xffff, 1, &all_ops, &last));
    assert_int_equal(bus_io_read(&bus, 0xffff, 4), 0xffffffff);
    assert_int_equal(last.access_count, 1);
}

static void odd_widths_do_nothing(void **state) {
    (void)state;
    struct probe probe = {0};
    bus_io_init(&bus);
    assert_true(bus_io_claim(&bus, 0, 8, &all_ops, &probe));
    static const unsigned widths[] = {0, 3, 5, 8, 16, 33, UINT32_MAX};
    for (unsigned i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        assert_int_equal(bus_io_read(&bus, 0, widths[i]), 0);
        bus_io_write(&bus, 0, widths[i], 1);
    }
    assert_int_equal(probe.access_count, 0);
}

static uint64_t memory_read(void *device, uint64_t offset, unsigned width) {
    struct probe *probe = device;
    probe->access_count++;
    probe->where = offset;
    probe->width = width;
    return probe->value;
}

static void memory_write(void *device, uint64_t offset, unsigned width, uint64_t value) {
    struct probe *probe = device;
    probe->access_count++;
    probe->where = offset;
    probe->width = width;
    probe->value = value;
}

static const struct bus_memory_ops memory_ops = {memory_read, memory_write};

static void memory_ranges_are_found(void **state) {
    (void)state;
    struct memory_bus memory;
    struct probe probe[3] = {{0}};
    bus_memory_init(&memory);
    assert_true(bus_memory_claim(&memory, 0xfec00000, 0x1000, &memory_ops, &probe[1]));
    assert_true(bus_memory_claim(&memory, 0x1000, 0x10, &memory_ops, &probe[0]));
    assert_true(bus_memory_claim(&memory, 0xfec01000, 4, &memory_ops, &probe[2]));
    assert_false(bus_memory_claim(&memory, 0xfec00000, 0x1000, &memory_ops, &probe[1]));
    static const struct bus_memory_ops no_write = {memory_read, NULL};
    assert_false(bus_memory_claim(&memory, 0x9000, 1, &no_write, &probe[0]));
    assert_false(bus_memory_claim(&memory, 0xfec00fff, 1, &memory_ops, &probe[0]));
    assert_false(bus_memory_claim(&memory, 0xfebfffff, 2, &memory_ops, &probe[0]));
    assert_false(bus_memory_claim(&memory, 0, UINT64_MAX, &memory_ops, &probe[0]));
    assert_false(bus_memory_claim(&memory, UINT64_MAX, 2, &memory_ops, &probe[0]));
    assert_false(bus_memory_claim(&memory, 0x5000, 0, &memory_ops, &probe[0]));

    probe[1].value = 0x1122334455667788;
    assert_true(bus_memory_read(&memory, 0xfec00010, 8) == 0x1122334455667788);
    assert_int_equal(bus_memory_read(&memory, 0xfec00010, 4), 0x55667788);
    assert_int_equal(probe[1].where, 0x10);
    bus_memory_write(&memory, 0x100f, 1, 0xabcd);
    assert_int_equal(probe[0].where, 0xf);
    assert_int_equal(probe[0].value, 0xcd);

    /* Half in, half out: nobody's. */
    assert_true(bus_memory_read(&memory, 0xfec01000, 8) == UINT64_MAX);
    assert_int_equal(bus_memory_read(&memory, 0xfff, 2), 0xffff);
    assert_int_equal(bus_memory_read(&memory, 0xfec00ffe, 4), 0xffffffff);
    assert_int_equal(probe[2].access_count, 0);
    assert_int_equal(memory.unclaimed_count, 3);
    assert_int_equal(bus_memory_read(&memory, 0xfec00000, 3), 0);
}

static void the_memory_table_has_an_end(void **state) {
    (void)state;
    struct memory_bus memory;
    struct probe probe = {0};
    bus_memory_init(&memory);
    for (unsigned i = 0; i < BUS_MEMORY_MAX; i++) { /* downwards, each touching the last */
        uint64_t first = 0x1000 * (uint64_t)(BUS_MEMORY_MAX - i);
        assert_true(bus_memory_claim(&memory, first, 0x1000, &memory_ops, &probe));
    }
    assert_false(bus_memory_claim(&memory, 0x100000, 1, &memory_ops, &probe));
    (void)bus_memory_read(&memory, 0x1000 * (uint64_t)BUS_MEMORY_MAX + 8, 8);
    assert_int_equal(probe.where, 8);
    (void)bus_memory_read(&memory, 0x2000, 8);
    assert_int_equal(probe.where, 0);
    assert_int_equal(probe.access_count, 2);
}

static void random_claims_stay_disjoint(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    for (unsigned round = 0; round < 200; round++) {
        struct memory_bus memory;
        struct probe probe = {0};
        bus_memory_init(&memory);
        bus_io_init(&bus);
        for (unsigned i = 0; i < 100; i++) {
            uint64_t first = vmm_random_next(&random) >> vmm_random_below(&random, 64);
            uint64_t size = vmm_random_next(&random) >> vmm_random_below(&random, 64);
            (void)bus_memory_claim(&memory, first, size, &memory_ops, &probe);
            (void)bus_io_claim(&bus, (uint16_t)vmm_random_next(&random),
                               vmm_random_below(&random, 2000), &all_ops, &probe);
        }
        for (unsigned i = 1; i < memory.range_count; i++) {
            const struct bus_memory_range *before = &memory.ranges[i - 1];
            assert_true(before->first + before->size <= memory.ranges[i].first);
        }
        for (unsigned i = 0; i < 1000; i++) {
            uint16_t port = (uint16_t)vmm_random_next(&random);
            unsigned width = 1u << vmm_random_below(&random, 3);
            uint32_t value = bus_io_read(&bus, port, width);
            assert_true(width == 4 || value >> (8 * width) == 0);
            const struct bus_io_range *range = &bus.ranges[bus.index[port]];
            assert_true(port >= range->first && port < range->end);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_bus_reads_all_ones),
        cmocka_unit_test(claims_do_not_overlap),
        cmocka_unit_test(the_table_has_an_end),
        cmocka_unit_test(a_device_sees_its_widths_only),
        cmocka_unit_test(accesses_across_ranges_reach_each),
        cmocka_unit_test(odd_widths_do_nothing),
        cmocka_unit_test(memory_ranges_are_found),
        cmocka_unit_test(the_memory_table_has_an_end),
        cmocka_unit_test(random_claims_stay_disjoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
