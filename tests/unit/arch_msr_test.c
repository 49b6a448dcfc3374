/* Which MSRs a processor has, and what CPUID says of it: SDM Vol. 2 CPUID, Vol. 4, 2.1, Vol. 3, A.
 */
/* units: arch/x86_64/cpu/msr.c arch/x86_64/cpu/features.c kernel/string.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/msr.h"
#include "kernel/string.h"

/* A made-up processor: rows of CPUID; what has no row reads as zeros. */
struct row {
    uint32_t leaf, subleaf;
    struct cpuid_result value;
};
static const struct row *processor;
static size_t processor_rows;
static uint32_t asked_beyond;

static void cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_result *result) {
    *result = (struct cpuid_result){0, 0, 0, 0};
    for (size_t i = 0; i < processor_rows; i++)
        if (processor[i].leaf == leaf && processor[i].subleaf == subleaf) {
            *result = processor[i].value;
            return;
        }
    asked_beyond++;
}

static struct cpu_features features;

static void read_features(const struct row *rows, size_t count) {
    processor = rows;
    processor_rows = count;
    features_read(&features, cpuid);
}

static const struct row typical[] = {
    {0x0,        0, {0x16, 0x756e6547, 0x6c65746e, 0x49656e69}                                            }, /* GenuineIntel */
  /* Version 50654h: family 6, model 55h, stepping 4. MSR, TSC, APIC; VMX, X2APIC, TSC-deadline,
  XSAVE */
    {0x1,
     0,             {0x00050654, 0, 1u << 5 | 1u << 21 | 1u << 24 | 1u << 26, 1u << 4 | 1u << 5 | 1u << 9}},
    {0x7,        0, {0, 1u << 0 | 1u << 7 | 1u << 20, 1u << 2, 1u << 26}                                  },
    {0xd,        0, {0x2e7, 0, 0x988, 0}                                                                  },
    {0xd,        1, {0x1, 0, 0, 0}                                                                        },
    {0xd,        2, {256, 576, 0, 0}                                                                      },
    {0xd,        5, {64, 1088, 0, 0}                                                                      },
    {0xd,        6, {512, 1152, 0, 0}                                                                     },
    {0xd,        9, {8, 2688, 0, 0}                                                                       },
    {0xd,        7, {1024, 1664, 0, 0}                                                                    },
    {0x15,       0, {2, 216, 24000000, 0}                                                                 },
    {0x16,       0, {2600, 0, 0, 0}                                                                       },
    {0x80000000, 0, {0x80000008, 0, 0, 0}                                                                 },
    {0x80000001, 0, {0, 0, 0, 1u << 11 | 1u << 20 | 1u << 26 | 1u << 29}                                  },
    {0x80000002, 0, {0x20202020, 0x61616141, 0x20202020, 0x62626242}                                      },
    {0x80000003, 0, {0, 0, 0, 0}                                                                          },
    {0x80000007, 0, {0, 0, 0, 1u << 8}                                                                    },
    {0x80000008, 0, {0x302e, 0, 0, 0}                                                                     },
};

static void reads_a_typical_processor(void **state) {
    (void)state;
    read_features(typical, sizeof typical / sizeof typical[0]);
    assert_string_equal(features.vendor, "GenuineIntel");
    assert_string_equal(features.name, "Aaaa    Bbbb");
    assert_int_equal(features.family, 6);
    assert_int_equal(features.model, 0x55);
    assert_int_equal(features.stepping, 4);
    assert_int_equal(features.physical_bits, 46);
    assert_int_equal(features.linear_bits, 48);
    assert_true(features.has[FEATURE_VMX]);
    assert_true(features.has[FEATURE_X2APIC]);
    assert_true(features.has[FEATURE_TSC_DEADLINE]);
    assert_true(features.has[FEATURE_SMEP]);
    assert_true(features.has[FEATURE_SMAP]);
    assert_true(features.has[FEATURE_UMIP]);
    assert_true(features.has[FEATURE_NX]);
    assert_true(features.has[FEATURE_PAGE_1G]);
    assert_true(features.has[FEATURE_TSC_INVARIANT]);
    assert_true(features.has[FEATURE_ALWAYS]);
    assert_false(features.has[FEATURE_PCID]);
    assert_false(features.has[FEATURE_RDTSCP]);
    assert_false(features.has[FEATURE_MCA]);
    /* AVX-512 ends at 1664 + 1024, PKRU behind it at 2688 + 8. */
    assert_int_equal(features.xcr0, 0x2e7);
    assert_int_equal(features.xsave_size, 2696);
    assert_int_equal(features.crystal_hz, 24000000);
    assert_int_equal(features.tsc_hz_claimed, 2592000000u);
    assert_int_equal(features.base_hz_claimed, 2600000000u);
}

/* Leaves above the highest answer as the highest does: they must not be asked at all. */
static void asks_no_leaf_that_is_not_there(void **state) {
    static const struct row old[] = {
        {0x0,        0, {0x1, 0x756e6547, 0x6c65746e, 0x49656e69}},
        {0x1,        0, {0x00000f4a, 0, 0, 1u << 4 | 1u << 5}    }, /* family 15, model 4 */
        {0x80000000, 0, {0x1234, 0, 0, 0}                        }, /* no extended leaves: as leaf 1 */
    };
    (void)state;
    asked_beyond = 0;
    read_features(old, sizeof old / sizeof old[0]);
    assert_int_equal(asked_beyond, 0);
    assert_int_equal(features.extended_leaf, 0);
    assert_int_equal(features.family, 15);
    assert_int_equal(features.model, 4);
    assert_false(features.has[FEATURE_LONG_MODE]);
    assert_false(features.has[FEATURE_SMEP]);
    assert_int_equal(features.tsc_hz_claimed, 0);
    assert_string_equal(features.name, "");
}

/* ---- gates */

/* VMX_BASIC, VMX_PROCBASED, VMX_PROCBASED2, ARCH_CAPABILITIES */
static uint64_t conditions[4];

static uint64_t read_msr(uint32_t index) {
    switch (index) {
    case 0x480: return conditions[0];
    case 0x482: return conditions[1];
    case 0x48b: return conditions[2];
    case 0x10a: return conditions[3];
    default: fail_msg("MSR %x was read", index); return 0;
    }
}

static bool gate(uint32_t index) {
    return msr_gate(&features, index, read_msr);
}

static void with(enum cpu_feature feature) {
    memset(&features, 0, sizeof features);
    memset(conditions, 0, sizeof conditions);
    features.has[FEATURE_ALWAYS] = true;
    features.has[FEATURE_MSR] = true;
    features.has[feature] = true;
}

/* Each MSR exists with its CPUID bit, and not with any other one alone. */
static void each_msr_needs_its_feature(void **state) {
    static const struct {
        uint32_t index;
        enum cpu_feature feature;
    } gates[] = {
        {0x1b,       FEATURE_APIC             },
        {0x3a,       FEATURE_VMX              },
        {0x3b,       FEATURE_TSC_ADJUST       },
        {0x10a,      FEATURE_ARCH_CAPABILITIES},
        {0x174,      FEATURE_SYSENTER         },
        {0x179,      FEATURE_MCA              },
        {0x277,      FEATURE_PAT              },
        {0x480,      FEATURE_VMX              },
        {0x6e0,      FEATURE_TSC_DEADLINE     },
        {0x800,      FEATURE_X2APIC           },
        {0xda0,      FEATURE_XSAVES           },
        {0xc0000080, FEATURE_LONG_MODE        },
        {0xc0000102, FEATURE_LONG_MODE        },
        {0xc0000103, FEATURE_RDTSCP           },
    };
    (void)state;
    for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++)
        for (int feature = FEATURE_ALWAYS + 1; feature < FEATURE_COUNT; feature++) {
            with((enum cpu_feature)feature);
            assert_int_equal(gate(gates[i].index), feature == (int)gates[i].feature);
        }
}

/* SDM Vol. 4, 2.1, IA32_SPEC_CTRL; AMD64 Architecture Programmer's Manual Vol. 2, 3.2.9: each
 * vendor has bits of its own. MCU_OPT_CTRL: any of two. */
static void any_of_several_bits_is_enough(void **state) {
    (void)state;
    for (int feature = FEATURE_ALWAYS + 1; feature < FEATURE_COUNT; feature++) {
        with((enum cpu_feature)feature);
        assert_int_equal(gate(0x48), feature == FEATURE_IBRS_IBPB || feature == FEATURE_AMD_IBRS ||
                                         feature == FEATURE_AMD_STIBP ||
                                         feature == FEATURE_AMD_SSBD);
        assert_int_equal(gate(0x49), feature == FEATURE_IBRS_IBPB || feature == FEATURE_AMD_IBPB);
    }
    with(FEATURE_ARCH_CAPABILITIES);
    assert_false(gate(0x123));
    assert_false(gate(0x122));
    conditions[3] = 1ull << 25 | 1ull << 7;
    assert_true(gate(0x123));
    assert_true(gate(0x122));
    with(FEATURE_SRBDS_CTRL);
    assert_true(gate(0x123));
}

/* SDM Vol. 3, A.2 to A.5: which capability MSRs exist is said by others. */
static void vmx_capabilities_need_their_bits(void **state) {
    (void)state;
    with(FEATURE_VMX);
    assert_false(gate(0x48d));
    conditions[0] = 1ull << 55;
    assert_true(gate(0x48d));
    assert_true(gate(0x490));
    assert_false(gate(0x48b));
    assert_false(gate(0x48c));
    conditions[1] = 1ull << 63;
    assert_true(gate(0x48b));
    assert_false(gate(0x48c));
    conditions[2] = 1ull << 33;
    assert_true(gate(0x48c));
    assert_false(gate(0x491));
    conditions[2] |= 1ull << 45;
    assert_true(gate(0x491));
    conditions[1] = 0; /* secondary controls gone: the chain breaks before 48Bh is read */
    conditions[2] = UINT64_MAX;
    assert_false(gate(0x48c));
}

static void nothing_without_rdmsr(void **state) {
    (void)state;
    with(FEATURE_LONG_MODE);
    assert_true(gate(0xc0000080));
    features.has[FEATURE_MSR] = false;
    assert_false(gate(0xc0000080));
}

static void an_unknown_msr_does_not_exist(void **state) {
    (void)state;
    memset(&features, 1, sizeof features);
    assert_false(gate(0x17)); /* IA32_PLATFORM_ID: not in the table */
}

static void no_msr_stands_twice_for_the_same_reason(void **state) {
    (void)state;
    for (uint32_t i = 0; i < msr_row_count; i++)
        for (uint32_t k = i + 1; k < msr_row_count; k++)
            assert_false(msr_rows[i].index == msr_rows[k].index &&
                         msr_rows[i].feature == msr_rows[k].feature);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_typical_processor),
        cmocka_unit_test(asks_no_leaf_that_is_not_there),
        cmocka_unit_test(each_msr_needs_its_feature),
        cmocka_unit_test(any_of_several_bits_is_enough),
        cmocka_unit_test(vmx_capabilities_need_their_bits),
        cmocka_unit_test(nothing_without_rdmsr),
        cmocka_unit_test(an_unknown_msr_does_not_exist),
        cmocka_unit_test(no_msr_stands_twice_for_the_same_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
