/*
 * Rules for MSRs that an entry loads: SDM Vol. 3, 27.4 "Loading MSRs". What WRMSR would refuse for
 * its value is not among them: only the processor knows.
 */
#include "arch/x86_64/vmx/entry_check_rule.h"

#include "arch/x86_64/cpu/msr.h"

#define MSR_SMM_MONITOR_CTL 0x9bu
#define MSR_SMBASE          0x9eu

/* The first 8 bytes of an entry: the index, and a reserved half. */
typedef bool (*entry_test)(const struct entry_state *state, uint64_t head);

static bool any_entry(const struct entry_state *state, entry_test is_broken) {
    /* More are not promised to work: IA32_VMX_MISC, Appendix A.6. */
    uint64_t limit = 512 * ((state->facts->misc >> 25 & 7) + 1);
    uint64_t count = entry_read(state, FIELD_ENTRY_MSR_LOAD_COUNT);
    uint64_t address = entry_read(state, FIELD_ENTRY_MSR_LOAD_ADDRESS);
    for (uint64_t i = 0; i < count && i < limit; i++) {
        uint64_t head;
        if (!entry_read_memory(state, address + 16 * i, &head))
            return false;
        if (is_broken(state, head))
            return true;
    }
    return false;
}

static bool has_reserved(const struct entry_state *state, uint64_t head) {
    (void)state;
    return head >> 32 != 0;
}

static bool is_base(const struct entry_state *state, uint64_t head) {
    (void)state;
    return (uint32_t)head == MSR_FS_BASE || (uint32_t)head == MSR_GS_BASE;
}

static bool is_x2apic(const struct entry_state *state, uint64_t head) {
    return entry_has_flag(state, ENTRY_FLAG_X2APIC) && (uint32_t)head >> 8 == MSR_X2APIC >> 8;
}

static bool is_for_smm(const struct entry_state *state, uint64_t head) {
    return !entry_has_flag(state, ENTRY_FLAG_SMM) &&
           ((uint32_t)head == MSR_SMM_MONITOR_CTL || (uint32_t)head == MSR_SMBASE);
}

static ENTRY_TEST(loads_reserved) {
    (void)rule;
    return any_entry(state, has_reserved);
}

static ENTRY_TEST(loads_base) {
    (void)rule;
    return any_entry(state, is_base);
}

static ENTRY_TEST(loads_x2apic) {
    (void)rule;
    return any_entry(state, is_x2apic);
}

static ENTRY_TEST(loads_for_smm) {
    (void)rule;
    return any_entry(state, is_for_smm);
}

static const struct entry_rule msr_rules[] = {
    RULE(4001, ENTRY_MSR_LOAD_ADDRESS, ALWAYS, loads_reserved, 0, "an entry there sets bits 63:32"),
    RULE(4002, ENTRY_MSR_LOAD_ADDRESS, ALWAYS, loads_base, 0,
         "an entry there is IA32_FS_BASE or IA32_GS_BASE"),
    RULE(4003, ENTRY_MSR_LOAD_ADDRESS, ALWAYS, loads_x2apic, 0,
         "an entry there is a local APIC's register"),
    RULE_BOCHS(BOCHS_UNTRIED, 4004, ENTRY_MSR_LOAD_ADDRESS, ALWAYS, loads_for_smm, 0,
               "an entry there can be written only in SMM"),
};

const struct entry_table entry_msr_rules = {msr_rules, sizeof msr_rules / sizeof msr_rules[0]};
