/* Rules for VM-execution, VM-exit and VM-entry controls: SDM Vol. 3, 27.2.1 "Checks on VMX
 * Controls". */
#include "arch/x86_64/vmx/entry_check_rule.h"

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/entry_check_bits.h"
#include "arch/x86_64/vmx/event.h"

/* ---- VM-execution controls */

static ENTRY_TEST(has_too_many_targets) {
    uint64_t limit = state->facts->misc >> MISC_CR3_TARGET_SHIFT & MISC_CR3_TARGET_MASK;
    return entry_read(state, rule->field) > limit;
}

/* The threshold counts unless the processor delivers interrupts itself. */
static bool uses_threshold(const struct entry_state *state) {
    return !entry_is_on(state, CONTROL(SECONDARY, SECONDARY_VIRTUAL_INTERRUPT));
}

static ENTRY_TEST(threshold_is_wide) {
    return uses_threshold(state) && entry_has_bits(state, rule);
}

#define VIRTUAL_TPR 0x80u /* offset of the task priority in the virtual-APIC page */

static ENTRY_TEST(threshold_is_above_priority) {
    uint64_t address = entry_read(state, FIELD_VIRTUAL_APIC_ADDRESS);
    uint64_t priority;
    if (!uses_threshold(state) || entry_is_on(state, CONTROL(SECONDARY, SECONDARY_APIC_ACCESS)) ||
        !entry_read_memory(state, (address & ~0xfffull) + VIRTUAL_TPR, &priority))
        return false;
    return (entry_read(state, rule->field) & 0xf) > (priority >> 4 & 0xf);
}

static ENTRY_TEST(is_zero) {
    return entry_read(state, rule->field) == 0;
}

static ENTRY_TEST(ept_type_is_unsupported) {
    uint64_t type = entry_read(state, rule->field) & EPTP_MEMORY_TYPE;
    uint64_t can = state->facts->ept_vpid;
    return !(type == 0 && (can & EPT_CAP_UNCACHED) != 0) &&
           !(type == 6 && (can & EPT_CAP_WRITE_BACK) != 0);
}

static ENTRY_TEST(ept_length_is_unsupported) {
    uint64_t length = entry_read(state, rule->field) >> EPTP_WALK_SHIFT & EPTP_WALK_MASK;
    uint64_t can = state->facts->ept_vpid;
    return !(length == 3 && (can & EPT_CAP_WALK_4) != 0) &&
           !(length == 4 && (can & EPT_CAP_WALK_5) != 0);
}

static ENTRY_TEST(ept_accessed_is_unsupported) {
    return (state->facts->ept_vpid & EPT_CAP_ACCESSED) == 0 && entry_has_bits(state, rule);
}

static ENTRY_TEST(ept_shadow_stack_is_unsupported) {
    return (state->facts->ept_vpid & EPT_CAP_SHADOW_STACK) == 0 && entry_has_bits(state, rule);
}

/* EPTP and HLATP: the width is the processor's, whatever IA32_VMX_BASIC says. */
static ENTRY_TEST(pointer_is_wide) {
    return entry_read(state, rule->field) >> state->facts->physical_bits != 0;
}

static ENTRY_TEST(last_pid_pointer_is_wide) {
    uint64_t last = entry_read(state, FIELD_LAST_PID_POINTER) * 8;
    uint64_t bits = entry_address_bits(state);
    uint64_t table = entry_read(state, rule->field);
    return table >> bits != 0 || (table + last) >> bits != 0;
}

#define PAGE_OFFSET  0xfffull
#define TEXT_ALIGNED "bits 11:0 must be 0"
#define TEXT_WIDE    "sets bits beyond the physical-address width"

/* An address of a page: two rules. */
#define PAGE_RULES(number, field, condition)                                   \
    RULE(number, field, condition, entry_has_bits, PAGE_OFFSET, TEXT_ALIGNED), \
        RULE((number) + 1, field, condition, entry_is_wide, 0, TEXT_WIDE)

static const struct entry_rule execution_rules[] = {
    RULE(1101, PIN_BASED_CONTROLS, ALWAYS, entry_lacks_required, FACT(pin),
         "clears a bit that must be 1"),
    RULE(1102, PIN_BASED_CONTROLS, ALWAYS, entry_has_forbidden, FACT(pin),
         "sets a bit that must be 0"),
    RULE(1103, PROCESSOR_CONTROLS, ALWAYS, entry_lacks_required, FACT(processor),
         "clears a bit that must be 1"),
    RULE(1104, PROCESSOR_CONTROLS, ALWAYS, entry_has_forbidden, FACT(processor),
         "sets a bit that must be 0"),
    RULE(1105, SECONDARY_CONTROLS, WHEN(PROCESSOR, PROCESSOR_SECONDARY), entry_has_forbidden,
         FACT(secondary), "sets a bit that must be 0"),
    RULE(1106, TERTIARY_CONTROLS, WHEN(PROCESSOR, PROCESSOR_TERTIARY), entry_is_not_allowed,
         FACT(tertiary), "sets a bit that must be 0"),
    RULE(1107, CR3_TARGET_COUNT, ALWAYS, has_too_many_targets, 0,
         "is more than the processor's CR3-target values"),
    PAGE_RULES(1108, IO_BITMAP_A, WHEN(PROCESSOR, PROCESSOR_IO_BITMAPS)),
    PAGE_RULES(1110, IO_BITMAP_B, WHEN(PROCESSOR, PROCESSOR_IO_BITMAPS)),
    PAGE_RULES(1112, MSR_BITMAPS, WHEN(PROCESSOR, PROCESSOR_MSR_BITMAPS)),
    PAGE_RULES(1114, VIRTUAL_APIC_ADDRESS, WHEN(PROCESSOR, PROCESSOR_TPR_SHADOW)),
    RULE(1116, TPR_THRESHOLD, WHEN(PROCESSOR, PROCESSOR_TPR_SHADOW), threshold_is_wide, 0xfffffff0,
         "bits 31:4 must be 0"),
    RULE(1117, TPR_THRESHOLD, WHEN(PROCESSOR, PROCESSOR_TPR_SHADOW), threshold_is_above_priority, 0,
         "must not exceed bits 7:4 of the virtual TPR"),
    RULE(1118, PIN_BASED_CONTROLS, WHEN(PIN, PIN_VIRTUAL_NMIS), entry_needs, CONTROL(PIN, PIN_NMI),
         "'virtual NMIs' needs 'NMI exiting'"),
    RULE(1119, PROCESSOR_CONTROLS, WHEN(PROCESSOR, PROCESSOR_NMI_WINDOW), entry_needs,
         CONTROL(PIN, PIN_VIRTUAL_NMIS), "'NMI-window exiting' needs 'virtual NMIs'"),
    PAGE_RULES(1120, APIC_ACCESS_ADDRESS, WHEN(SECONDARY, SECONDARY_APIC_ACCESS)),
    RULE(1122, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_X2APIC), entry_needs,
         CONTROL(PROCESSOR, PROCESSOR_TPR_SHADOW),
         "'virtualize x2APIC mode' needs 'use TPR shadow'"),
    RULE(1123, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_APIC_REGISTERS), entry_needs,
         CONTROL(PROCESSOR, PROCESSOR_TPR_SHADOW),
         "'APIC-register virtualization' needs 'use TPR shadow'"),
    RULE(1124, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_VIRTUAL_INTERRUPT), entry_needs,
         CONTROL(PROCESSOR, PROCESSOR_TPR_SHADOW),
         "'virtual-interrupt delivery' needs 'use TPR shadow'"),
    RULE(1125, TERTIARY_CONTROLS, WHEN(TERTIARY, TERTIARY_IPI), entry_needs,
         CONTROL(PROCESSOR, PROCESSOR_TPR_SHADOW), "'IPI virtualization' needs 'use TPR shadow'"),
    RULE(1126, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_X2APIC), entry_excludes,
         CONTROL(SECONDARY, SECONDARY_APIC_ACCESS),
         "'virtualize x2APIC mode' excludes 'virtualize APIC accesses'"),
    RULE(1127, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_VIRTUAL_INTERRUPT), entry_needs,
         CONTROL(PIN, PIN_EXTERNAL_INTERRUPT),
         "'virtual-interrupt delivery' needs 'external-interrupt exiting'"),
    RULE(1128, PIN_BASED_CONTROLS, WHEN(PIN, PIN_POSTED_INTERRUPTS), entry_needs,
         CONTROL(SECONDARY, SECONDARY_VIRTUAL_INTERRUPT),
         "'process posted interrupts' needs 'virtual-interrupt delivery'"),
    RULE(1129, PIN_BASED_CONTROLS, WHEN(PIN, PIN_POSTED_INTERRUPTS), entry_needs,
         CONTROL(EXIT, EXIT_ACKNOWLEDGE_INTERRUPT),
         "'process posted interrupts' needs 'acknowledge interrupt on exit'"),
    RULE(1130, POSTED_INTERRUPT_VECTOR, WHEN(PIN, PIN_POSTED_INTERRUPTS), entry_has_bits, 0xff00,
         "bits 15:8 must be 0"),
    RULE(1131, POSTED_INTERRUPT_DESCRIPTOR, WHEN(PIN, PIN_POSTED_INTERRUPTS), entry_has_bits, 0x3f,
         "bits 5:0 must be 0"),
    RULE(1132, POSTED_INTERRUPT_DESCRIPTOR, WHEN(PIN, PIN_POSTED_INTERRUPTS), entry_is_wide, 0,
         TEXT_WIDE),
    RULE(1133, VPID, WHEN(SECONDARY, SECONDARY_VPID), is_zero, 0, "must not be 0"),
    RULE(1134, EPT_POINTER, WHEN(SECONDARY, SECONDARY_EPT), ept_type_is_unsupported, 0,
         "bits 2:0: unsupported memory type"),
    RULE(1135, EPT_POINTER, WHEN(SECONDARY, SECONDARY_EPT), ept_length_is_unsupported, 0,
         "bits 5:3: unsupported page-walk length"),
    RULE(1136, EPT_POINTER, WHEN(SECONDARY, SECONDARY_EPT), ept_accessed_is_unsupported,
         EPTP_ACCESSED, "bit 6: no accessed and dirty flags"),
    RULE(1137, EPT_POINTER, WHEN(SECONDARY, SECONDARY_EPT), ept_shadow_stack_is_unsupported,
         EPTP_SHADOW_STACK, "bit 7: no supervisor shadow-stack control"),
    RULE(1138, EPT_POINTER, WHEN(SECONDARY, SECONDARY_EPT), entry_has_bits, EPTP_RESERVED,
         "bits 11:8 must be 0"),
    RULE(1139, EPT_POINTER, WHEN(SECONDARY, SECONDARY_EPT), pointer_is_wide, 0, TEXT_WIDE),
    RULE(1140, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_PAGE_LOG), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'enable PML' needs 'enable EPT'"),
    PAGE_RULES(1141, PML_ADDRESS, WHEN(SECONDARY, SECONDARY_PAGE_LOG)),
    RULE(1143, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_UNRESTRICTED), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'unrestricted guest' needs 'enable EPT'"),
    RULE(1144, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_MODE_EXECUTE), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'mode-based execute control' needs 'enable EPT'"),
    RULE(1145, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_SUB_PAGE), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'sub-page write permissions' needs 'enable EPT'"),
    PAGE_RULES(1146, SUB_PAGE_POINTER, WHEN(SECONDARY, SECONDARY_SUB_PAGE)),
    RULE(1148, FUNCTION_CONTROLS, WHEN(SECONDARY, SECONDARY_FUNCTIONS), entry_is_not_allowed,
         FACT(functions), "sets a bit that must be 0"),
    RULE(1149, FUNCTION_CONTROLS, WHEN(FUNCTIONS, FUNCTION_EPTP_SWITCHING), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'EPTP switching' needs 'enable EPT'"),
    PAGE_RULES(1150, EPTP_LIST, WHEN(FUNCTIONS, FUNCTION_EPTP_SWITCHING)),
    PAGE_RULES(1152, VMREAD_BITMAP, WHEN(SECONDARY, SECONDARY_SHADOWING)),
    PAGE_RULES(1154, VMWRITE_BITMAP, WHEN(SECONDARY, SECONDARY_SHADOWING)),
    PAGE_RULES(1156, VIRTUALIZATION_EXCEPTION_ADDRESS, WHEN(SECONDARY, SECONDARY_EXCEPTION)),
    RULE(1158, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_TRACE_PHYSICAL), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT),
         "'PT uses guest physical addresses' needs 'enable EPT'"),
    RULE(1159, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_TRACE_PHYSICAL), entry_needs,
         CONTROL(ENTRY, ENTRY_LOAD_RTIT),
         "'PT uses guest physical addresses' needs 'load IA32_RTIT_CTL'"),
    RULE(1160, SECONDARY_CONTROLS, WHEN(SECONDARY, SECONDARY_TRACE_PHYSICAL), entry_needs,
         CONTROL(EXIT, EXIT_CLEAR_RTIT),
         "'PT uses guest physical addresses' needs 'clear IA32_RTIT_CTL'"),
    RULE(1161, TSC_MULTIPLIER, WHEN(SECONDARY, SECONDARY_TSC_SCALING), is_zero, 0, "must not be 0"),
    RULE(1162, TERTIARY_CONTROLS, WHEN(TERTIARY, TERTIARY_HLAT), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'enable HLAT' needs 'enable EPT'"),
    RULE(1163, HLAT_POINTER, WHEN(TERTIARY, TERTIARY_HLAT), entry_has_bits, 0xfe7,
         "bits 11:5 and 2:0 must be 0"),
    RULE(1164, HLAT_POINTER, WHEN(TERTIARY, TERTIARY_HLAT), pointer_is_wide, 0, TEXT_WIDE),
    RULE(1165, TERTIARY_CONTROLS, WHEN(TERTIARY, TERTIARY_PAGING_WRITE), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'EPT paging-write control' needs 'enable EPT'"),
    RULE(1166, TERTIARY_CONTROLS, WHEN(TERTIARY, TERTIARY_VERIFICATION), entry_needs,
         CONTROL(SECONDARY, SECONDARY_EPT), "'guest-paging verification' needs 'enable EPT'"),
    RULE(1167, PID_POINTER_TABLE, WHEN(TERTIARY, TERTIARY_IPI), entry_has_bits, 7,
         "bits 2:0 must be 0"),
    RULE(1168, PID_POINTER_TABLE, WHEN(TERTIARY, TERTIARY_IPI), last_pid_pointer_is_wide, 0,
         "reaches beyond the physical-address width"),
};

/* ---- VM-exit controls */

#define MSR_ENTRY_SIZE 16u

/* The last byte of the area in field, whose count stands in the field that argument names. */
static ENTRY_TEST(area_reaches_too_far) {
    uint64_t count = entry_read(state, (uint32_t)rule->argument);
    uint64_t bits = entry_address_bits(state);
    uint64_t start = entry_read(state, rule->field);
    return count != 0 && start >> bits == 0 && (start + count * MSR_ENTRY_SIZE - 1) >> bits != 0;
}

static ENTRY_TEST(area_is_misaligned) {
    return entry_read(state, (uint32_t)rule->argument) != 0 &&
           (entry_read(state, rule->field) & (MSR_ENTRY_SIZE - 1)) != 0;
}

static ENTRY_TEST(area_is_wide) {
    return entry_read(state, (uint32_t)rule->argument) != 0 &&
           entry_read(state, rule->field) >> entry_address_bits(state) != 0;
}

/* An area of MSRs to load or store: three rules, unless it has no entries. */
#define AREA_RULES(number, field, count)                                                  \
    RULE(number, field, ALWAYS, area_is_misaligned, FIELD_##count, "bits 3:0 must be 0"), \
        RULE((number) + 1, field, ALWAYS, area_is_wide, FIELD_##count, TEXT_WIDE),        \
        RULE((number) + 2, field, ALWAYS, area_reaches_too_far, FIELD_##count,            \
             "the area's last byte lies beyond that width")

static const struct entry_rule exit_rules[] = {
    RULE(1201, EXIT_CONTROLS, ALWAYS, entry_lacks_required, FACT(exit),
         "clears a bit that must be 1"),
    RULE(1202, EXIT_CONTROLS, ALWAYS, entry_has_forbidden, FACT(exit), "sets a bit that must be 0"),
    RULE(1203, EXIT_SECONDARY_CONTROLS, WHEN(EXIT, EXIT_SECONDARY), entry_is_not_allowed,
         FACT(exit_secondary), "sets a bit that must be 0"),
    RULE(1204, EXIT_CONTROLS, WHEN(EXIT, EXIT_SAVE_PREEMPTION), entry_needs,
         CONTROL(PIN, PIN_PREEMPTION_TIMER),
         "'save VMX-preemption timer value' needs the timer activated"),
    AREA_RULES(1205, EXIT_MSR_STORE_ADDRESS, EXIT_MSR_STORE_COUNT),
    AREA_RULES(1208, EXIT_MSR_LOAD_ADDRESS, EXIT_MSR_LOAD_COUNT),
};

/* ---- VM-entry controls */

static inline bool injects(const struct entry_state *state) {
    return (state->event & EVENT_VALID) != 0;
}

static inline bool injects_type(const struct entry_state *state, uint32_t type) {
    return injects(state) && (state->event & EVENT_TYPE) == type;
}

static ENTRY_TEST(type_is_reserved) {
    (void)rule;
    return injects_type(state, EVENT_RESERVED_TYPE);
}

static ENTRY_TEST(other_event_is_unsupported) {
    (void)rule;
    return injects_type(state, EVENT_OTHER) &&
           (state->facts->processor & PROCESSOR_MAY_TRAP_FLAG) == 0;
}

static ENTRY_TEST(nmi_has_other_vector) {
    (void)rule;
    return injects_type(state, EVENT_NMI) && (state->event & EVENT_VECTOR) != 2;
}

static ENTRY_TEST(exception_has_high_vector) {
    (void)rule;
    return injects_type(state, EVENT_EXCEPTION) && (state->event & EVENT_VECTOR) > 31;
}

static ENTRY_TEST(other_event_has_vector) {
    (void)rule;
    return injects_type(state, EVENT_OTHER) && (state->event & EVENT_VECTOR) != 0;
}

/* #DF, #TS, #NP, #SS, #GP, #PF, #AC push an error code: SDM Vol. 3, 6.13 "Error Code". */
#define VECTORS_WITH_ERROR \
    (1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17)

enum error_code { ERROR_NEVER, ERROR_FREE, ERROR_ALWAYS };

static enum error_code error_code_of(const struct entry_state *state) {
    uint32_t vector = state->event & EVENT_VECTOR;
    if (!injects_type(state, EVENT_EXCEPTION) || (state->cr0 & CR0_PE) == 0)
        return ERROR_NEVER;
    if ((state->facts->basic & BASIC_ANY_ERROR_CODE) != 0)
        return ERROR_FREE;
    return vector < 32 && (VECTORS_WITH_ERROR >> vector & 1) != 0 ? ERROR_ALWAYS : ERROR_NEVER;
}

static ENTRY_TEST(has_wrong_error_code) {
    (void)rule;
    return injects(state) && (state->event & EVENT_HAS_ERROR) != 0 &&
           error_code_of(state) == ERROR_NEVER;
}

static ENTRY_TEST(lacks_error_code) {
    (void)rule;
    return injects(state) && (state->event & EVENT_HAS_ERROR) == 0 &&
           error_code_of(state) == ERROR_ALWAYS;
}

static ENTRY_TEST(event_is_reserved) {
    (void)rule;
    return injects(state) && (state->event & EVENT_RESERVED) != 0;
}

static ENTRY_TEST(error_code_is_wide) {
    return injects(state) && (state->event & EVENT_HAS_ERROR) != 0 && entry_has_bits(state, rule);
}

/* Events of instructions: the processor must know where the next one begins. */
static bool injects_instruction(const struct entry_state *state) {
    return injects(state) && event_has_length(state->event) && !injects_type(state, EVENT_OTHER);
}

static ENTRY_TEST(length_is_too_long) {
    return injects_instruction(state) && entry_read(state, rule->field) > 15;
}

static ENTRY_TEST(length_is_zero) {
    return injects_instruction(state) && entry_read(state, rule->field) == 0 &&
           (state->facts->misc & MISC_LENGTH_0) == 0;
}

static ENTRY_TEST(is_outside_smm) {
    (void)rule;
    return !entry_has_flag(state, ENTRY_FLAG_SMM);
}

static ENTRY_TEST(is_tracing) {
    (void)rule;
    return entry_has_flag(state, ENTRY_FLAG_TRACING);
}

static const struct entry_rule entry_rules[] = {
    RULE(1301, ENTRY_CONTROLS, ALWAYS, entry_lacks_required, FACT(entry),
         "clears a bit that must be 1"),
    RULE(1302, ENTRY_CONTROLS, ALWAYS, entry_has_forbidden, FACT(entry),
         "sets a bit that must be 0"),
    RULE(1303, ENTRY_EVENT, ALWAYS, type_is_reserved, 0, "bits 10:8: type 1 is reserved"),
    RULE_BOCHS(BOCHS_UNTRIED, 1304, ENTRY_EVENT, ALWAYS, other_event_is_unsupported, 0,
               "bits 10:8: type 7 needs the monitor trap flag"),
    RULE(1305, ENTRY_EVENT, ALWAYS, nmi_has_other_vector, 0, "an NMI has vector 2"),
    RULE(1306, ENTRY_EVENT, ALWAYS, exception_has_high_vector, 0,
         "a hardware exception has a vector below 32"),
    RULE_BOCHS(BOCHS_UNTRIED, 1307, ENTRY_EVENT, ALWAYS, other_event_has_vector, 0,
               "an event of type 7 has vector 0"),
    RULE(1308, ENTRY_EVENT, ALWAYS, has_wrong_error_code, 0,
         "bit 11: such an event delivers no error code"),
    RULE(1309, ENTRY_EVENT, ALWAYS, lacks_error_code, 0,
         "bit 11: this exception delivers an error code"),
    RULE(1310, ENTRY_EVENT, ALWAYS, event_is_reserved, 0, "bits 30:12 must be 0"),
    RULE(1311, ENTRY_EVENT_ERROR, ALWAYS, error_code_is_wide, EVENT_ERROR_HIGH,
         "bits 31:16 must be 0"),
    RULE(1312, ENTRY_INSTRUCTION_LENGTH, ALWAYS, length_is_too_long, 0,
         "no instruction is longer than 15 bytes"),
    RULE(1313, ENTRY_INSTRUCTION_LENGTH, ALWAYS, length_is_zero, 0,
         "must not be 0 for a software event"),
    AREA_RULES(1314, ENTRY_MSR_LOAD_ADDRESS, ENTRY_MSR_LOAD_COUNT),
    RULE_BOCHS(BOCHS_LATER, 1317, ENTRY_CONTROLS, WHEN(ENTRY, ENTRY_TO_SMM), is_outside_smm, 0,
               "'entry to SMM' is for entries from SMM"),
    RULE(1318, ENTRY_CONTROLS, WHEN(ENTRY, ENTRY_END_DUAL_MONITOR), is_outside_smm, 0,
         "'deactivate dual-monitor treatment' is for entries from SMM"),
    RULE(1319, ENTRY_CONTROLS, WHEN(ENTRY, ENTRY_TO_SMM), entry_excludes,
         CONTROL(ENTRY, ENTRY_END_DUAL_MONITOR),
         "'entry to SMM' excludes 'deactivate dual-monitor treatment'"),
    RULE(1320, ENTRY_CONTROLS, WHEN(ENTRY, ENTRY_LOAD_RTIT), is_tracing, 0,
         "'load IA32_RTIT_CTL' while Intel PT is tracing"),
};

#define TABLE(rules) \
    { rules, sizeof(rules) / sizeof((rules)[0]) }
const struct entry_table entry_execution_rules = TABLE(execution_rules);
const struct entry_table entry_exit_rules = TABLE(exit_rules);
const struct entry_table entry_entry_rules = TABLE(entry_rules);
