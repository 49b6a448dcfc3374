/* The choice of VMX controls: SDM Vol. 3, Appendix A "VMX Capability Reporting Facility". */
/* units: arch/x86_64/vmx/controls.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/x86_64/vmx/controls.h"

/* A processor like Bochs 2.7's corei7_skylake_x: low half must be 1, high half may be 1. The true
 * controls MSRs let CR3 exits be off. */
static struct vmx_capability processor(void) {
    return (struct vmx_capability){
        .basic = 0x00d810000000002b,
        .set =
            {
                  [CONTROL_PIN] = 0x0000007f00000016,
                  [CONTROL_PROCESSOR] = 0xf7f9fffe04006172,
                  [CONTROL_SECONDARY] = 0x02177fff00000000,
                  [CONTROL_EXIT] = 0x007fffff00036dfb,
                  [CONTROL_ENTRY] = 0x0000ffff000011fb,
                  [CONTROL_EPT] = 0x00000f0106334141 | 1ull << 41,
                  [CONTROL_MISC] = 0x00000000000401e0,
                  },
    };
}

static bool choose(const struct vmx_capability *capability, struct vmx_controls *controls,
                   const struct control_row **first, size_t *count) {
    const struct control_row *missing[4];
    bool is_possible = controls_choose(capability, controls, missing, 4, count);
    *first = *count > 0 ? missing[0] : NULL;
    return is_possible;
}

static void good_processor(void **state) {
    (void)state;
    struct vmx_capability capability = processor();
    struct vmx_controls controls;
    const struct control_row *first;
    size_t count;
    assert_true(choose(&capability, &controls, &first, &count));
    assert_int_equal(count, 0);
    /* What must be 1 is, what may not be is not. */
    assert_int_equal(controls.pin & 0x16, 0x16);
    assert_int_equal(controls.pin & ~0x7fu, 0);
    assert_int_equal(controls.processor & 0x04006172, 0x04006172);
    assert_int_equal(controls.processor & (PROCESSOR_CR3_LOAD | PROCESSOR_CR3_STORE), 0);
    assert_int_equal(controls.processor & (PROCESSOR_INTERRUPT_WINDOW | PROCESSOR_NMI_WINDOW), 0);
    assert_true((controls.secondary & SECONDARY_EPT) != 0);
    assert_int_equal(controls.secondary & (SECONDARY_X2APIC | SECONDARY_APIC_ACCESS |
                                           SECONDARY_APIC_REGISTERS | SECONDARY_VIRTUAL_INTERRUPT),
                     0);
    assert_int_equal(controls.entry & ENTRY_IA32E_MODE, 0);
    assert_true(controls.has_virtual_interrupt && controls.has_x2apic && controls.has_2m &&
                controls.has_1g && controls.has_preemption_timer && controls.has_rdtscp);
}

/* Each row that cannot be done without: without it, it and only it is named. */
static void each_row(void **state) {
    (void)state;
    for (size_t i = 0; i < control_row_count; i++) {
        const struct control_row *row = &control_rows[i];
        struct vmx_capability capability = processor();
        uint64_t *set = &capability.set[row->set];
        if (row->set == CONTROL_EPT || row->set == CONTROL_MISC)
            *set &= ~row->bit;
        else if (row->use == CONTROL_OFF)
            *set |= row->bit;
        else
            *set &= ~(row->bit << 32);
        struct vmx_controls controls;
        const struct control_row *first;
        size_t count;
        bool is_possible = choose(&capability, &controls, &first, &count);
        assert_int_equal(is_possible, row->use == CONTROL_WANTED);
        if (!is_possible) {
            assert_int_equal(count, 1);
            assert_ptr_equal(first, row);
        }
        assert_non_null(row->name);
        assert_non_null(row->why);
    }
}

static void without_tpr_shadow(void **state) {
    (void)state;
    struct vmx_capability capability = processor();
    capability.set[CONTROL_PROCESSOR] &= ~((uint64_t)PROCESSOR_TPR_SHADOW << 32);
    struct vmx_controls controls;
    const struct control_row *first;
    size_t count;
    assert_true(choose(&capability, &controls, &first, &count));
    assert_false(controls.has_tpr_shadow || controls.has_x2apic || controls.has_virtual_interrupt ||
                 controls.has_apic_access);
    uint32_t cr8 = PROCESSOR_CR8_LOAD | PROCESSOR_CR8_STORE;
    assert_int_equal(controls.processor & cr8, cr8);
}

/* More missing than there is room for: all are counted. */
static void nothing_there(void **state) {
    (void)state;
    struct vmx_capability capability = {0};
    struct vmx_controls controls;
    const struct control_row *first;
    size_t count;
    assert_false(choose(&capability, &controls, &first, &count));
    assert_true(count > 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_processor),
        cmocka_unit_test(each_row),
        cmocka_unit_test(without_tpr_shadow),
        cmocka_unit_test(nothing_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
