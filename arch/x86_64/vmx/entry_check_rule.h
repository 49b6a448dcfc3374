/* What the tables of the entry check are made of (entry_check.h has what others use). */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_RULE_H
#define BULKHEAD_VMX_ENTRY_CHECK_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/vmx/entry_check.h"

/* The words of controls, as rows name them. WORD_NONE has every bit clear. */
enum entry_word {
    WORD_NONE,
    WORD_PIN,
    WORD_PROCESSOR,
    WORD_SECONDARY, /* 0 if not activated, as processors take it */
    WORD_TERTIARY,  /* likewise */
    WORD_FUNCTIONS, /* likewise */
    WORD_EXIT,
    WORD_ENTRY,
    WORD_COUNT
};

/* One state under examination: what many rules ask for is read once. */
struct entry_state {
    const struct entry_facts *facts;
    const struct entry_source *source;
    uint64_t word[WORD_COUNT];
    uint64_t cr0, cr4, rflags;
    uint32_t event; /* ENTRY_EVENT */
};

/* A control, for conditions and tests: CONTROL(word, bits). */
#define CONTROL(name, bits) ((uint64_t)WORD_##name << 32 | (bits))

struct entry_rule {
    uint16_t number; /* stable; number / 100 is the section */
    uint16_t field;  /* the one shown */
    uint32_t bochs;  /* enum entry_bochs */
    uint64_t when;   /* the rule counts if this control is on */
    bool (*is_broken)(const struct entry_state *state, const struct entry_rule *rule);
    uint64_t argument; /* for is_broken */
    const char *text;
};

/* RULE(number, field, condition, test, argument, text): condition is ALWAYS or WHEN(word, bits). */
#define ALWAYS           CONTROL(NONE, 0)
#define WHEN(name, bits) CONTROL(name, bits)
#define RULE(number, name, condition, test, value, words) \
    RULE_BOCHS(BOCHS_SAME, number, name, condition, test, value, words)
/* A rule that Bochs 2.7 sees differently. */
#define RULE_BOCHS(quirk, number, name, condition, test, value, words) \
    { number, FIELD_##name, quirk, condition, test, value, words }

/* The tables, in order. */
struct entry_table {
    const struct entry_rule *rule;
    size_t count;
};
extern const struct entry_table entry_execution_rules; /* entry_check_controls.c */
extern const struct entry_table entry_exit_rules;
extern const struct entry_table entry_entry_rules;
extern const struct entry_table entry_host_rules;     /* entry_check_host.c */
extern const struct entry_table entry_register_rules; /* entry_check_guest.c */
extern const struct entry_table entry_segment_rules;  /* entry_check_segments.c */
extern const struct entry_table entry_pointer_rules;  /* entry_check_guest.c */
extern const struct entry_table entry_activity_rules; /* entry_check_activity.c */
extern const struct entry_table entry_msr_rules;      /* entry_check_msrs.c */

/* ---- reading (entry_check_tests.c) */

uint64_t entry_read(const struct entry_state *state, uint32_t field);
bool entry_read_memory(const struct entry_state *state, uint64_t address, uint64_t *value);

/* All bits of CONTROL(word, bits) are set. */
static inline bool entry_is_on(const struct entry_state *state, uint64_t control) {
    return (~state->word[control >> 32] & (uint32_t)control) == 0;
}

static inline bool entry_has_flag(const struct entry_state *state, uint64_t flag) {
    return (state->facts->flags & flag) != 0;
}

/* Of addresses of VMX structures: the physical-address width, or 32 (IA32_VMX_BASIC[48]). */
uint64_t entry_address_bits(const struct entry_state *state);
/* Bits 63:N-1 are the same, N being the width of linear addresses. */
bool entry_address_is_canonical(const struct entry_state *state, uint64_t address);
/* CS has the L bit and the guest is in IA-32e mode. */
bool entry_guest_is_64_bit(const struct entry_state *state);
bool entry_guest_is_virtual_8086(const struct entry_state *state);

/* ---- tests that several tables use: true if the rule is broken */

#define ENTRY_TEST(name) bool name(const struct entry_state *state, const struct entry_rule *rule)

ENTRY_TEST(entry_has_bits);   /* one of the bits in argument is set */
ENTRY_TEST(entry_lacks_bits); /* one of the bits in argument is clear */
ENTRY_TEST(entry_is_wide);    /* a bit beyond the address width is set, argument aside */
ENTRY_TEST(entry_is_not_canonical);
ENTRY_TEST(entry_pat_is_invalid); /* a byte is no memory type */
ENTRY_TEST(entry_cet_suppresses_and_tracks);
/* A control that argument names, as CONTROL(word, bit), is off or on. */
ENTRY_TEST(entry_needs);
ENTRY_TEST(entry_excludes);
/* Bits that the fact, at the offset in argument, does not allow. */
ENTRY_TEST(entry_is_not_allowed);
#define FACT(name) offsetof(struct entry_facts, name)
/* A word of controls against its capability MSR: FACT(...). */
ENTRY_TEST(entry_lacks_required);
ENTRY_TEST(entry_has_forbidden);

#endif
