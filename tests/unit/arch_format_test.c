/* Page-table entries: SDM Vol. 3, 4.5.4, tables 4-15 to 4-20; memory types: 12.12.3, table 12-11.
 */
/* units: arch/x86_64/mm/format.c arch/x86_64/cpu/features.c kernel/string.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/mm/format.h"
#include "kernel/abi/types.h"

#define NX (1ull << 63)

static void program_pages_are_users(void **state) {
    (void)state;
    const struct page_format *format = format_program();
    assert_int_equal(format->leaf(0, MAP_READ), NX | 0x5);
    assert_int_equal(format->leaf(0, MAP_READ | MAP_WRITE), NX | 0x7);
    assert_int_equal(format->leaf(0, MAP_READ | MAP_EXECUTE), 0x5);
    assert_int_equal(format->leaf(1, MAP_READ | MAP_WRITE), NX | 0x87);
    assert_int_equal(format->leaf(2, MAP_READ), NX | 0x85);
    assert_int_equal(format->table_bits, 0x7);
}

static void kernel_pages_are_global_and_not_users(void **state) {
    (void)state;
    const struct page_format *format = format_kernel();
    assert_int_equal(format->leaf(0, MAP_READ), NX | 0x101);
    assert_int_equal(format->leaf(0, MAP_READ | MAP_WRITE), NX | 0x103);
    assert_int_equal(format->leaf(0, MAP_READ | MAP_EXECUTE), 0x101);
    assert_int_equal(format->leaf(1, MAP_READ | MAP_WRITE), NX | 0x183);
    assert_int_equal(format->table_bits, 0x3);
}

/* PCD and PWT choose an entry of IA32_PAT: its value must be the type that was asked for. */
static void memory_types_are_what_the_pat_says(void **state) {
    static const uint8_t encodings[] = {[MEMORY_WRITE_BACK] = 6,
                                        [MEMORY_WRITE_COMBINING] = 1,
                                        [MEMORY_WRITE_THROUGH] = 4,
                                        [MEMORY_UNCACHED] = 0};
    (void)state;
    for (uint32_t type = 0; type < 4; type++) {
        uint64_t entry = format_program()->leaf(0, MAP_READ | type << MAP_MEMORY_TYPE_SHIFT);
        uint32_t index = (uint32_t)(entry >> 3 & 1) | (uint32_t)(entry >> 4 & 1) << 1;
        assert_int_equal(FORMAT_PAT >> 8 * index & 0xff, encodings[type]);
        assert_int_equal(FORMAT_PAT >> 8 * (index + 4) & 0xff, encodings[type]);
    }
}

static void rights_are_read_back(void **state) {
    (void)state;
    const uint32_t all[] = {MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_EXECUTE,
                            MAP_READ | MAP_WRITE | MAP_EXECUTE};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(format_program()->rights(format_program()->leaf(0, all[i])), all[i]);
        assert_int_equal(format_kernel()->rights(format_kernel()->leaf(1, all[i])), all[i]);
    }
    assert_int_equal(format_program()->rights(0), 0);
    assert_int_equal(format_program()->rights(0x1000), 0);
}

static void gigabyte_pages_where_cpuid_has_them(void **state) {
    (void)state;
    cpu_features.has[FEATURE_PAGE_1G] = false;
    format_init();
    assert_int_equal(format_program()->largest_level, 1);
    assert_int_equal(format_kernel()->largest_level, 1);
    cpu_features.has[FEATURE_PAGE_1G] = true;
    format_init();
    assert_int_equal(format_program()->largest_level, 2);
    assert_int_equal(format_kernel()->largest_level, 2);
    assert_int_equal(format_program()->levels, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_pages_are_users),
        cmocka_unit_test(kernel_pages_are_global_and_not_users),
        cmocka_unit_test(memory_types_are_what_the_pat_says),
        cmocka_unit_test(rights_are_read_back),
        cmocka_unit_test(gigabyte_pages_where_cpuid_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
