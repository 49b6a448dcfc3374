/* Rules for guest registers but segments: SDM Vol. 3, 27.3.1.1, 27.3.1.3, 27.3.1.4. */
#include "arch/x86_64/vmx/entry_check_rule.h"

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/entry_check_bits.h"
#include "arch/x86_64/vmx/event.h"

#define HIGH_HALF      0xffffffff00000000ull
#define TEXT_CANONICAL "must be canonical"
#define TEXT_RESERVED  "sets reserved bits"

/* ---- control registers, debug registers, MSRs */

/* PE and PG are free in unrestricted guests; NW and CD do not change at entries. */
static uint64_t cr0_unchecked(const struct entry_state *state) {
    uint64_t bits = (uint64_t)CR0_NW | CR0_CD;
    if (entry_is_on(state, CONTROL(SECONDARY, SECONDARY_UNRESTRICTED)))
        bits |= (uint64_t)CR0_PE | CR0_PG;
    return bits;
}

static ENTRY_TEST(cr0_lacks_fixed) {
    (void)rule;
    return (~state->cr0 & state->facts->cr0_fixed_0 & ~cr0_unchecked(state)) != 0;
}

static ENTRY_TEST(cr0_has_fixed) {
    (void)rule;
    return (state->cr0 & ~state->facts->cr0_fixed_1 & ~cr0_unchecked(state)) != 0;
}

static ENTRY_TEST(pages_without_protection) {
    (void)rule;
    return (state->cr0 & CR0_PG) != 0 && (state->cr0 & CR0_PE) == 0;
}

static ENTRY_TEST(cr4_lacks_fixed) {
    (void)rule;
    return (~state->cr4 & state->facts->cr4_fixed_0) != 0;
}

static ENTRY_TEST(cet_lacks_write_protect) {
    (void)rule;
    return (state->cr4 & CR4_CET) != 0 && (state->cr0 & CR0_WP) == 0;
}

static ENTRY_TEST(pcide_is_set_outside_long_mode) {
    (void)rule;
    return !entry_is_on(state, CONTROL(ENTRY, ENTRY_IA32E_MODE)) && (state->cr4 & CR4_PCIDE) != 0;
}

static ENTRY_TEST(cr3_is_wide) {
    return entry_read(state, rule->field) >> state->facts->physical_bits != 0;
}

static ENTRY_TEST(lma_differs_from_control) {
    return entry_has_bits(state, rule) != entry_is_on(state, CONTROL(ENTRY, ENTRY_IA32E_MODE));
}

static ENTRY_TEST(lma_differs_from_lme) {
    uint64_t efer = entry_read(state, rule->field);
    return (state->cr0 & CR0_PG) != 0 && ((efer & EFER_LMA) != 0) != ((efer & EFER_LME) != 0);
}

static const struct entry_rule register_rules[] = {
    RULE(3101, GUEST_CR0, ALWAYS, cr0_lacks_fixed, 0, "clears a bit that VMX fixes to 1"),
    RULE(3102, GUEST_CR0, ALWAYS, cr0_has_fixed, 0, "sets a bit that VMX fixes to 0"),
    RULE(3103, GUEST_CR0, ALWAYS, pages_without_protection, 0, "PG needs PE"),
    RULE(3104, GUEST_CR4, ALWAYS, cr4_lacks_fixed, 0, "clears a bit that VMX fixes to 1"),
    RULE(3105, GUEST_CR4, ALWAYS, entry_is_not_allowed, FACT(cr4_fixed_1),
         "sets a bit that VMX fixes to 0"),
    RULE(3106, GUEST_CR4, ALWAYS, cet_lacks_write_protect, 0, "CET needs CR0.WP"),
    RULE_BOCHS(BOCHS_ENTERS, 3107, GUEST_DEBUGCTL, WHEN(ENTRY, ENTRY_LOAD_DEBUG),
               entry_is_not_allowed, FACT(debugctl), TEXT_RESERVED),
    RULE_BOCHS(BOCHS_ENTERS, 3108, GUEST_CR0, WHEN(ENTRY, ENTRY_IA32E_MODE), entry_lacks_bits,
               CR0_PG, "an IA-32e mode guest needs PG"),
    RULE(3109, GUEST_CR4, WHEN(ENTRY, ENTRY_IA32E_MODE), entry_lacks_bits, CR4_PAE,
         "an IA-32e mode guest needs PAE"),
    RULE(3110, GUEST_CR4, ALWAYS, pcide_is_set_outside_long_mode, 0,
         "PCIDE is for IA-32e mode guests"),
    RULE(3111, GUEST_CR3, ALWAYS, cr3_is_wide, 0, "sets bits beyond the physical-address width"),
    RULE(3112, GUEST_DR7, WHEN(ENTRY, ENTRY_LOAD_DEBUG), entry_has_bits, HIGH_HALF,
         "bits 63:32 must be 0"),
    RULE(3113, GUEST_SYSENTER_ESP, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(3114, GUEST_SYSENTER_EIP, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE_BOCHS(BOCHS_ENTERS, 3115, GUEST_PERF_GLOBAL_CTRL, WHEN(ENTRY, ENTRY_LOAD_PERF_GLOBAL),
               entry_is_not_allowed, FACT(perf_global_ctrl), TEXT_RESERVED),
    RULE(3116, GUEST_PAT, WHEN(ENTRY, ENTRY_LOAD_PAT), entry_pat_is_invalid, 0,
         "every byte must be 0, 1 or 4 to 7"),
    RULE(3117, GUEST_EFER, WHEN(ENTRY, ENTRY_LOAD_EFER), entry_is_not_allowed, FACT(efer),
         TEXT_RESERVED),
    RULE(3118, GUEST_EFER, WHEN(ENTRY, ENTRY_LOAD_EFER), lma_differs_from_control, EFER_LMA,
         "LMA must equal 'IA-32e mode guest'"),
    RULE(3119, GUEST_EFER, WHEN(ENTRY, ENTRY_LOAD_EFER), lma_differs_from_lme, 0,
         "LMA must equal LME with CR0.PG = 1"),
    RULE(3120, GUEST_BNDCFGS, WHEN(ENTRY, ENTRY_LOAD_BNDCFGS), entry_has_bits, BNDCFGS_RESERVED,
         "bits 11:2 must be 0"),
    RULE(3121, GUEST_BNDCFGS, WHEN(ENTRY, ENTRY_LOAD_BNDCFGS), entry_is_not_canonical, 0,
         TEXT_CANONICAL),
    RULE(3122, GUEST_RTIT_CTL, WHEN(ENTRY, ENTRY_LOAD_RTIT), entry_is_not_allowed, FACT(rtit_ctl),
         TEXT_RESERVED),
    RULE(3123, GUEST_S_CET, WHEN(ENTRY, ENTRY_LOAD_CET), entry_has_bits, CET_RESERVED,
         "bits 9:6 must be 0"),
    RULE(3124, GUEST_S_CET, WHEN(ENTRY, ENTRY_LOAD_CET), entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(3125, GUEST_S_CET, WHEN(ENTRY, ENTRY_LOAD_CET), entry_cet_suppresses_and_tracks, 0,
         "SUPPRESS and TRACKER must not both be 1"),
    RULE(3126, GUEST_SSP_TABLE, WHEN(ENTRY, ENTRY_LOAD_CET), entry_is_not_canonical, 0,
         TEXT_CANONICAL),
    RULE(3127, GUEST_PKRS, WHEN(ENTRY, ENTRY_LOAD_PKRS), entry_has_bits, HIGH_HALF,
         "bits 63:32 must be 0"),
    RULE(3128, GUEST_LBR_CTL, WHEN(ENTRY, ENTRY_LOAD_LBR), entry_is_not_allowed, FACT(lbr_ctl),
         TEXT_RESERVED),
    RULE(3129, GUEST_UINV, WHEN(ENTRY, ENTRY_LOAD_UINV), entry_has_bits, 0xff00,
         "bits 15:8 must be 0"),
};

/* ---- descriptor tables, RIP, RFLAGS, SSP */

/* Bit N-1 may differ from those above it: canonical or not is for the first fetch to find. */
static ENTRY_TEST(high_bits_differ_in_64_bit) {
    uint64_t high = entry_read(state, rule->field) >> state->facts->linear_bits;
    return entry_guest_is_64_bit(state) && high != 0 && high != ~0ull >> state->facts->linear_bits;
}

static ENTRY_TEST(is_wide_outside_64_bit) {
    return !entry_guest_is_64_bit(state) && entry_has_bits(state, rule);
}

static ENTRY_TEST(is_virtual_8086_in_long_mode) {
    (void)rule;
    return entry_guest_is_virtual_8086(state) &&
           entry_is_on(state, CONTROL(ENTRY, ENTRY_IA32E_MODE));
}

static ENTRY_TEST(is_virtual_8086_in_real_mode) {
    (void)rule;
    return entry_guest_is_virtual_8086(state) && (state->cr0 & CR0_PE) == 0;
}

static ENTRY_TEST(interrupt_is_disabled) {
    (void)rule;
    return (state->event & (EVENT_VALID | EVENT_TYPE)) == (EVENT_VALID | EVENT_EXTERNAL) &&
           (state->rflags & RFLAGS_IF) == 0;
}

#define RFLAGS_RESERVED 0xffffffffffc08028ull /* 63:22, 15, 5, 3 */

static const struct entry_rule pointer_rules[] = {
    /* 27.3.1.3 */
    RULE(3301, GUEST_GDTR_BASE, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(3302, GUEST_IDTR_BASE, ALWAYS, entry_is_not_canonical, 0, TEXT_CANONICAL),
    RULE(3303, GUEST_GDTR_LIMIT, ALWAYS, entry_has_bits, 0xffff0000, "bits 31:16 must be 0"),
    RULE(3304, GUEST_IDTR_LIMIT, ALWAYS, entry_has_bits, 0xffff0000, "bits 31:16 must be 0"),

    /* 27.3.1.4 */
    RULE(3401, GUEST_RIP, ALWAYS, is_wide_outside_64_bit, HIGH_HALF,
         "bits 63:32 must be 0 outside 64-bit mode"),
    RULE_BOCHS(BOCHS_ENTERS, 3402, GUEST_RIP, ALWAYS, high_bits_differ_in_64_bit, 0,
               "bits beyond the linear-address width must be alike"),
    RULE(3403, GUEST_RFLAGS, ALWAYS, entry_has_bits, RFLAGS_RESERVED,
         "bits 63:22, 15, 5 and 3 must be 0"),
    RULE(3404, GUEST_RFLAGS, ALWAYS, entry_lacks_bits, RFLAGS_FIXED, "bit 1 must be 1"),
    RULE(3405, GUEST_RFLAGS, ALWAYS, is_virtual_8086_in_long_mode, 0,
         "VM must be 0 in an IA-32e mode guest"),
    RULE_BOCHS(BOCHS_ENTERS, 3406, GUEST_RFLAGS, ALWAYS, is_virtual_8086_in_real_mode, 0,
               "VM must be 0 with CR0.PE = 0"),
    RULE(3407, GUEST_RFLAGS, ALWAYS, interrupt_is_disabled, 0,
         "IF must be 1 for an external interrupt"),
    RULE(3408, GUEST_SSP, WHEN(ENTRY, ENTRY_LOAD_CET), entry_has_bits, 3, "bits 1:0 must be 0"),
    RULE(3409, GUEST_SSP, WHEN(ENTRY, ENTRY_LOAD_CET), is_wide_outside_64_bit, HIGH_HALF,
         "bits 63:32 must be 0 outside 64-bit mode"),
    RULE(3410, GUEST_SSP, WHEN(ENTRY, ENTRY_LOAD_CET), high_bits_differ_in_64_bit, 0,
         "bits beyond the linear-address width must be alike"),
};

const struct entry_table entry_register_rules = {register_rules,
                                                 sizeof register_rules / sizeof register_rules[0]};
const struct entry_table entry_pointer_rules = {pointer_rules,
                                                sizeof pointer_rules / sizeof pointer_rules[0]};
