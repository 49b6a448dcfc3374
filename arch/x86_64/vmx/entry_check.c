/* The VM-entry check: goes through the tables of rules, and puts a rule into words. Pure. */
#include "arch/x86_64/vmx/entry_check.h"

#include "arch/x86_64/vmx/entry_check_bits.h"
#include "arch/x86_64/vmx/entry_check_rule.h"
#include "kernel/print.h"

/* In the order in which processors check: within an area no order is promised. */
static const struct entry_table *const tables[] = {
    &entry_execution_rules, &entry_exit_rules,     &entry_entry_rules,
    &entry_host_rules,      &entry_register_rules, &entry_segment_rules,
    &entry_pointer_rules,   &entry_activity_rules, &entry_msr_rules,
};
#define TABLE_COUNT (sizeof tables / sizeof tables[0])

/* ---- what a row is */

static const struct {
    uint16_t number; /* of rules, divided by 100 */
    uint8_t area;    /* enum entry_area */
    const char *title;
} sections[] = {
    {11, ENTRY_AREA_CONTROLS, "27.2.1.1 \"VM-Execution Control Fields\""                         },
    {12, ENTRY_AREA_CONTROLS, "27.2.1.2 \"VM-Exit Control Fields\""                              },
    {13, ENTRY_AREA_CONTROLS, "27.2.1.3 \"VM-Entry Control Fields\""                             },
    {22, ENTRY_AREA_HOST,     "27.2.2 \"Checks on Host Control Registers, MSRs, and SSP\""       },
    {23, ENTRY_AREA_HOST,     "27.2.3 \"Checks on Host Segment and Descriptor-Table Registers\"" },
    {24, ENTRY_AREA_HOST,     "27.2.4 \"Checks Related to Address-Space Size\""                  },
    {31, ENTRY_AREA_GUEST,
     "27.3.1.1 \"Checks on Guest Control Registers, Debug Registers, and MSRs\""                 },
    {32, ENTRY_AREA_GUEST,    "27.3.1.2 \"Checks on Guest Segment Registers\""                   },
    {33, ENTRY_AREA_GUEST,    "27.3.1.3 \"Checks on Guest Descriptor-Table Registers\""          },
    {34, ENTRY_AREA_GUEST,    "27.3.1.4 \"Checks on Guest RIP, RFLAGS, and SSP\""                },
    {35, ENTRY_AREA_GUEST,    "27.3.1.5 \"Checks on Guest Non-Register State\""                  },
    {36, ENTRY_AREA_GUEST,    "27.3.1.6 \"Checks on Guest Page-Directory-Pointer-Table Entries\""},
    {40, ENTRY_AREA_MSRS,     "27.4 \"Loading MSRs\""                                            },
};
#define SECTION_COUNT (sizeof sections / sizeof sections[0])

static size_t section_of(const struct entry_rule *rule) {
    size_t at = 0;
    while (at + 1 < SECTION_COUNT && sections[at].number != rule->number / 100)
        at++;
    return at;
}

uint32_t entry_rule_number(const struct entry_rule *rule) {
    return rule->number;
}

enum entry_area entry_rule_area(const struct entry_rule *rule) {
    return (enum entry_area)sections[section_of(rule)].area;
}

const char *entry_rule_section(const struct entry_rule *rule) {
    return sections[section_of(rule)].title;
}

enum entry_bochs entry_rule_bochs(const struct entry_rule *rule) {
    return (enum entry_bochs)rule->bochs;
}

const char *entry_rule_text(const struct entry_rule *rule) {
    return rule->text;
}

const struct entry_rule *entry_rule_at(size_t at) {
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (at < tables[i]->count)
            return &tables[i]->rule[at];
        at -= tables[i]->count;
    }
    return NULL;
}

/* ---- checking */

static void read_state(struct entry_state *state, const struct entry_facts *facts,
                       const struct entry_source *source) {
    *state = (struct entry_state){.facts = facts, .source = source};
    uint64_t *word = state->word;
    word[WORD_PIN] = entry_read(state, FIELD_PIN_BASED_CONTROLS);
    word[WORD_PROCESSOR] = entry_read(state, FIELD_PROCESSOR_CONTROLS);
    if (entry_is_on(state, CONTROL(PROCESSOR, PROCESSOR_SECONDARY)))
        word[WORD_SECONDARY] = entry_read(state, FIELD_SECONDARY_CONTROLS);
    if (entry_is_on(state, CONTROL(PROCESSOR, PROCESSOR_TERTIARY)))
        word[WORD_TERTIARY] = entry_read(state, FIELD_TERTIARY_CONTROLS);
    if (entry_is_on(state, CONTROL(SECONDARY, SECONDARY_FUNCTIONS)))
        word[WORD_FUNCTIONS] = entry_read(state, FIELD_FUNCTION_CONTROLS);
    word[WORD_EXIT] = entry_read(state, FIELD_EXIT_CONTROLS);
    word[WORD_ENTRY] = entry_read(state, FIELD_ENTRY_CONTROLS);
    state->cr0 = entry_read(state, FIELD_GUEST_CR0);
    state->cr4 = entry_read(state, FIELD_GUEST_CR4);
    state->rflags = entry_read(state, FIELD_GUEST_RFLAGS);
    state->event = (uint32_t)entry_read(state, FIELD_ENTRY_EVENT);
}

size_t entry_check(const struct entry_facts *facts, const struct entry_source *source,
                   enum entry_area area, const struct entry_rule **broken, size_t limit) {
    struct entry_state state;
    size_t count = 0;
    read_state(&state, facts, source);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        for (size_t j = 0; j < tables[i]->count; j++) {
            const struct entry_rule *rule = &tables[i]->rule[j];
            if ((area != ENTRY_AREA_NONE && entry_rule_area(rule) != area) ||
                !entry_is_on(&state, rule->when) || !rule->is_broken(&state, rule))
                continue;
            if (count < limit)
                broken[count] = rule;
            count++;
        }
    }
    return count;
}

/* ---- words */

static const char *field_name(uint32_t encoding) {
    static const struct {
        uint32_t encoding;
        const char *name;
    } names[] = {
#define VMCS_FIELD(width, name, encoding) {encoding, #name},
#include "arch/x86_64/vmx/vmcs_fields.def"
#undef VMCS_FIELD
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].encoding == encoding)
            return names[i].name;
    return "field";
}

void entry_check_text(const struct entry_rule *rule, const struct entry_source *source,
                      char text[static ENTRY_TEXT_SIZE]) {
    uint64_t value = source->read_field(source->context, rule->field);
    print_format(text, ENTRY_TEXT_SIZE, "%s (%xh) = %lxh: %s", field_name(rule->field), rule->field,
                 value, rule->text);
}
