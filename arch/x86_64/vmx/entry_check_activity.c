/* Rules for guest state that is not in registers, and for PDPTEs: SDM Vol. 3, 27.3.1.5 "Checks on
 * Guest Non-Register State", 27.3.1.6 "Checks on Guest Page-Directory-Pointer-Table Entries". */
#include "arch/x86_64/vmx/entry_check_rule.h"

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/entry_check_bits.h"
#include "arch/x86_64/vmx/event.h"

static uint32_t activity_of(const struct entry_state *state) {
    return (uint32_t)entry_read(state, FIELD_GUEST_ACTIVITY);
}

static uint32_t blocking_of(const struct entry_state *state) {
    return (uint32_t)entry_read(state, FIELD_GUEST_INTERRUPTIBILITY);
}

static bool injects(const struct entry_state *state) {
    return (state->event & EVENT_VALID) != 0;
}

static bool injects_type(const struct entry_state *state, uint32_t type) {
    return injects(state) && (state->event & EVENT_TYPE) == type;
}

static bool injects_exception(const struct entry_state *state, uint32_t vector) {
    return injects_type(state, EVENT_EXCEPTION) && (state->event & EVENT_VECTOR) == vector;
}

static bool enters_smm(const struct entry_state *state) {
    return entry_is_on(state, CONTROL(ENTRY, ENTRY_TO_SMM));
}

/* ---- activity state */

static ENTRY_TEST(activity_is_unknown) {
    (void)rule;
    return activity_of(state) > ACTIVITY_SIPI;
}

static ENTRY_TEST(activity_is_unsupported) {
    uint32_t activity = activity_of(state);
    (void)rule;
    return activity >= ACTIVITY_HLT && activity <= ACTIVITY_SIPI &&
           (state->facts->misc >> (MISC_ACTIVITY_SHIFT + activity - ACTIVITY_HLT) & 1) == 0;
}

static ENTRY_TEST(halts_outside_ring_0) {
    (void)rule;
    return activity_of(state) == ACTIVITY_HLT &&
           (entry_read(state, FIELD_GUEST_SS_RIGHTS) >> RIGHTS_DPL_SHIFT & 3) != 0;
}

static ENTRY_TEST(is_inactive_and_blocked) {
    (void)rule;
    return activity_of(state) != ACTIVITY_ACTIVE &&
           (blocking_of(state) & (BLOCKING_STI | BLOCKING_MOV_SS)) != 0;
}

#define VECTOR_DEBUG         1u
#define VECTOR_MACHINE_CHECK 18u

/* What ends a HLT: interrupts, NMIs, #DB, #MC, and the monitor trap flag's event. */
static ENTRY_TEST(halt_does_not_end) {
    (void)rule;
    return activity_of(state) == ACTIVITY_HLT && injects(state) &&
           !injects_type(state, EVENT_EXTERNAL) && !injects_type(state, EVENT_NMI) &&
           !injects_exception(state, VECTOR_DEBUG) &&
           !injects_exception(state, VECTOR_MACHINE_CHECK) && !injects_type(state, EVENT_OTHER);
}

static ENTRY_TEST(shutdown_does_not_end) {
    (void)rule;
    return activity_of(state) == ACTIVITY_SHUTDOWN && injects(state) &&
           !injects_type(state, EVENT_NMI) && !injects_exception(state, VECTOR_MACHINE_CHECK);
}

static ENTRY_TEST(waits_for_sipi_and_injects) {
    (void)rule;
    return activity_of(state) == ACTIVITY_SIPI && injects(state);
}

static ENTRY_TEST(waits_for_sipi_in_smm) {
    (void)rule;
    return activity_of(state) == ACTIVITY_SIPI && enters_smm(state);
}

/* ---- interruptibility */

static ENTRY_TEST(is_blocked_twice) {
    (void)rule;
    return (~blocking_of(state) & (BLOCKING_STI | BLOCKING_MOV_SS)) == 0;
}

static ENTRY_TEST(sti_left_interrupts_off) {
    (void)rule;
    return (blocking_of(state) & BLOCKING_STI) != 0 && (state->rflags & RFLAGS_IF) == 0;
}

static ENTRY_TEST(interrupt_is_blocked) {
    return injects_type(state, EVENT_EXTERNAL) && entry_has_bits(state, rule);
}

static ENTRY_TEST(nmi_is_blocked) {
    return injects_type(state, EVENT_NMI) && entry_has_bits(state, rule);
}

static ENTRY_TEST(smi_is_blocked_outside_smm) {
    return !entry_has_flag(state, ENTRY_FLAG_SMM) && entry_has_bits(state, rule);
}

static ENTRY_TEST(enclave_is_blocked_by_mov_ss) {
    (void)rule;
    return (~blocking_of(state) & (BLOCKING_ENCLAVE | BLOCKING_MOV_SS)) == 0;
}

static ENTRY_TEST(enclave_is_unsupported) {
    return !entry_has_flag(state, ENTRY_FLAG_SGX) && entry_has_bits(state, rule);
}

/* ---- pending debug exceptions */

static ENTRY_TEST(pending_is_reserved) {
    uint64_t reserved = PENDING_RESERVED;
    if (!entry_has_flag(state, ENTRY_FLAG_BUS_LOCK))
        reserved |= PENDING_BUS_LOCK;
    return (entry_read(state, rule->field) & reserved) != 0;
}

/* While traps wait, a single step must wait with them. */
static bool holds_traps(const struct entry_state *state) {
    return (blocking_of(state) & (BLOCKING_STI | BLOCKING_MOV_SS)) != 0 ||
           activity_of(state) == ACTIVITY_HLT;
}

static bool steps(const struct entry_state *state) {
    return (state->rflags & RFLAGS_TF) != 0 &&
           (entry_read(state, FIELD_GUEST_DEBUGCTL) & DEBUGCTL_BTF) == 0;
}

static ENTRY_TEST(step_is_missing) {
    return holds_traps(state) && steps(state) && !entry_has_bits(state, rule);
}

static ENTRY_TEST(step_is_there) {
    return holds_traps(state) && !steps(state) && entry_has_bits(state, rule);
}

static ENTRY_TEST(transaction_has_other_bits) {
    uint64_t pending = entry_read(state, rule->field);
    return (pending & PENDING_RTM) != 0 &&
           (pending & ~PENDING_RESERVED & ~PENDING_RTM) != PENDING_ENABLED;
}

static ENTRY_TEST(transaction_is_unsupported) {
    return !entry_has_flag(state, ENTRY_FLAG_RTM) && entry_has_bits(state, rule);
}

static ENTRY_TEST(transaction_is_blocked_by_mov_ss) {
    return (blocking_of(state) & BLOCKING_MOV_SS) != 0 && entry_has_bits(state, rule);
}

/* ---- VMCS link pointer */

static bool has_link(const struct entry_state *state, uint64_t *link) {
    *link = entry_read(state, FIELD_VMCS_LINK_POINTER);
    return *link != LINK_NONE;
}

static ENTRY_TEST(link_is_misaligned) {
    uint64_t link;
    (void)rule;
    return has_link(state, &link) && (link & 0xfff) != 0;
}

static ENTRY_TEST(link_is_wide) {
    uint64_t link;
    (void)rule;
    return has_link(state, &link) && link >> entry_address_bits(state) != 0;
}

/* The first four bytes of the VMCS that is linked. */
static bool read_link(const struct entry_state *state, uint32_t *revision) {
    uint64_t link, value;
    if (!has_link(state, &link) || (link & 0xfff) != 0 || !entry_read_memory(state, link, &value))
        return false;
    *revision = (uint32_t)value;
    return true;
}

static ENTRY_TEST(link_has_other_revision) {
    uint32_t revision;
    (void)rule;
    return read_link(state, &revision) &&
           (revision & ~LINK_SHADOW) != (state->facts->basic & BASIC_REVISION);
}

static ENTRY_TEST(link_is_wrongly_shadow) {
    uint32_t revision;
    (void)rule;
    return read_link(state, &revision) &&
           ((revision & LINK_SHADOW) != 0) !=
               entry_is_on(state, CONTROL(SECONDARY, SECONDARY_SHADOWING));
}

static bool stays_in_smm(const struct entry_state *state) {
    return entry_has_flag(state, ENTRY_FLAG_SMM) && !enters_smm(state);
}

static ENTRY_TEST(link_is_current) {
    uint64_t link;
    (void)rule;
    return has_link(state, &link) && !stays_in_smm(state) && link == state->facts->vmcs;
}

static ENTRY_TEST(link_is_executive) {
    uint64_t link;
    (void)rule;
    return has_link(state, &link) && stays_in_smm(state) &&
           link == entry_read(state, FIELD_EXECUTIVE_VMCS);
}

/* ---- PDPTEs */

static bool uses_pae(const struct entry_state *state) {
    return (state->cr0 & CR0_PG) != 0 && (state->cr4 & CR4_PAE) != 0 &&
           !entry_is_on(state, CONTROL(ENTRY, ENTRY_IA32E_MODE));
}

static bool pdpte_is_invalid(const struct entry_state *state, uint64_t value) {
    return (value & PDPTE_PRESENT) != 0 &&
           ((value & PDPTE_RESERVED) != 0 || value >> state->facts->physical_bits != 0);
}

static ENTRY_TEST(field_is_invalid) {
    return uses_pae(state) && pdpte_is_invalid(state, entry_read(state, rule->field));
}

#define CR3_PDPT 0xffffffe0u

static ENTRY_TEST(table_is_invalid) {
    uint64_t address = entry_read(state, rule->field) & CR3_PDPT;
    if (!uses_pae(state) || entry_is_on(state, CONTROL(SECONDARY, SECONDARY_EPT)))
        return false;
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t value;
        if (entry_read_memory(state, address + 8ull * i, &value) && pdpte_is_invalid(state, value))
            return true;
    }
    return false;
}

static const struct entry_rule activity_rules[] = {
    /* 27.3.1.5 */
    RULE(3501, GUEST_ACTIVITY, ALWAYS, activity_is_unknown, 0, "must be 0 to 3"),
    RULE(3502, GUEST_ACTIVITY, ALWAYS, activity_is_unsupported, 0,
         "the processor does not support the state"),
    RULE(3503, GUEST_ACTIVITY, ALWAYS, halts_outside_ring_0, 0, "HLT needs a DPL of SS of 0"),
    RULE(3504, GUEST_ACTIVITY, ALWAYS, is_inactive_and_blocked, 0,
         "must be active while STI or MOV SS blocks"),
    RULE_BOCHS(BOCHS_ENTERS, 3505, GUEST_ACTIVITY, ALWAYS, halt_does_not_end, 0,
               "the injected event does not end HLT"),
    RULE(3506, GUEST_ACTIVITY, ALWAYS, shutdown_does_not_end, 0,
         "the injected event does not end shutdown"),
    RULE(3507, GUEST_ACTIVITY, ALWAYS, waits_for_sipi_and_injects, 0,
         "no event can be injected into wait-for-SIPI"),
    RULE(3508, GUEST_ACTIVITY, ALWAYS, waits_for_sipi_in_smm, 0,
         "'entry to SMM' excludes wait-for-SIPI"),
    RULE(3509, GUEST_INTERRUPTIBILITY, ALWAYS, entry_has_bits, BLOCKING_RESERVED,
         "bits 31:5 must be 0"),
    RULE(3510, GUEST_INTERRUPTIBILITY, ALWAYS, is_blocked_twice, 0,
         "STI and MOV SS cannot both block"),
    RULE(3511, GUEST_INTERRUPTIBILITY, ALWAYS, sti_left_interrupts_off, 0,
         "blocking by STI needs RFLAGS.IF"),
    RULE(3512, GUEST_INTERRUPTIBILITY, ALWAYS, interrupt_is_blocked, BLOCKING_STI | BLOCKING_MOV_SS,
         "bits 1:0 must be 0 for an external interrupt"),
    RULE(3513, GUEST_INTERRUPTIBILITY, ALWAYS, nmi_is_blocked, BLOCKING_STI | BLOCKING_MOV_SS,
         "bits 1:0 must be 0 for an NMI"),
    RULE(3514, GUEST_INTERRUPTIBILITY, ALWAYS, smi_is_blocked_outside_smm, BLOCKING_SMI,
         "bit 2 (SMI) must be 0 outside SMM"),
    RULE(3515, GUEST_INTERRUPTIBILITY, WHEN(ENTRY, ENTRY_TO_SMM), entry_lacks_bits, BLOCKING_SMI,
         "bit 2 (SMI) must be 1 with 'entry to SMM'"),
    RULE_BOCHS(BOCHS_ENTERS, 3516, GUEST_INTERRUPTIBILITY, WHEN(PIN, PIN_VIRTUAL_NMIS),
               nmi_is_blocked, BLOCKING_NMI, "bit 3 (NMI) must be 0 for a virtual NMI"),
    RULE(3517, GUEST_INTERRUPTIBILITY, ALWAYS, enclave_is_blocked_by_mov_ss, 0,
         "bit 4 (enclave) excludes MOV SS"),
    RULE(3518, GUEST_INTERRUPTIBILITY, ALWAYS, enclave_is_unsupported, BLOCKING_ENCLAVE,
         "bit 4 (enclave) needs SGX"),
    RULE(3519, GUEST_PENDING_DEBUG, ALWAYS, pending_is_reserved, 0,
         "bits 63:17, 15, 13, 11 and 10:4 must be 0"),
    RULE_BOCHS(BOCHS_ENTERS, 3520, GUEST_PENDING_DEBUG, ALWAYS, step_is_missing, PENDING_STEP,
               "BS (bit 14) must be 1: TF is set and traps wait"),
    RULE_BOCHS(BOCHS_ENTERS, 3521, GUEST_PENDING_DEBUG, ALWAYS, step_is_there, PENDING_STEP,
               "BS (bit 14) must be 0: traps wait, but no step"),
    RULE(3522, GUEST_PENDING_DEBUG, ALWAYS, transaction_has_other_bits, 0,
         "RTM (bit 16) goes with bit 12 alone"),
    RULE(3523, GUEST_PENDING_DEBUG, ALWAYS, transaction_is_unsupported, PENDING_RTM,
         "RTM (bit 16) needs RTM"),
    RULE(3524, GUEST_PENDING_DEBUG, ALWAYS, transaction_is_blocked_by_mov_ss, PENDING_RTM,
         "RTM (bit 16) excludes blocking by MOV SS"),
    RULE(3525, VMCS_LINK_POINTER, ALWAYS, link_is_misaligned, 0, "bits 11:0 must be 0"),
    RULE(3526, VMCS_LINK_POINTER, ALWAYS, link_is_wide, 0,
         "sets bits beyond the physical-address width"),
    RULE(3527, VMCS_LINK_POINTER, ALWAYS, link_has_other_revision, 0,
         "the VMCS there has another revision"),
    RULE(3528, VMCS_LINK_POINTER, ALWAYS, link_is_wrongly_shadow, 0,
         "the VMCS there must be shadow as 'VMCS shadowing' is"),
    RULE(3529, VMCS_LINK_POINTER, ALWAYS, link_is_current, 0, "must not be the current VMCS"),
    RULE(3530, VMCS_LINK_POINTER, ALWAYS, link_is_executive, 0, "must not be the executive VMCS"),

    /* 27.3.1.6 */
    RULE(3601, GUEST_PDPTE_0, WHEN(SECONDARY, SECONDARY_EPT), field_is_invalid, 0,
         "present and sets reserved bits"),
    RULE(3602, GUEST_PDPTE_1, WHEN(SECONDARY, SECONDARY_EPT), field_is_invalid, 0,
         "present and sets reserved bits"),
    RULE(3603, GUEST_PDPTE_2, WHEN(SECONDARY, SECONDARY_EPT), field_is_invalid, 0,
         "present and sets reserved bits"),
    RULE(3604, GUEST_PDPTE_3, WHEN(SECONDARY, SECONDARY_EPT), field_is_invalid, 0,
         "present and sets reserved bits"),
    RULE(3605, GUEST_CR3, ALWAYS, table_is_invalid, 0, "a PDPTE there sets reserved bits"),
};

const struct entry_table entry_activity_rules = {activity_rules,
                                                 sizeof activity_rules / sizeof activity_rules[0]};
