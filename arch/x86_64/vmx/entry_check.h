/*
 * The VM-entry check in words: which rule of the manual a VMCS breaks, for a processor that only
 * says "invalid control field". One row a rule: SDM Vol. 3, 27.2 "Checks on VMX Controls and
 * Host-State Area", 27.3 "Checking and Loading Guest State" and 27.4 "Loading MSRs".
 *
 * Pure: fields, memory and what the processor can do come from the caller.
 */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_H
#define BULKHEAD_VMX_ENTRY_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Encodings of VMCS fields as constants: FIELD_GUEST_CR0 and so on. */
enum entry_field {
#define VMCS_FIELD(width, name, encoding) FIELD_##name = (encoding),
#include "arch/x86_64/vmx/vmcs_fields.def"
#undef VMCS_FIELD
};

/* How a processor says that a rule of the area is broken. */
enum entry_area {
    ENTRY_AREA_CONTROLS, /* VM-instruction error 7 */
    ENTRY_AREA_HOST,     /* VM-instruction error 8 */
    ENTRY_AREA_GUEST,    /* exit reason 33 */
    ENTRY_AREA_MSRS,     /* exit reason 34 */
    ENTRY_AREA_NONE      /* it enters */
};

/* What Bochs 2.7 makes of a VMCS that breaks the rule. */
enum entry_bochs {
    BOCHS_SAME,   /* the same as the manual */
    BOCHS_ENTERS, /* it does not check */
    BOCHS_LATER,  /* it fails, but as invalid guest state */
    BOCHS_UNTRIED /* its model of the processor panics, or takes an MSR that it does not have */
};

/* What else may be so, in entry_facts.flags. */
#define ENTRY_FLAG_LONG_MODE (1ull << 0) /* the host runs in IA-32e mode */
#define ENTRY_FLAG_SMM       (1ull << 1) /* in system-management mode */
#define ENTRY_FLAG_TRACING   (1ull << 2) /* IA32_RTIT_CTL.TraceEn */
#define ENTRY_FLAG_X2APIC    (1ull << 3) /* the local APIC is in x2APIC mode */
#define ENTRY_FLAG_RTM       (1ull << 4) /* the processor has RTM */
#define ENTRY_FLAG_BUS_LOCK  (1ull << 5) /* ... debug exceptions for bus locks */
#define ENTRY_FLAG_SGX       (1ull << 6) /* ... SGX */

/* What the processor can do. Words only, so that tests can change any. */
struct entry_facts {
    /* VMX capability MSRs. Controls: must be 1 in the low half, may be 1 in the high half. */
    uint64_t pin, processor, secondary, exit, entry;
    uint64_t tertiary, exit_secondary, functions; /* may be 1 */
    uint64_t basic, misc, ept_vpid;
    uint64_t cr0_fixed_0, cr0_fixed_1, cr4_fixed_0, cr4_fixed_1;
    /* Bits that these MSRs may have set. */
    uint64_t efer, debugctl, perf_global_ctrl, rtit_ctl, lbr_ctl;
    uint64_t vmcs; /* physical address of the current VMCS */
    uint64_t physical_bits, linear_bits;
    uint64_t flags; /* ENTRY_FLAG_... */
};

/* Where the state is read. */
struct entry_source {
    uint64_t (*read_field)(void *context, uint32_t encoding); /* 0 for one that is not there */
    /* 8 bytes at a physical address; false: there is no memory. */
    bool (*read_memory)(void *context, uint64_t address, uint64_t *value);
    void *context;
};

struct entry_rule;

/* Rows in the order in which processors check; at, from 0: NULL behind the last. */
const struct entry_rule *entry_rule_at(size_t at);
uint32_t entry_rule_number(const struct entry_rule *rule);
enum entry_area entry_rule_area(const struct entry_rule *rule);
enum entry_bochs entry_rule_bochs(const struct entry_rule *rule);
const char *entry_rule_text(const struct entry_rule *rule);
/* The manual's section, as in: 27.2.1.1 "VM-Execution Control Fields" */
const char *entry_rule_section(const struct entry_rule *rule);

/*
 * Rules that the state breaks: at most limit are stored, in order; returns how many there are.
 * area: only its rules, ENTRY_AREA_NONE: all. Those of other areas are only meaningful if the rules
 * of the areas before them hold.
 */
size_t entry_check(const struct entry_facts *facts, const struct entry_source *source,
                   enum entry_area area, const struct entry_rule **broken, size_t limit);

/* "field (encoding) = value: rule", for exit.failed.text. */
#define ENTRY_TEXT_SIZE 112
void entry_check_text(const struct entry_rule *rule, const struct entry_source *source,
                      char text[static ENTRY_TEXT_SIZE]);

#endif
