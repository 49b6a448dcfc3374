/* Descriptors and the I/O permission bitmap: SDM Vol. 3, 3.4.5, 8.2.3; Vol. 1, 19.5.2. */
/* units: arch/x86_64/cpu/tables.c kernel/string.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "arch/x86_64/include/arch_types.h" /* not that of tests/fake */

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/tables.h"
#include "kernel/cpu.h"
#include "kernel/string.h"

static void segments(void **state) {
    (void)state;
    /* Base and limit do not count in 64-bit mode. Type Bh: code, readable, accessed; 3h: data,
     * writable, accessed. L is bit 53. */
    assert_int_equal(tables_segment(true, 0), 0x00209b0000000000ull);
    assert_int_equal(tables_segment(true, 3), 0x0020fb0000000000ull);
    assert_int_equal(tables_segment(false, 0), 0x0000930000000000ull);
    assert_int_equal(tables_segment(false, 3), 0x0000f30000000000ull);
}

static void task_segment(void **state) {
    uint64_t descriptor[2];
    (void)state;
    tables_task_segment(descriptor, 0xffffff0012345678ull, 0x2067);
    assert_int_equal(descriptor[0], 0x1200893456782067ull);
    assert_int_equal(descriptor[1], 0xffffff00ull);
}

/* SYSCALL and SYSRET compute selectors: SDM Vol. 3, 5.8.8. */
static void selectors_fit_syscall(void **state) {
    (void)state;
    assert_int_equal(SELECTOR_KERNEL_DATA, SELECTOR_KERNEL_CODE + 8);
    assert_int_equal(SELECTOR_USER_DATA, SELECTOR_SYSRET_BASE + 8);
    assert_int_equal(SELECTOR_USER_CODE, SELECTOR_SYSRET_BASE + 16);
    assert_int_equal(SELECTOR_USER_CODE & 3, 3);
    assert_true(SELECTOR_TASK / 8 + 1 < GDT_ENTRIES);
}

static struct arch_tables *make(struct cpu **cpu) {
    struct arch_tables *tables = aligned_alloc(4096, sizeof *tables);
    *cpu = calloc(1, sizeof **cpu);
    memset(tables, 0, sizeof *tables);
    tables_init(tables, *cpu);
    return tables;
}

static bool is_open(const struct arch_tables *tables, uint32_t port) {
    /* The processor reads the bit at the bitmap's offset in the TSS. */
    const uint8_t *bitmap = (const uint8_t *)&tables->task + tables->task.port_bitmap_offset;
    return (bitmap[port / 8] >> port % 8 & 1) == 0;
}

static void expect(const struct arch_tables *tables, const struct thread_ports *ports,
                   uint32_t count) {
    for (uint32_t port = 0; port < 0x10000; port++) {
        bool wanted = false;
        for (uint32_t i = 0; i < count; i++)
            wanted = wanted || (port >= ports[i].first && port <= ports[i].last);
        if (is_open(tables, port) != wanted)
            fail_msg("port %x is %s", port, wanted ? "closed" : "open");
    }
    /* The byte behind the bitmap must be all ones. */
    assert_int_equal(tables->task.port_bitmap_end, 0xff);
}

static void exactly_these_ports_are_open(void **state) {
    static const struct thread_ports sets[][3] = {
        {{0x3f8, 0x3ff}   },
        {                 {0x60, 0x60},     {0x64, 0x64}, {0xffff, 0xffff}},
        { {0x0, 0xffff}    },
        {                {0x101, 0x10e},   {0x3fb, 0x409}},
        {                 {0x0, 0x6}, {0xfff9, 0xffff}},
    };
    static const uint32_t counts[] = {1, 3, 1, 2, 2};
    struct cpu *cpu;
    struct arch_tables *tables = make(&cpu);
    (void)state;
    expect(tables, NULL, 0);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        tables_set_ports(tables, sets[i], counts[i]);
        expect(tables, sets[i], counts[i]);
        tables_set_ports(tables, sets[i], counts[i]);
        expect(tables, sets[i], counts[i]);
    }
    tables_set_ports(tables, NULL, 0);
    expect(tables, NULL, 0);
    free(tables);
    free(cpu);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments),
        cmocka_unit_test(task_segment),
        cmocka_unit_test(selectors_fit_syscall),
        cmocka_unit_test(exactly_these_ports_are_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
