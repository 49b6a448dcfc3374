/* Rules for the host-state area: SDM Vol. 3, 27.2.2 to 27.2.4. */
#include "arch/x86_64/vmx/entry_check_rule.h"

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/entry_check_bits.h"

static bool host_is_64_bit(const struct entry_state *state) {
    return entry_is_on(state, CONTROL(EXIT, EXIT_HOST_64_BIT));
}

/* ---- control registers, MSRs, SSP */

/* NW and CD do not change at exits and are not looked at. */
#define CR0_KEPT ((uint64_t)CR0_NW | CR0_CD)

static ENTRY_TEST(cr0_lacks_fixed) {
    uint64_t fixed = state->facts->cr0_fixed_0 & ~CR0_KEPT;
    return (~entry_read(state, rule->field) & fixed) != 0;
}

static ENTRY_TEST(cr0_has_fixed) {
    uint64_t allowed = state->facts->cr0_fixed_1 | CR0_KEPT;
    return (entry_read(state, rule->field) & ~allowed) != 0;
}

static ENTRY_TEST(cr4_lacks_fixed) {
    return (~entry_read(state, rule->field) & state->facts->cr4_fixed_0) != 0;
}

static ENTRY_TEST(cr3_is_wide) {
    return entry_read(state, rule->field) >> state->facts->physical_bits != 0;
}

static ENTRY_TEST(cet_lacks_write_protect) {
    return (entry_read(state, rule->field) & CR4_CET) != 0 &&
           (entry_read(state, FIELD_HOST_CR0) & CR0_WP) == 0;
}

/* The bit in argument must be as the address-space size. */
static ENTRY_TEST(efer_differs_from_size) {
    return entry_has_bits(state, rule) != host_is_64_bit(state);
}

/* ---- segments */

static ENTRY_TEST(selector_is_null) {
    return entry_read(state, rule->field) == 0;
}

static ENTRY_TEST(selector_is_null_in_32_bit) {
    return !host_is_64_bit(state) && entry_read(state, rule->field) == 0;
}

/* ---- address-space size */

static bool is_outside_long_mode(const struct entry_state *state) {
    return !entry_has_flag(state, ENTRY_FLAG_LONG_MODE);
}

static ENTRY_TEST(is_in_legacy_mode) {
    (void)rule;
    return is_outside_long_mode(state);
}

static ENTRY_TEST(is_32_bit_in_long_mode) {
    (void)rule;
    return !is_outside_long_mode(state) && !host_is_64_bit(state);
}

static ENTRY_TEST(has_bits_in_32_bit) {
    return !host_is_64_bit(state) && entry_has_bits(state, rule);
}

static ENTRY_TEST(lacks_bits_in_64_bit) {
    return host_is_64_bit(state) && entry_lacks_bits(state, rule);
}

static ENTRY_TEST(is_not_canonical_in_64_bit) {
    return host_is_64_bit(state) && entry_is_not_canonical(state, rule);
}

#define HIGH_HALF      0xffffffff00000000ull
#define TEXT_CANONICAL "must be canonical"
#define TEXT_SELECTOR  "RPL (bits 1:0) and TI (bit 2) must be 0"

static const struct entry_rule host_rules[] = {
    /* 27.2.2 */
    RULE(2201, HOST_CR0, ALWAYS, cr0_lacks_fixed, 0, "clears a bit that VMX fixes to 1"),
    RULE(2202, HOST_CR0, ALWAYS, cr0_has_fixed, 0, "sets a bit that VMX fixes to 0"),
    RULE(2203, HOST_CR4, ALWAYS, cr4_lacks_fixed, 0, "clears a bit that VMX fixes to 1"),
    RULE(2204, HOST_CR4, ALWAYS, entry_is_not_allowed, FACT(cr4_fixed_1),
         "sets a bit that VMX fixes to 0"),
    RULE(2205, HOST_CR3, ALWAYS, cr3_is_wide, 0, "sets bits beyond the physical-address width"),
    RULE(2206, HOST_CR4, ALWAYS, cet_lacks_write_protect, 0, "CET needs CR0.WP"),
    RULE(2207, HOST_SYSENTER_ESP, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(2208, HOST_SYSENTER_EIP, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE_BOCHS(BOCHS_ENTERS, 2209, HOST_PERF_GLOBAL_CTRL, WHEN(EXIT, EXIT_LOAD_PERF_GLOBAL),
               entry_is_not_allowed, FACT(perf_global_ctrl), "sets reserved bits"),
    RULE(2210, HOST_PAT, WHEN(EXIT, EXIT_LOAD_PAT), entry_pat_is_invalid, 0,
         "every byte must be 0, 1 or 4 to 7"),
    RULE(2211, HOST_EFER, WHEN(EXIT, EXIT_LOAD_EFER), entry_is_not_allowed, FACT(efer),
         "sets reserved bits"),
    RULE(2212, HOST_EFER, WHEN(EXIT, EXIT_LOAD_EFER), efer_differs_from_size, EFER_LMA,
         "LMA must equal 'host address-space size'"),
    RULE(2213, HOST_EFER, WHEN(EXIT, EXIT_LOAD_EFER), efer_differs_from_size, EFER_LME,
         "LME must equal 'host address-space size'"),
    RULE(2214, HOST_S_CET, WHEN(EXIT, EXIT_LOAD_CET), entry_has_bits, CET_RESERVED,
         "bits 9:6 must be 0"),
    RULE(2215, HOST_S_CET, WHEN(EXIT, EXIT_LOAD_CET), entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(2216, HOST_S_CET, WHEN(EXIT, EXIT_LOAD_CET), entry_cet_suppresses_and_tracks, 0,
         "SUPPRESS and TRACKER must not both be 1"),
    RULE(2217, HOST_SSP, WHEN(EXIT, EXIT_LOAD_CET), entry_has_bits, 3, "bits 1:0 must be 0"),
    RULE(2218, HOST_SSP, WHEN(EXIT, EXIT_LOAD_CET), entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(2219, HOST_SSP_TABLE, WHEN(EXIT, EXIT_LOAD_CET), entry_is_not_canonical, 0,
         TEXT_CANONICAL),
    RULE(2220, HOST_PKRS, WHEN(EXIT, EXIT_LOAD_PKRS), entry_has_bits, HIGH_HALF,
         "bits 63:32 must be 0"),

    /* 27.2.3 */
    RULE(2301, HOST_ES_SELECTOR, ALWAYS, entry_has_bits, 7, TEXT_SELECTOR),
    RULE(2302, HOST_CS_SELECTOR, ALWAYS, entry_has_bits, 7, TEXT_SELECTOR),
    RULE(2303, HOST_SS_SELECTOR, ALWAYS, entry_has_bits, 7, TEXT_SELECTOR),
    RULE(2304, HOST_DS_SELECTOR, ALWAYS, entry_has_bits, 7, TEXT_SELECTOR),
    RULE(2305, HOST_FS_SELECTOR, ALWAYS, entry_has_bits, 7, TEXT_SELECTOR),
    RULE(2306, HOST_GS_SELECTOR, ALWAYS, entry_has_bits, 7, TEXT_SELECTOR),
    RULE(2307, HOST_TR_SELECTOR, ALWAYS, entry_has_bits, 7, TEXT_SELECTOR),
    RULE(2308, HOST_CS_SELECTOR, ALWAYS, selector_is_null, 0, "must not be 0"),
    RULE(2309, HOST_TR_SELECTOR, ALWAYS, selector_is_null, 0, "must not be 0"),
    RULE(2310, HOST_SS_SELECTOR, ALWAYS, selector_is_null_in_32_bit, 0,
         "must not be 0 for a 32-bit host"),
    RULE(2311, HOST_FS_BASE, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(2312, HOST_GS_BASE, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(2313, HOST_GDTR_BASE, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(2314, HOST_IDTR_BASE, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(2315, HOST_TR_BASE, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),

    /* 27.2.4; that an IA-32e mode guest needs a 64-bit host follows from the first three. */
    RULE(2401, ENTRY_CONTROLS, WHEN(ENTRY, ENTRY_IA32E_MODE), is_in_legacy_mode, 0,
         "'IA-32e mode guest' outside IA-32e mode"),
    RULE(2402, EXIT_CONTROLS, WHEN(EXIT, EXIT_HOST_64_BIT), is_in_legacy_mode, 0,
         "'host address-space size' outside IA-32e mode"),
    RULE(2403, EXIT_CONTROLS, ALWAYS, is_32_bit_in_long_mode, 0,
         "'host address-space size' must be 1 in IA-32e mode"),
    RULE(2404, HOST_CR4, ALWAYS, has_bits_in_32_bit, CR4_PCIDE,
         "PCIDE must be 0 for a 32-bit host"),
    RULE(2405, HOST_RIP, ALWAYS, has_bits_in_32_bit, HIGH_HALF,
         "bits 63:32 must be 0 for a 32-bit host"),
    RULE(2406, HOST_S_CET, WHEN(EXIT, EXIT_LOAD_CET), has_bits_in_32_bit, HIGH_HALF,
         "bits 63:32 must be 0 for a 32-bit host"),
    RULE(2407, HOST_SSP, WHEN(EXIT, EXIT_LOAD_CET), has_bits_in_32_bit, HIGH_HALF,
         "bits 63:32 must be 0 for a 32-bit host"),
    RULE(2408, HOST_CR4, ALWAYS, lacks_bits_in_64_bit, CR4_PAE, "PAE must be 1 for a 64-bit host"),
    RULE(2409, HOST_RIP, ALWAYS, is_not_canonical_in_64_bit, 0,
         "must be canonical for a 64-bit host"),
};

const struct entry_table entry_host_rules = {host_rules, sizeof host_rules / sizeof host_rules[0]};
