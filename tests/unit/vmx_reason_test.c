/* For which exits the instruction length is defined: SDM Vol. 3, 28.2.5 "Information for VM Exits
 * Due to Instruction Execution", and numbers of Appendix C. */
/* units: arch/x86_64/vmx/reason.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "arch/x86_64/vmx/reason.h"

/* The instructions that 28.2.5 lists, by their exit reason's number in Appendix C. */
static const uint8_t with_length[] = {
    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    30, 31, 32, 36, 39, 40, 46, 47, 50, 51, 53, 54, 55, 57, 58, 59, 60, 61, 63,
};

static void lengths(void **state) {
    (void)state;
    for (uint32_t reason = 0; reason < REASON_COUNT; reason++)
        assert_int_equal(vmx_reasons[reason].has_length,
                         memchr(with_length, (int)reason, sizeof with_length) != NULL);
}

/* Where the manual leaves it undefined and emulators fill it all the same. */
static void undefined_lengths(void **state) {
    (void)state;
    static const uint8_t reasons[] = {REASON_EXCEPTION,        REASON_INTERRUPT,
                                      REASON_EPT_VIOLATION,    REASON_EPT_MISCONFIGURATION,
                                      REASON_APIC_ACCESS,      REASON_APIC_WRITE,
                                      REASON_VIRTUALIZED_EOI,  REASON_TPR_BELOW_THRESHOLD,
                                      REASON_PREEMPTION_TIMER, REASON_INTERRUPT_WINDOW,
                                      REASON_TRIPLE_FAULT,     REASON_TASK_SWITCH};
    for (size_t i = 0; i < sizeof reasons; i++)
        assert_false(vmx_reasons[reasons[i]].has_length);
}

static void names(void **state) {
    (void)state;
    /* 35, 38 and 42 are numbers that Appendix C does not use. */
    for (uint32_t reason = 0; reason < REASON_COUNT; reason++)
        assert_int_equal(vmx_reasons[reason].name == NULL,
                         reason == 35 || reason == 38 || reason == 42);
    assert_string_equal(vmx_reasons[48].name, "EPT violation");
    assert_string_equal(vmx_reasons[52].name, "preemption timer");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(undefined_lengths),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
