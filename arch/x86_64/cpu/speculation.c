/* Evaluates the table for one processor. Touches no register. */
#include "arch/x86_64/cpu/speculation.h"

#include "kernel/string.h"

#define OFF_REASON     "mitigations are off"
#define THREADS_REASON "threads of one core leak to each other: switch hyper-threading off"
#define VENDOR_REASON  "nothing is known about this vendor's processors"

static enum speculation_vendor vendor_of(const struct cpu_features *features) {
    if (string_equal(features->vendor, "GenuineIntel"))
        return SPECULATION_INTEL;
    if (string_equal(features->vendor, "AuthenticAMD") ||
        string_equal(features->vendor, "HygonGenuine"))
        return SPECULATION_AMD;
    return SPECULATION_OTHER;
}

/* Both are there; true if there is nothing to ask for. */
static bool has_both(const struct cpu_features *features, const enum cpu_feature feature[2]) {
    return features->has[feature[0]] && features->has[feature[1]];
}
_Static_assert(FEATURE_ALWAYS == 0, "what a row leaves out is always there");

static bool is_affected(const struct speculation_facts *facts, const struct model_facts *model,
                        enum weakness weakness) {
    const struct weakness_row *row = &weakness_rows[weakness];
    const struct cpu_features *features = facts->features;
    uint32_t bit = 1u << weakness;
    if ((row->immune != 0 && (facts->capabilities & row->immune) == row->immune) ||
        (row->immune_feature[0] != FEATURE_ALWAYS && has_both(features, row->immune_feature)) ||
        !features->has[row->needs])
        return false;
    if ((model->has & bit) != 0)
        return true;
    if ((facts->capabilities & row->needs_capability) != row->needs_capability)
        return false;
    return !row->only_listed && (model->lacks & bit) == 0;
}

static bool is_possible(const struct speculation_facts *facts, const struct remedy *remedy) {
    return has_both(facts->features, remedy->feature) &&
           (facts->capabilities & remedy->capability) == remedy->capability &&
           (facts->capabilities & remedy->without_capability) == 0 &&
           (remedy->family == 0 || remedy->family == facts->features->family);
}

static const struct remedy *find_remedy(const struct speculation_facts *facts,
                                        const struct weakness_row *row) {
    for (uint32_t i = 0; i < REMEDY_LIMIT && row->remedy[i].text != NULL; i++)
        if (is_possible(facts, &row->remedy[i]))
            return &row->remedy[i];
    return NULL;
}

static bool has_stibp(const struct cpu_features *features) {
    return features->has[FEATURE_STIBP] || features->has[FEATURE_AMD_STIBP];
}

static struct speculation_verdict is_open(const char *reason) {
    return (struct speculation_verdict){SPECULATION_OPEN, reason};
}

/* A processor that has the weakness. Adds what is done to *actions. */
static struct speculation_verdict judge(const struct speculation_facts *facts,
                                        const struct weakness_row *row, uint32_t *actions) {
    const struct remedy *remedy = find_remedy(facts, row);
    if (remedy == NULL)
        return is_open(row->open);
    if (facts->mitigations == MITIGATIONS_OFF && remedy->actions != 0)
        return is_open(OFF_REASON);
    *actions |= remedy->actions;
    if (facts->has_siblings && remedy->crosses_threads) {
        if (!remedy->stibp_helps || !has_stibp(facts->features))
            return is_open(THREADS_REASON);
        *actions |= SPECULATION_SET_STIBP;
    }
    return (struct speculation_verdict){SPECULATION_MITIGATED, remedy->text};
}

/* Whatever the processor can do. Of the ways to one end the first is taken here too. */
static uint32_t all_actions(const struct speculation_facts *facts) {
    uint32_t actions = SPECULATION_ENTER_HISTORY | SPECULATION_EXIT_RETURNS;
    for (uint32_t i = 0; i < WEAKNESS_COUNT; i++) {
        const struct remedy *remedy = find_remedy(facts, &weakness_rows[i]);
        if (remedy != NULL)
            actions |= remedy->actions;
    }
    return actions | (has_stibp(facts->features) ? SPECULATION_SET_STIBP : 0);
}

uint32_t speculation_evaluate(const struct speculation_facts *facts,
                              struct speculation_verdict verdict[WEAKNESS_COUNT]) {
    enum speculation_vendor vendor = vendor_of(facts->features);
    struct model_facts model;
    speculation_model(vendor, facts->features, &model);
    uint32_t actions = 0;
    for (uint32_t i = 0; i < WEAKNESS_COUNT; i++) {
        const struct weakness_row *row = &weakness_rows[i];
        verdict[i] = (struct speculation_verdict){SPECULATION_NOT_AFFECTED, NULL};
        if ((row->vendors & vendor) == 0) {
            if (vendor == SPECULATION_OTHER)
                verdict[i] = is_open(VENDOR_REASON);
        } else if (is_affected(facts, &model, (enum weakness)i)) {
            verdict[i] = judge(facts, row, &actions);
        }
    }
    return facts->mitigations == MITIGATIONS_ALL ? actions | all_actions(facts) : actions;
}

uint32_t speculation_control(uint32_t actions) {
    static const struct {
        uint32_t actions, bit;
    } rows[] = {
        {SPECULATION_SET_IBRS | SPECULATION_ENTER_IBRS, SPEC_CTRL_BIT_IBRS     },
        {SPECULATION_SET_STIBP,                         SPEC_CTRL_BIT_STIBP    },
        {SPECULATION_SET_SSBD,                          SPEC_CTRL_BIT_SSBD     },
        {SPECULATION_SET_BHI_DIS_S,                     SPEC_CTRL_BIT_BHI_DIS_S},
    };
    uint32_t control = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((actions & rows[i].actions) != 0)
            control |= rows[i].bit;
    return control;
}

/* ---- the option */

static bool is_word(const char *text, const char *word, const char **end) {
    while (*word != 0 && *text == *word)
        text++, word++;
    *end = text;
    return *word == 0;
}

enum speculation_mitigations speculation_option(const char *command_line, bool *is_known) {
    static const struct {
        const char *word;
        enum speculation_mitigations value;
    } rows[] = {
        {"auto", MITIGATIONS_AUTO},
        {"off",  MITIGATIONS_OFF },
        {"all",  MITIGATIONS_ALL },
    };
    enum speculation_mitigations value = MITIGATIONS_AUTO;
    *is_known = true;
    for (const char *word = command_line; *word != 0;) {
        const char *rest, *end;
        if (is_word(word, "mitigations=", &rest)) {
            *is_known = false;
            for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                if (is_word(rest, rows[i].word, &end) && (*end == ' ' || *end == 0)) {
                    value = rows[i].value;
                    *is_known = true;
                }
        }
        while (*word != ' ' && *word != 0)
            word++;
        while (*word == ' ')
            word++;
    }
    return value;
}
