/* EPT entries: SDM Vol. 3, 29.3.2, tables 29-1 to 29-7, and the EPT pointer, 25.6.11. */
/* units: arch/x86_64/ept/ept.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/x86_64/ept/ept.h"
#include "kernel/abi/types.h"

static void leaves(void **state) {
    (void)state;
    struct page_format format;
    ept_format_init(&format, 2);
    uint32_t all = MAP_READ | MAP_WRITE | MAP_EXECUTE;
    /* Read, write, execute in bits 2:0, write-back (6) in 5:3, bit 7 in large pages. */
    assert_int_equal(format.leaf(0, all), 0x37);
    assert_int_equal(format.leaf(1, all), 0xb7);
    assert_int_equal(format.leaf(2, MAP_READ), 0xb1);
    assert_int_equal(format.leaf(0, MAP_READ | MAP_EXECUTE), 0x35);
    /* Writable without readable, 010b or 110b, would be a misconfiguration (29.3.3.1). */
    assert_int_equal(format.leaf(0, MAP_WRITE) & 7, 3);
    /* Uncached is 0 in 5:3, write-combining 1, write-through 4; bit 6 overrides the guest's PAT. */
    assert_int_equal(format.leaf(0, MAP_READ | MEMORY_UNCACHED << MAP_MEMORY_TYPE_SHIFT), 0x41);
    assert_int_equal(format.leaf(0, MAP_READ | MEMORY_WRITE_COMBINING << MAP_MEMORY_TYPE_SHIFT),
                     0x49);
    assert_int_equal(format.leaf(0, MAP_READ | MEMORY_WRITE_THROUGH << MAP_MEMORY_TYPE_SHIFT),
                     0x61);
}

static void rights(void **state) {
    (void)state;
    struct page_format format;
    ept_format_init(&format, 1);
    assert_int_equal(format.largest_level, 1);
    for (uint32_t flags = MAP_READ; flags <= (MAP_READ | MAP_WRITE | MAP_EXECUTE); flags += 2)
        assert_int_equal(format.rights(format.leaf(0, flags)), flags);
    assert_int_equal(format.rights(0), 0);
    assert_int_equal(format.table_bits, 7);
}

static void pointer(void **state) {
    (void)state;
    /* Write-back in 2:0, walk length 4 as 3 in 5:3, no accessed flags (6). */
    assert_int_equal(ept_pointer(0x12345000), 0x1234501e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves),
        cmocka_unit_test(rights),
        cmocka_unit_test(pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
