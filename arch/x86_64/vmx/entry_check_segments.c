/* Rules for guest segment registers: SDM Vol. 3, 27.3.1.2 "Checks on Guest Segment Registers". */
#include "arch/x86_64/vmx/entry_check_rule.h"

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/entry_check_bits.h"

/* Fields of a segment follow each other in one order, two apart: from any of its fields, another.
 */
enum part { PART_SELECTOR, PART_LIMIT, PART_RIGHTS, PART_BASE };

static uint64_t read_part(const struct entry_state *state, uint32_t segment, enum part part) {
    static const uint16_t first[] = {
        [PART_SELECTOR] = FIELD_GUEST_ES_SELECTOR,
        [PART_LIMIT] = FIELD_GUEST_ES_LIMIT,
        [PART_RIGHTS] = FIELD_GUEST_ES_RIGHTS,
        [PART_BASE] = FIELD_GUEST_ES_BASE,
    };
    return entry_read(state, first[part] + 2 * segment);
}

/* Numbers of the segments, which rows give as argument. */
enum segment { ES, CS, SS, DS, FS, GS, LDTR, TR };

static uint32_t rights_of(const struct entry_state *state, uint32_t segment) {
    return (uint32_t)read_part(state, segment, PART_RIGHTS);
}

static uint32_t privilege_of(const struct entry_state *state, uint32_t segment) {
    return rights_of(state, segment) >> RIGHTS_DPL_SHIFT & 3;
}

static uint32_t type_of(const struct entry_state *state, uint32_t segment) {
    return rights_of(state, segment) & RIGHTS_TYPE;
}

static bool is_usable(const struct entry_state *state, uint32_t segment) {
    return (rights_of(state, segment) & RIGHTS_UNUSABLE) == 0;
}

static bool is_unrestricted(const struct entry_state *state) {
    return entry_is_on(state, CONTROL(SECONDARY, SECONDARY_UNRESTRICTED));
}

/* CS and TR count always; ES to GS have other rules in virtual-8086 mode. */
static bool counts(const struct entry_state *state, uint64_t segment) {
    if (segment < LDTR && entry_guest_is_virtual_8086(state))
        return false;
    return segment == CS || segment == TR || is_usable(state, (uint32_t)segment);
}

/* ---- selectors */

static ENTRY_TEST(selector_is_local) {
    return (rule->argument == TR || is_usable(state, LDTR)) &&
           (entry_read(state, rule->field) & SELECTOR_TI) != 0;
}

static ENTRY_TEST(selectors_differ_in_privilege) {
    return !entry_guest_is_virtual_8086(state) && !is_unrestricted(state) &&
           ((entry_read(state, rule->field) ^ entry_read(state, FIELD_GUEST_CS_SELECTOR)) &
            SELECTOR_RPL) != 0;
}

/* ---- virtual-8086 mode */

static ENTRY_TEST(base_differs_from_selector) {
    uint64_t selector = read_part(state, (uint32_t)rule->argument, PART_SELECTOR);
    return entry_guest_is_virtual_8086(state) && entry_read(state, rule->field) != selector << 4;
}

static ENTRY_TEST(limit_is_not_64_kib) {
    return entry_guest_is_virtual_8086(state) && entry_read(state, rule->field) != 0xffff;
}

#define RIGHTS_VIRTUAL_8086 0xf3u /* present, ring 3, writable data, accessed */

static ENTRY_TEST(rights_are_not_virtual_8086) {
    return entry_guest_is_virtual_8086(state) &&
           entry_read(state, rule->field) != RIGHTS_VIRTUAL_8086;
}

/* ---- bases */

static ENTRY_TEST(base_is_not_canonical) {
    return (rule->argument != LDTR || is_usable(state, LDTR)) &&
           entry_is_not_canonical(state, rule);
}

static ENTRY_TEST(base_is_wide) {
    return (rule->argument == CS || is_usable(state, (uint32_t)rule->argument)) &&
           entry_read(state, rule->field) >> 32 != 0;
}

/* ---- access rights */

#define TYPE_WRITABLE 3u /* data, accessed */
#define TYPE_DOWN     7u /* likewise, expand-down */
#define TYPE_LDT      2u
#define TYPE_TSS_16   3u /* busy */
#define TYPE_TSS      11u

static ENTRY_TEST(code_has_wrong_type) {
    uint32_t type = type_of(state, CS);
    (void)rule;
    if (!counts(state, CS) || (type == TYPE_WRITABLE && is_unrestricted(state)))
        return false;
    return (~type & (RIGHTS_CODE | RIGHTS_ACCESSED)) != 0;
}

static ENTRY_TEST(stack_has_wrong_type) {
    uint32_t type = type_of(state, SS);
    (void)rule;
    return counts(state, SS) && type != TYPE_WRITABLE && type != TYPE_DOWN;
}

static ENTRY_TEST(data_is_not_accessed) {
    return counts(state, rule->argument) &&
           (rights_of(state, (uint32_t)rule->argument) & RIGHTS_ACCESSED) == 0;
}

static ENTRY_TEST(data_is_not_readable) {
    uint32_t rights = rights_of(state, (uint32_t)rule->argument);
    return counts(state, rule->argument) &&
           (rights & (RIGHTS_CODE | RIGHTS_READABLE)) == RIGHTS_CODE;
}

static ENTRY_TEST(is_system) {
    return counts(state, rule->argument) && (entry_read(state, rule->field) & RIGHTS_S) == 0;
}

static ENTRY_TEST(is_not_system) {
    return counts(state, rule->argument) && (entry_read(state, rule->field) & RIGHTS_S) != 0;
}

static ENTRY_TEST(is_not_present) {
    return counts(state, rule->argument) && (entry_read(state, rule->field) & RIGHTS_P) == 0;
}

static ENTRY_TEST(rights_are_reserved) {
    return counts(state, rule->argument) && (entry_read(state, rule->field) & RIGHTS_RESERVED) != 0;
}

/* A granularity of pages means that the low 12 bits of the limit are 1 ... */
static ENTRY_TEST(pages_are_cut) {
    uint64_t limit = read_part(state, (uint32_t)rule->argument, PART_LIMIT);
    return counts(state, rule->argument) && (entry_read(state, rule->field) & RIGHTS_G) != 0 &&
           (limit & 0xfff) != 0xfff;
}

/* ... and one of bytes that the high 12 are 0. */
static ENTRY_TEST(bytes_are_many) {
    uint64_t limit = read_part(state, (uint32_t)rule->argument, PART_LIMIT);
    return counts(state, rule->argument) && (entry_read(state, rule->field) & RIGHTS_G) == 0 &&
           (limit & 0xfff00000) != 0;
}

static ENTRY_TEST(data_code_is_unprivileged) {
    (void)rule;
    return counts(state, CS) && type_of(state, CS) == TYPE_WRITABLE && privilege_of(state, CS) != 0;
}

static ENTRY_TEST(code_differs_from_stack) {
    uint32_t type = type_of(state, CS);
    (void)rule;
    return counts(state, CS) && (type == 9 || type == 11) &&
           privilege_of(state, CS) != privilege_of(state, SS);
}

static ENTRY_TEST(conforming_code_is_below_stack) {
    uint32_t type = type_of(state, CS);
    (void)rule;
    return counts(state, CS) && (type == 13 || type == 15) &&
           privilege_of(state, CS) > privilege_of(state, SS);
}

static ENTRY_TEST(stack_differs_from_selector) {
    (void)rule;
    return !entry_guest_is_virtual_8086(state) && !is_unrestricted(state) &&
           privilege_of(state, SS) != (read_part(state, SS, PART_SELECTOR) & SELECTOR_RPL);
}

static ENTRY_TEST(stack_is_unprivileged) {
    (void)rule;
    return !entry_guest_is_virtual_8086(state) && privilege_of(state, SS) != 0 &&
           (type_of(state, CS) == TYPE_WRITABLE || (state->cr0 & CR0_PE) == 0);
}

static ENTRY_TEST(data_is_too_privileged) {
    uint32_t segment = (uint32_t)rule->argument;
    return counts(state, segment) && !is_unrestricted(state) && type_of(state, segment) <= 11 &&
           privilege_of(state, segment) < (read_part(state, segment, PART_SELECTOR) & SELECTOR_RPL);
}

static ENTRY_TEST(code_is_32_and_64_bit) {
    (void)rule;
    return counts(state, CS) && entry_guest_is_64_bit(state) &&
           (rights_of(state, CS) & RIGHTS_DB) != 0;
}

static ENTRY_TEST(task_has_wrong_type) {
    uint32_t type = type_of(state, TR);
    (void)rule;
    return type != TYPE_TSS &&
           (type != TYPE_TSS_16 || entry_is_on(state, CONTROL(ENTRY, ENTRY_IA32E_MODE)));
}

static ENTRY_TEST(task_is_unusable) {
    (void)rule;
    return !is_usable(state, TR);
}

static ENTRY_TEST(table_has_wrong_type) {
    (void)rule;
    return counts(state, LDTR) && type_of(state, LDTR) != TYPE_LDT;
}

/* ---- rows */

/*
 * Where Bochs 2.7 differs: it leaves SS alone if its RPL is 0 and CS has the L bit; and it compares
 * the DPL of CS (3247, 3248) with the RPL of CS, not with the DPL of SS.
 */

/* The same rule for several segments, numbered from the first. */
#define SEGMENT_RULE(number, segment, part, test, text) \
    RULE(number, GUEST_##segment##_##part, ALWAYS, test, segment, text)
#define EACH_RULE(number, part, test, text)               \
    SEGMENT_RULE((number), ES, part, test, text),         \
        SEGMENT_RULE((number) + 1, CS, part, test, text), \
        SEGMENT_RULE((number) + 2, SS, part, test, text), \
        SEGMENT_RULE((number) + 3, DS, part, test, text), \
        SEGMENT_RULE((number) + 4, FS, part, test, text), \
        SEGMENT_RULE((number) + 5, GS, part, test, text)
#define DATA_RULE(number, part, test, text)               \
    SEGMENT_RULE((number), ES, part, test, text),         \
        SEGMENT_RULE((number) + 1, DS, part, test, text), \
        SEGMENT_RULE((number) + 2, FS, part, test, text), \
        SEGMENT_RULE((number) + 3, GS, part, test, text)

static const struct entry_rule segment_rules[] = {
    SEGMENT_RULE(3201, TR, SELECTOR, selector_is_local, "TI (bit 2) must be 0"),
    SEGMENT_RULE(3202, LDTR, SELECTOR, selector_is_local, "TI (bit 2) must be 0 if usable"),
    SEGMENT_RULE(3203, SS, SELECTOR, selectors_differ_in_privilege,
                 "RPL must be that of CS in a restricted guest"),
    EACH_RULE(3204, BASE, base_differs_from_selector,
              "must be the selector times 16 in virtual-8086 mode"),
    SEGMENT_RULE(3210, TR, BASE, base_is_not_canonical, "must be canonical"),
    SEGMENT_RULE(3211, FS, BASE, base_is_not_canonical, "must be canonical"),
    SEGMENT_RULE(3212, GS, BASE, base_is_not_canonical, "must be canonical"),
    SEGMENT_RULE(3213, LDTR, BASE, base_is_not_canonical, "must be canonical if usable"),
    SEGMENT_RULE(3214, CS, BASE, base_is_wide, "bits 63:32 must be 0"),
    SEGMENT_RULE(3215, SS, BASE, base_is_wide, "bits 63:32 must be 0 if usable"),
    SEGMENT_RULE(3216, DS, BASE, base_is_wide, "bits 63:32 must be 0 if usable"),
    SEGMENT_RULE(3217, ES, BASE, base_is_wide, "bits 63:32 must be 0 if usable"),
    EACH_RULE(3218, LIMIT, limit_is_not_64_kib, "must be ffffh in virtual-8086 mode"),
    EACH_RULE(3224, RIGHTS, rights_are_not_virtual_8086, "must be f3h in virtual-8086 mode"),

    SEGMENT_RULE(3230, CS, RIGHTS, code_has_wrong_type,
                 "type must be 9, 11, 13 or 15 (3 in an unrestricted guest)"),
    SEGMENT_RULE(3231, SS, RIGHTS, stack_has_wrong_type, "type must be 3 or 7 if usable"),
    DATA_RULE(3232, RIGHTS, data_is_not_accessed, "bit 0 (accessed) must be 1 if usable"),
    DATA_RULE(3236, RIGHTS, data_is_not_readable, "bit 1 (readable) must be 1 for usable code"),
    EACH_RULE(3240, RIGHTS, is_system, "S (bit 4) must be 1 if usable"),
    SEGMENT_RULE(3246, CS, RIGHTS, data_code_is_unprivileged, "DPL must be 0 with type 3"),
    SEGMENT_RULE(3247, CS, RIGHTS, code_differs_from_stack,
                 "DPL of non-conforming code must be that of SS"),
    SEGMENT_RULE(3248, CS, RIGHTS, conforming_code_is_below_stack,
                 "DPL of conforming code must not exceed that of SS"),
    SEGMENT_RULE(3249, SS, RIGHTS, stack_differs_from_selector,
                 "DPL must be the selector's RPL in a restricted guest"),
    SEGMENT_RULE(3250, SS, RIGHTS, stack_is_unprivileged,
                 "DPL must be 0 with CR0.PE = 0 or CS of type 3"),
    DATA_RULE(3251, RIGHTS, data_is_too_privileged,
              "DPL must not be below the RPL in a restricted guest"),
    EACH_RULE(3255, RIGHTS, is_not_present, "P (bit 7) must be 1 if usable"),
    EACH_RULE(3261, RIGHTS, rights_are_reserved, "bits 31:17 and 11:8 must be 0"),
    SEGMENT_RULE(3267, CS, RIGHTS, code_is_32_and_64_bit, "D/B must be 0 with L = 1"),
    EACH_RULE(3268, RIGHTS, pages_are_cut, "G must be 0: limit bits 11:0 are not all 1"),
    EACH_RULE(3274, RIGHTS, bytes_are_many, "G must be 1: limit bits 31:20 are not all 0"),

    SEGMENT_RULE(3280, TR, RIGHTS, task_has_wrong_type,
                 "type must be 11 (3 too outside IA-32e mode)"),
    SEGMENT_RULE(3281, TR, RIGHTS, is_not_system, "S (bit 4) must be 0"),
    SEGMENT_RULE(3282, TR, RIGHTS, is_not_present, "P (bit 7) must be 1"),
    SEGMENT_RULE(3283, TR, RIGHTS, rights_are_reserved, "bits 31:17 and 11:8 must be 0"),
    SEGMENT_RULE(3284, TR, RIGHTS, pages_are_cut, "G must be 0: limit bits 11:0 are not all 1"),
    SEGMENT_RULE(3285, TR, RIGHTS, bytes_are_many, "G must be 1: limit bits 31:20 are not all 0"),
    SEGMENT_RULE(3286, TR, RIGHTS, task_is_unusable, "bit 16 (unusable) must be 0"),

    SEGMENT_RULE(3287, LDTR, RIGHTS, table_has_wrong_type, "type must be 2 if usable"),
    SEGMENT_RULE(3288, LDTR, RIGHTS, is_not_system, "S (bit 4) must be 0 if usable"),
    SEGMENT_RULE(3289, LDTR, RIGHTS, is_not_present, "P (bit 7) must be 1 if usable"),
    SEGMENT_RULE(3290, LDTR, RIGHTS, rights_are_reserved, "bits 31:17 and 11:8 must be 0"),
    SEGMENT_RULE(3291, LDTR, RIGHTS, pages_are_cut, "G must be 0: limit bits 11:0 are not all 1"),
    SEGMENT_RULE(3292, LDTR, RIGHTS, bytes_are_many, "G must be 1: limit bits 31:20 are not all 0"),
};

const struct entry_table entry_segment_rules = {segment_rules,
                                                sizeof segment_rules / sizeof segment_rules[0]};
