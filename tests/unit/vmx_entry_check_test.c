/*
 * The VM-entry check: a state that can be entered passes, and for every rule of SDM Vol. 3, 27.2 to
 * 27.4 there is a change that breaks it and nothing else.
 */
/* units: arch/x86_64/vmx/entry_check.c arch/x86_64/vmx/entry_check_tests.c
 * arch/x86_64/vmx/entry_check_controls.c arch/x86_64/vmx/entry_check_host.c
 * arch/x86_64/vmx/entry_check_guest.c arch/x86_64/vmx/entry_check_segments.c
 * arch/x86_64/vmx/entry_check_activity.c arch/x86_64/vmx/entry_check_msrs.c
 * tests/entry/cases.c tests/entry/scene.c kernel/print.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmx/entry_check.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "tests/entry/scene.h"

/* A processor with everything, as far as rules allow: each word of controls requires its default-1
 * bits (Appendix A.2 to A.5) and forbids a bit, and there is something for every other fact to
 * forbid. */
static const struct entry_facts able = {
    .pin = 0x000000ff00000016,
    .processor = 0xfffffffe04006172,
    .secondary = 0x7fffffff00000000,
    .exit = 0xf7ffffff00036dfb,
    .entry = 0x007fffff000011fb,
    .tertiary = 0x1f,
    .exit_secondary = 0x8,
    .functions = 0x1,
    .basic = 0x00d810000000002b,
    .misc = 0x000401e5,
    .ept_vpid = 0x0f0106134141,
    .cr0_fixed_0 = 0x80000021,
    .cr0_fixed_1 = 0xffffffff,
    .cr4_fixed_0 = 0x2000,
    .cr4_fixed_1 = 0x01ffffff,
    .efer = 0xd01,
    .debugctl = 0xffc7,
    .perf_global_ctrl = 0x70000000f,
    .rtit_ctl = 0x1ffffff,
    .lbr_ctl = 0x7f000f,
    .vmcs = 0x9000,
    .physical_bits = 46,
    .linear_bits = 48,
    .flags = ENTRY_FLAG_LONG_MODE,
};

#define FIELD_COUNT 0x7000u
#define MEMORY_SIZE 0x10000u

static struct machine {
    uint64_t field[FIELD_COUNT];
    uint64_t memory[MEMORY_SIZE / 8];
    struct entry_facts facts;
} machine;

static uint64_t read_field(void *context, uint32_t encoding) {
    assert_ptr_equal(context, &machine);
    assert_true(encoding < FIELD_COUNT);
    return machine.field[encoding];
}

static bool read_memory(void *context, uint64_t address, uint64_t *value) {
    assert_ptr_equal(context, &machine);
    if (address >= MEMORY_SIZE || address % 8 != 0)
        return false;
    *value = machine.memory[address / 8];
    return true;
}

/* A VMCS keeps as many bits as the field has. */
static uint64_t width_mask(uint32_t encoding) {
    switch (encoding >> 13 & 3) {
    case VMCS_WIDTH_16: return 0xffff;
    case VMCS_WIDTH_32: return 0xffffffff;
    default: return UINT64_MAX;
    }
}

static void write_field(void *context, uint32_t encoding, uint64_t value) {
    assert_ptr_equal(context, &machine);
    assert_true(encoding < FIELD_COUNT);
    machine.field[encoding] = value & width_mask(encoding);
}

static void write_memory(void *context, uint64_t address, uint64_t value) {
    assert_ptr_equal(context, &machine);
    assert_true(address < MEMORY_SIZE && address % 8 == 0);
    machine.memory[address / 8] = value;
}

static bool want_fact(void *context, size_t offset, uint64_t bits, bool is_set) {
    assert_ptr_equal(context, &machine);
    uint64_t *fact = (uint64_t *)(void *)((char *)&machine.facts + offset);
    *fact = is_set ? *fact | bits : *fact & ~bits;
    return true;
}

static const struct entry_source source = {read_field, read_memory, &machine};
static const struct entry_scene scene = {
    .facts = &machine.facts,
    .source = &source,
    .page = {0x1000, 0x2000, 0x3000, 0x4000},
    .write_field = write_field,
    .write_memory = write_memory,
    .want_fact = want_fact,
    .context = &machine,
};

/* A host as a 64-bit kernel has it. */
static void reset_host(void) {
    static const struct {
        uint32_t field;
        uint64_t value;
    } rows[] = {
        {FIELD_HOST_CR0,         0x8005003b        },
        {FIELD_HOST_CR3,         0x123000          },
        {FIELD_HOST_CR4,         0x3726a0          },
        {FIELD_HOST_CS_SELECTOR, 0x10              },
        {FIELD_HOST_SS_SELECTOR, 0x18              },
        {FIELD_HOST_TR_SELECTOR, 0x40              },
        {FIELD_HOST_GDTR_BASE,   0xffffff8000001000},
        {FIELD_HOST_IDTR_BASE,   0xffffff8000002000},
        {FIELD_HOST_TR_BASE,     0xffffff8000003000},
        {FIELD_HOST_FS_BASE,     0x7f0000001000    },
        {FIELD_HOST_EFER,        0xd01             },
        {FIELD_HOST_PAT,         0x0007010600070406},
        {FIELD_HOST_RSP,         0xffffff8000004000},
        {FIELD_HOST_RIP,         0xffffffff80100000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        machine.field[rows[i].field] = rows[i].value;
}

static void reset(void) {
    memset(&machine, 0, sizeof machine);
    machine.facts = able;
    machine.memory[able.vmcs / 8] = 0x2b;
    reset_host();
    entry_scene_reset(&scene);
}

#define LIMIT 64u
static const struct entry_rule *broken[LIMIT];

static size_t check(enum entry_area area) {
    return entry_check(&machine.facts, &source, area, broken, LIMIT);
}

static const struct entry_rule *find_rule(uint32_t number) {
    const struct entry_rule *rule;
    for (size_t i = 0; (rule = entry_rule_at(i)) != NULL; i++)
        if (entry_rule_number(rule) == number)
            return rule;
    return NULL;
}

/* ---- tests */

static void base_passes(void **state) {
    (void)state;
    reset();
    size_t count = check(ENTRY_AREA_NONE);
    for (size_t i = 0; i < count; i++)
        print_error("rule %u: %s\n", entry_rule_number(broken[i]), entry_rule_text(broken[i]));
    assert_int_equal(count, 0);
}

/* What the guest of a machine looks like after reset passes as well. */
static void real_mode_passes(void **state) {
    (void)state;
    reset();
    machine.field[FIELD_ENTRY_CONTROLS] &= ~0x200ull;
    machine.field[FIELD_GUEST_EFER] = 0;
    machine.field[FIELD_GUEST_CR0] = 0x30;
    machine.field[FIELD_GUEST_CR4] = 0x2000;
    machine.field[FIELD_GUEST_CR3] = 0;
    for (uint32_t i = 0; i < 6; i++) {
        machine.field[FIELD_GUEST_ES_LIMIT + 2 * i] = 0xffff;
        machine.field[FIELD_GUEST_ES_RIGHTS + 2 * i] = i == 1 ? 0x9b : 0x93;
    }
    machine.field[FIELD_GUEST_CS_SELECTOR] = 0xf000;
    machine.field[FIELD_GUEST_CS_BASE] = 0xffff0000;
    machine.field[FIELD_GUEST_RIP] = 0xfff0;
    assert_int_equal(check(ENTRY_AREA_NONE), 0);
}

/* Values at the edge of a rule that are valid. */
static void edges_pass(void **state) {
    static const struct {
        uint32_t field;
        uint64_t value;
    } rows[] = {
        {FIELD_GUEST_RIP,              0x00007fffffffffff},
        {FIELD_GUEST_RIP,              0x0000800000000000}, /* not canonical: the fetch faults */
        {FIELD_GUEST_RIP,              0xffff800000000000},
        {FIELD_GUEST_FS_BASE,          0xffff800000000000},
        {FIELD_GUEST_DS_RIGHTS,        0x10000           }, /* unusable: the rest does not count */
        {FIELD_GUEST_LDTR_RIGHTS,      0x1ffff           },
        {FIELD_GUEST_TR_LIMIT,         0xfffff           },
        {FIELD_GUEST_CS_RIGHTS,        0xa09f            },
        {FIELD_GUEST_SS_RIGHTS,        0xc097            },
        {FIELD_GUEST_PAT,              0x0001040506070100},
        {FIELD_GUEST_RFLAGS,           0x3d7fd7          },
        {FIELD_GUEST_DEBUGCTL,         0xffc7            },
        {FIELD_GUEST_ACTIVITY,         3                 },
        {FIELD_GUEST_INTERRUPTIBILITY, 8                 },
        {FIELD_GUEST_INTERRUPTIBILITY, 2                 },
        {FIELD_GUEST_PENDING_DEBUG,    0x500f            },
        {FIELD_CR3_TARGET_COUNT,       4                 },
        {FIELD_EXIT_MSR_STORE_ADDRESS, UINT64_MAX        }, /* with a count of 0 */
        {FIELD_ENTRY_EVENT,            0x7fffffff        }, /* not valid */
        {FIELD_ENTRY_EVENT,            0x80000312        },
        {FIELD_ENTRY_EVENT,            0x80000202        },
        {FIELD_ENTRY_EVENT,            0x80000b0d        },
        {FIELD_ENTRY_EVENT,            0x80000700        },
        {FIELD_GUEST_PDPTE_0,          UINT64_MAX        }, /* no PAE paging */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset();
        machine.field[rows[i].field] = rows[i].value;
        if (check(ENTRY_AREA_NONE) != 0)
            fail_msg("%x = %lx breaks rule %u", rows[i].field, rows[i].value,
                     entry_rule_number(broken[0]));
    }
}

/* What a rule leaves alone when another field says so. */
static void exceptions_pass(void **state) {
    static const struct {
        uint32_t field[2];
        uint64_t value[2];
    } rows[] = {
  /* with virtual-interrupt delivery the threshold does not count */
        {{FIELD_SECONDARY_CONTROLS, FIELD_TPR_THRESHOLD},     {0x2a2, 0xffffffff}                 },
        {{FIELD_ENTRY_EVENT, FIELD_ENTRY_INSTRUCTION_LENGTH}, {0x80000302, 0}                     },
        {{FIELD_ENTRY_EVENT, FIELD_ENTRY_INSTRUCTION_LENGTH}, {0x80000604, 15}                    },
 /* #DB and #MC end HLT, #MC ends shutdown, and so do others */
        {{FIELD_GUEST_ACTIVITY, FIELD_ENTRY_EVENT},           {1, 0x80000301}                     },
        {{FIELD_GUEST_ACTIVITY, FIELD_ENTRY_EVENT},           {1, 0x80000312}                     },
        {{FIELD_GUEST_ACTIVITY, FIELD_ENTRY_EVENT},           {1, 0x80000202}                     },
        {{FIELD_GUEST_ACTIVITY, FIELD_ENTRY_EVENT},           {1, 0x80000700}                     },
        {{FIELD_GUEST_ACTIVITY, FIELD_ENTRY_EVENT},           {2, 0x80000312}                     },
        {{FIELD_GUEST_ACTIVITY, FIELD_ENTRY_EVENT},           {2, 0x80000202}                     },
        {{FIELD_GUEST_RFLAGS, FIELD_ENTRY_EVENT},             {0x202, 0x800000ff}                 },
 /* a single step waits with the instruction behind MOV SS */
        {{FIELD_GUEST_RFLAGS, FIELD_GUEST_PENDING_DEBUG},     {0x102, 0x4000}                     },
        {{FIELD_GUEST_RFLAGS, FIELD_GUEST_INTERRUPTIBILITY},  {0x202, 1}                          },
        {{FIELD_GUEST_TR_RIGHTS, FIELD_GUEST_TR_LIMIT},       {0x808b, 0xffffffff}                },
        {{FIELD_VMCS_LINK_POINTER, FIELD_GUEST_CR3},          {0xffffffffffffffff, 0x3ffffffff000}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset();
        machine.field[rows[i].field[0]] = rows[i].value[0];
        machine.field[rows[i].field[1]] = rows[i].value[1];
        if (check(ENTRY_AREA_NONE) != 0)
            fail_msg("%x = %lx breaks rule %u", rows[i].field[1], rows[i].value[1],
                     entry_rule_number(broken[0]));
    }
}

/* Processors stop at the first area that fails: what is broken in later ones does not count. */
static bool is_alone(const struct entry_rule *rule, size_t count) {
    for (size_t i = 0; i < count && i < LIMIT; i++)
        if (broken[i] != rule && entry_rule_area(broken[i]) <= entry_rule_area(rule))
            return false;
    return count > 0 && count <= LIMIT && broken[0] == rule;
}

/* Only of these more is broken: outside SMM no guest state can satisfy 'entry to SMM'. */
static bool may_break_more(uint32_t number) {
    return number == 1317;
}

static void each_case_breaks_its_rule(void **state) {
    (void)state;
    for (size_t at = 0; at < entry_case_count(); at++) {
        uint32_t number = entry_case_rule(at);
        const struct entry_rule *rule = find_rule(number);
        if (rule == NULL)
            fail_msg("a case for rule %u, which there is not", number);
        reset();
        assert_true(entry_case_apply(at, &scene));
        size_t count = check(ENTRY_AREA_NONE);
        if (is_alone(rule, count) && (count == 1 || may_break_more(number)))
            continue;
        for (size_t i = 0; i < count && i < LIMIT; i++)
            print_error("rule %u: %s\n", entry_rule_number(broken[i]), entry_rule_text(broken[i]));
        fail_msg("case %zu, for rule %u, breaks %zu rules", at, number, count);
    }
}

static void each_rule_has_a_case(void **state) {
    const struct entry_rule *rule;
    (void)state;
    for (size_t i = 0; (rule = entry_rule_at(i)) != NULL; i++) {
        size_t at = 0;
        while (at < entry_case_count() && entry_case_rule(at) != entry_rule_number(rule))
            at++;
        if (at == entry_case_count())
            fail_msg("no case breaks rule %u", entry_rule_number(rule));
    }
}

/* Numbers are for people to look up: each once, in order of sections. */
static void numbers_are_unique(void **state) {
    const struct entry_rule *rule;
    (void)state;
    for (size_t i = 0; (rule = entry_rule_at(i)) != NULL; i++) {
        assert_ptr_equal(find_rule(entry_rule_number(rule)), rule);
        uint32_t section = entry_rule_number(rule) / 100;
        static const enum entry_area area[] = {ENTRY_AREA_NONE, ENTRY_AREA_CONTROLS,
                                               ENTRY_AREA_HOST, ENTRY_AREA_GUEST, ENTRY_AREA_MSRS};
        assert_int_equal(entry_rule_area(rule), area[section / 10]);
        assert_ptr_not_equal(strstr(entry_rule_section(rule), "27."), NULL);
    }
}

/* The area asked for alone is looked at. */
static void areas_are_apart(void **state) {
    (void)state;
    reset();
    machine.field[FIELD_VPID] = 0;
    machine.field[FIELD_HOST_CR3] = UINT64_MAX;
    machine.field[FIELD_GUEST_CR3] = UINT64_MAX;
    machine.field[FIELD_ENTRY_MSR_LOAD_COUNT] = 1;
    machine.field[FIELD_ENTRY_MSR_LOAD_ADDRESS] = 0x4000;
    machine.memory[0x4000 / 8] = 0xc0000100;
    static const uint32_t expected[] = {1133, 2205, 3111, 4002};
    for (uint32_t area = ENTRY_AREA_CONTROLS; area < ENTRY_AREA_NONE; area++) {
        assert_int_equal(check((enum entry_area)area), 1);
        assert_int_equal(entry_rule_number(broken[0]), expected[area]);
    }
    assert_int_equal(check(ENTRY_AREA_NONE), 4);
    assert_int_equal(entry_check(&machine.facts, &source, ENTRY_AREA_NONE, broken, 1), 4);
}

static void text_has_field_value_and_rule(void **state) {
    char text[ENTRY_TEXT_SIZE];
    (void)state;
    reset();
    machine.field[FIELD_GUEST_CS_RIGHTS] = 0xa09a;
    assert_int_equal(check(ENTRY_AREA_NONE), 1);
    entry_check_text(broken[0], &source, text);
    assert_string_equal(text, "GUEST_CS_RIGHTS (4816h) = a09ah: "
                              "type must be 9, 11, 13 or 15 (3 in an unrestricted guest)");
}

/* No rule is cut off, whatever the field holds. */
static void texts_fit(void **state) {
    const struct entry_rule *rule;
    (void)state;
    for (uint32_t i = 0; i < FIELD_COUNT; i++)
        machine.field[i] = width_mask(i);
    for (size_t i = 0; (rule = entry_rule_at(i)) != NULL; i++) {
        char text[ENTRY_TEXT_SIZE];
        entry_check_text(rule, &source, text);
        size_t length = strlen(text), tail = strlen(entry_rule_text(rule));
        if (tail > length || strcmp(text + length - tail, entry_rule_text(rule)) != 0)
            fail_msg("rule %u is cut: %s", entry_rule_number(rule), text);
    }
}

/* ---- anything at all */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t draw(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Values that rules are about: bits, edges, addresses, and noise. */
static uint64_t draw_value(void) {
    switch (draw() % 6) {
    case 0: return 1ull << draw() % 64;
    case 1: return ~(1ull << draw() % 64);
    case 2: return draw() % 32;
    case 3: return draw() & 0xfff8;
    case 4: return draw() | 0x80000000;
    default: return draw();
    }
}

static const uint32_t fields[] = {
#define VMCS_FIELD(width, name, encoding) encoding,
#include "arch/x86_64/vmx/vmcs_fields.def"
#undef VMCS_FIELD
};
#define FIELDS (sizeof fields / sizeof fields[0])

static void draw_facts(void) {
    uint64_t *fact = (uint64_t *)(void *)&machine.facts;
    for (size_t i = 0; i < sizeof machine.facts / sizeof *fact; i++)
        if (draw() % 4 == 0)
            fact[i] = draw_value();
    /* No processor has others. */
    machine.facts.physical_bits = 32 + draw() % 21;
    machine.facts.linear_bits = draw() % 2 == 0 ? 48 : 57;
}

static void random_states_get_a_verdict(void **state) {
    (void)state;
    for (uint32_t round = 0; round < 20000; round++) {
        if (round % 8 == 0)
            reset();
        uint32_t changes = (uint32_t)(1 + draw() % 20);
        for (uint32_t i = 0; i < changes; i++)
            write_field(&machine, fields[draw() % FIELDS], draw_value());
        machine.memory[draw() % (MEMORY_SIZE / 8)] = draw_value();
        if (round % 5 == 0)
            draw_facts();
        size_t count = check((enum entry_area)(draw() % (ENTRY_AREA_NONE + 1)));
        for (size_t i = 0; i < count && i < LIMIT; i++) {
            char text[ENTRY_TEXT_SIZE];
            memset(text, 'x', sizeof text);
            entry_check_text(broken[i], &source, text);
            assert_true(memchr(text, 0, sizeof text) != NULL);
            assert_true(strlen(text) > strlen(entry_rule_text(broken[i])));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_passes),
        cmocka_unit_test(real_mode_passes),
        cmocka_unit_test(edges_pass),
        cmocka_unit_test(exceptions_pass),
        cmocka_unit_test(each_case_breaks_its_rule),
        cmocka_unit_test(each_rule_has_a_case),
        cmocka_unit_test(numbers_are_unique),
        cmocka_unit_test(areas_are_apart),
        cmocka_unit_test(text_has_field_value_and_rule),
        cmocka_unit_test(texts_fit),
        cmocka_unit_test(random_states_get_a_verdict),
    };
    return cmocka_run_group_tests_name("VM-entry check", tests, NULL, NULL);
}
