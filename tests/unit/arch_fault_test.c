/* Exceptions in the ABI's words: SDM Vol. 3, 6.15; page-fault error code: 4.7. */
/* units: arch/x86_64/cpu/fault.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/x86_64/include/arch_types.h" /* not that of tests/fake */

#include "arch/x86_64/cpu/fault.h"
#include "kernel/abi/guest.h"

static struct fault_info fault_of(uint64_t vector, uint64_t error) {
    struct arch_frame frame = {.vector = vector, .error = error, .rip = 0x401000, .rsp = 0x7000};
    struct fault_info fault;
    fault_fill(&frame, 0xdead000, &fault);
    return fault;
}

static void kinds(void **state) {
    static const struct {
        uint32_t vector;
        enum fault_kind kind;
    } rows[] = {
        {0,   FAULT_ARITHMETIC },
        {1,   FAULT_DEBUG      },
        {3,   FAULT_DEBUG      },
        {6,   FAULT_INSTRUCTION},
        {12,  FAULT_PROTECTION },
        {13,  FAULT_PROTECTION },
        {14,  FAULT_MEMORY     },
        {16,  FAULT_ARITHMETIC },
        {17,  FAULT_ALIGNMENT  },
        {19,  FAULT_ARITHMETIC },
        {21,  FAULT_PROTECTION },
        {15,  FAULT_OTHER      },
        {31,  FAULT_OTHER      },
        {200, FAULT_OTHER      },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault_info fault = fault_of(rows[i].vector, 0);
        assert_int_equal(fault.kind, rows[i].kind);
        assert_int_equal(fault.instruction, 0x401000);
        assert_int_equal(fault.stack, 0x7000);
        assert_int_equal(fault.detail >> 32, rows[i].vector);
    }
}

static void page_faults_have_address_and_access(void **state) {
    (void)state;
    assert_int_equal(fault_of(14, 0x4).access, MAP_READ);
    assert_int_equal(fault_of(14, 0x6).access, MAP_WRITE);
    assert_int_equal(fault_of(14, 0x7).access, MAP_WRITE);
    assert_int_equal(fault_of(14, 0x15).access, MAP_EXECUTE);
    assert_int_equal(fault_of(14, 0x4).address, 0xdead000);
    assert_int_equal(fault_of(13, 0x4).address, 0);
    assert_int_equal(fault_of(13, 0x4).access, 0);
}

static void registers_are_in_the_encodings_order(void **state) {
    struct arch_frame frame = {.rax = 100,
                               .rcx = 101,
                               .rdx = 102,
                               .rbx = 103,
                               .rsp = 104,
                               .rbp = 105,
                               .rsi = 106,
                               .rdi = 107,
                               .r8 = 108,
                               .r9 = 109,
                               .r10 = 110,
                               .r11 = 111,
                               .r12 = 112,
                               .r13 = 113,
                               .r14 = 114,
                               .r15 = 115};
    uint64_t registers[16];
    (void)state;
    fault_registers(&frame, registers);
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(registers[i], 100 + i);
    assert_int_equal(registers[GPR_RSP], 104);
}

static void names(void **state) {
    (void)state;
    assert_string_equal(fault_name(14), "PF");
    assert_string_equal(fault_name(15), "?");
    assert_string_equal(fault_name(UINT32_MAX), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(page_faults_have_address_and_access),
        cmocka_unit_test(registers_are_in_the_encodings_order),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
