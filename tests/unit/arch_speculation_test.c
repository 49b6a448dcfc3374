/*
 * The speculation table over thirteen recorded processors.
 *
 * Expected verdicts are read off the vendors' tables, row by row, not off our output:
 *
 *   Intel   "Affected Processors: Transient Execution Attacks & Related Security Issues by CPU",
 * which Intel also publishes for programs (GitHub, intel/Intel-affected-processor-list, a table of
 *           models and steppings against advisories). Its columns: Bounds Check Bypass, Branch
 * Target Injection, Rogue Data Cache Load, Speculative Store Bypass, L1 Terminal Fault, MFBDS,
 * MSBDS and MLPDS (MDS), SWAPGS, TAA, Machine Check Error Avoidance of CVE-2018-12207 (iTLB
 *           multihit), Special Register Buffer Data Sampling, MMIO DRPW, RSBU RSBA and RRSBA
 * (RETBleed), BHI, Post-barrier Return Stack Buffer, GDS, RFDS. ITS is not in it: INTEL-SA-01153.
 *   AMD     bulletins AMD-SB-1037 (BTC: families 15h to 17h up to Zen 2), AMD-SB-7005 (SRSO: Zen to
 *           Zen 4), AMD-SB-7008 (Zenbleed: Zen 2), AMD-SB-7029 (TSA: Zen 3 and Zen 4).
 *
 * "Mitigated" then follows from the microcode's bits in the recording. IA32_ARCH_CAPABILITIES is an
 * MSR and in no recording of CPUID: its value stands beside each processor with where it is from.
 */
/* units: arch/x86_64/cpu/speculation.c arch/x86_64/cpu/speculation_table.c
 * arch/x86_64/cpu/speculation_models.c arch/x86_64/cpu/features.c kernel/string.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86_64/cpu/speculation.h"

/* ---- recordings */

struct cpuid_row {
    uint32_t leaf, subleaf;
    struct cpuid_result value;
};

/* clang-format off */
#define CPUID(leaf, subleaf, eax, ebx, ecx, edx) {leaf, subleaf, {eax, ebx, ecx, edx}},
static const struct cpuid_row core_i5_6400t[] = {
#include "tests/unit/cpuid_dumps/intel_core_i5_6400t.def"
};
static const struct cpuid_row xeon_gold_6154[] = {
#include "tests/unit/cpuid_dumps/intel_xeon_gold_6154.def"
};
static const struct cpuid_row core_i7_8700k[] = {
#include "tests/unit/cpuid_dumps/intel_core_i7_8700k.def"
};
static const struct cpuid_row core_i7_10610u[] = {
#include "tests/unit/cpuid_dumps/intel_core_i7_10610u.def"
};
static const struct cpuid_row xeon_silver_4214[] = {
#include "tests/unit/cpuid_dumps/intel_xeon_silver_4214.def"
};
static const struct cpuid_row xeon_d_1718t[] = {
#include "tests/unit/cpuid_dumps/intel_xeon_d_1718t.def"
};
static const struct cpuid_row core_i9_12900k[] = {
#include "tests/unit/cpuid_dumps/intel_core_i9_12900k.def"
};
static const struct cpuid_row celeron_n4100[] = {
#include "tests/unit/cpuid_dumps/intel_celeron_n4100.def"
};
static const struct cpuid_row ryzen_7_1800x[] = {
#include "tests/unit/cpuid_dumps/amd_ryzen_7_1800x.def"
};
static const struct cpuid_row custom_apu_0405[] = {
#include "tests/unit/cpuid_dumps/amd_custom_apu_0405.def"
};
static const struct cpuid_row ryzen_7_5800x3d[] = {
#include "tests/unit/cpuid_dumps/amd_ryzen_7_5800x3d.def"
};
static const struct cpuid_row ryzen_7_7800x3d[] = {
#include "tests/unit/cpuid_dumps/amd_ryzen_7_7800x3d.def"
};
static const struct cpuid_row ryzen_7_9800x3d[] = {
#include "tests/unit/cpuid_dumps/amd_ryzen_7_9800x3d.def"
};
#undef CPUID

#define N SPECULATION_NOT_AFFECTED
#define M SPECULATION_MITIGATED
#define O SPECULATION_OPEN

/* Columns in the order of enum weakness. */
struct processor {
    const char *name;
    const struct cpuid_row *rows;
    size_t row_count;
    uint32_t family, model;
    uint64_t capabilities;
    uint8_t expected[WEAKNESS_COUNT];
};
#define ROWS(array) (array), sizeof(array) / sizeof((array)[0])
static const struct processor processors[] = {
    /*                                                         v1 GS v2 MD SS FP L1 MD TA HI SR MM RE BH PB GD RF IT ZE SO TS */
    {"Intel(R) Core(TM) i5-6400T CPU @ 2.20GHz", ROWS(core_i5_6400t), 0x06, 0x5e,
     0, /* no such MSR */                                      {O, M, O, O, O, M, O, O, N, M, O, O, O, N, N, O, N, N, N, N, N}},
    {"Intel(R) Xeon(R) Gold 6154 CPU @ 3.00GHz", ROWS(xeon_gold_6154), 0x06, 0x55,
     0, /* no such MSR */                                      {O, M, O, O, O, M, O, O, O, M, N, O, O, N, N, O, N, N, N, N, N}},
    {"Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz", ROWS(core_i7_8700k), 0x06, 0x9e,
     0, /* no such MSR */                                      {O, M, M, O, O, M, O, O, O, M, O, O, M, N, N, O, N, N, N, N, N}},
    /* RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, MDS_NO: what Intel lists as hardware protection for this
     * stepping ("Engineering New Protections into Hardware", model 142 stepping 12). Composed. */
    {"Intel(R) Core(TM) i7-10610U CPU @ 1.80GHz", ROWS(core_i7_10610u), 0x06, 0x8e,
     0x2b,                                                     {O, M, M, N, M, M, N, N, N, M, M, O, M, M, M, O, N, O, N, N, N}},
    /* The same, and TSX_CTRL of the microcode for INTEL-SA-00270. As QEMU's model Cascadelake-Server
     * has it in its later versions; not of this computer. */
    {"Intel(R) Xeon(R) Silver 4214 CPU @ 2.20GHz", ROWS(xeon_silver_4214), 0x06, 0x55,
     0xab,                                                     {O, M, M, N, M, M, N, N, M, M, N, O, M, M, M, O, N, O, N, N, N}},
    /* RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO: QEMU's model
     * Icelake-Server in its later versions; not of this computer. */
    {"Intel(R) Xeon(R) D-1718T CPU @ 2.60GHz", ROWS(xeon_d_1718t), 0x06, 0x6c,
     0x16b,                                                    {O, M, M, N, M, M, N, N, N, N, N, O, N, M, M, O, N, O, N, N, N}},
    /* The same six bits, which Intel's table implies by "Not affected". Composed. */
    {"12th Gen Intel(R) Core(TM) i9-12900K", ROWS(core_i9_12900k), 0x06, 0x97,
     0x16b,                                                    {O, M, M, N, M, M, N, N, N, N, N, N, N, M, M, N, O, N, N, N, N}},
    /* None of the bits that matter: Intel's table calls it affected by Meltdown and by Spectre v2
     * without enhanced IBRS. Composed. */
    {"Intel(R) Celeron(R) N4100 CPU @ 1.10GHz", ROWS(celeron_n4100), 0x06, 0x7a,
     0,                                                        {O, M, M, O, O, M, N, N, N, N, N, N, N, M, N, N, O, N, N, N, N}},
    /* AMD has no such MSR. */
    {"AMD Ryzen 7 1800X Eight-Core Processor", ROWS(ryzen_7_1800x), 0x17, 0x01,
     0,                                                        {O, N, O, N, M, N, N, N, N, N, N, N, O, N, N, N, N, N, N, O, N}},
    {"AMD Custom APU 0405", ROWS(custom_apu_0405), 0x17, 0x90,
     0,                                                        {O, N, M, N, M, N, N, N, N, N, N, N, M, N, N, N, N, N, M, M, N}},
    {"AMD Ryzen 7 5800X3D 8-Core Processor", ROWS(ryzen_7_5800x3d), 0x19, 0x21,
     0,                                                        {O, N, M, N, M, N, N, N, N, N, N, N, N, N, N, N, N, N, N, O, O}},
    {"AMD Ryzen 7 7800X3D 8-Core Processor", ROWS(ryzen_7_7800x3d), 0x19, 0x61,
     0,                                                        {O, N, M, N, M, N, N, N, N, N, N, N, N, N, N, N, N, N, N, O, O}},
    {"AMD Ryzen 7 9800X3D 8-Core Processor", ROWS(ryzen_7_9800x3d), 0x1a, 0x44,
     0,                                                        {O, N, M, N, M, N, N, N, N, N, N, N, N, N, N, N, N, N, N, M, N}},
};
/* clang-format on */
#define PROCESSOR_COUNT (sizeof processors / sizeof processors[0])

static const struct processor *asked;

static void cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_result *result) {
    *result = (struct cpuid_result){0, 0, 0, 0};
    for (size_t i = 0; i < asked->row_count; i++)
        if (asked->rows[i].leaf == leaf && asked->rows[i].subleaf == subleaf)
            *result = asked->rows[i].value;
}

static struct cpu_features features;
static struct speculation_facts facts;
static struct speculation_verdict verdict[WEAKNESS_COUNT];

static void take(const struct processor *processor) {
    asked = processor;
    features_read(&features, cpuid);
    facts = (struct speculation_facts){.features = &features,
                                       .capabilities = processor->capabilities,
                                       .has_siblings = false,
                                       .mitigations = MITIGATIONS_AUTO};
}

static void take_named(const char *part) {
    for (size_t i = 0; i < PROCESSOR_COUNT; i++)
        if (strstr(processors[i].name, part) != NULL) {
            take(&processors[i]);
            return;
        }
    fail_msg("no recording of %s", part);
}

static uint32_t evaluate(void) {
    return speculation_evaluate(&facts, verdict);
}

/* ---- tests */

static void recordings_are_what_they_say(void **state) {
    (void)state;
    for (size_t i = 0; i < PROCESSOR_COUNT; i++) {
        take(&processors[i]);
        assert_string_equal(features.name, processors[i].name);
        assert_int_equal(features.family, processors[i].family);
        assert_int_equal(features.model, processors[i].model);
    }
}

static void verdicts_are_the_vendors(void **state) {
    (void)state;
    for (size_t i = 0; i < PROCESSOR_COUNT; i++) {
        take(&processors[i]);
        (void)evaluate();
        for (uint32_t k = 0; k < WEAKNESS_COUNT; k++)
            if (verdict[k].verdict != processors[i].expected[k])
                fail_msg("%s: %s is %d, not %d", processors[i].name, weakness_rows[k].name,
                         verdict[k].verdict, processors[i].expected[k]);
    }
}

static void every_verdict_has_its_reason(void **state) {
    (void)state;
    struct speculation_info info;
    for (size_t i = 0; i < PROCESSOR_COUNT; i++) {
        take(&processors[i]);
        (void)evaluate();
        for (uint32_t k = 0; k < WEAKNESS_COUNT; k++) {
            if (verdict[k].verdict == SPECULATION_NOT_AFFECTED)
                assert_null(verdict[k].reason);
            else
                assert_in_range(strlen(verdict[k].reason), 1, sizeof info.reason - 1);
            assert_in_range(strlen(weakness_rows[k].name), 1, sizeof info.name - 1);
            assert_in_range(strlen(weakness_rows[k].cve), 13, sizeof info.identifier - 1);
        }
    }
}

/* SDM Vol. 4, 2.1: a bit of a processor that lacks it faults, so no action without its feature. */
static void nothing_is_done_that_the_processor_lacks(void **state) {
    (void)state;
    for (size_t i = 0; i < PROCESSOR_COUNT; i++)
        for (int mitigations = MITIGATIONS_AUTO; mitigations <= MITIGATIONS_ALL; mitigations++)
            for (int siblings = 0; siblings < 2; siblings++) {
                take(&processors[i]);
                facts.mitigations = (enum speculation_mitigations)mitigations;
                facts.has_siblings = siblings != 0;
                uint32_t actions = evaluate();
                const bool *has = features.has;
                if ((actions & (SPECULATION_SET_IBRS | SPECULATION_ENTER_IBRS)) != 0)
                    assert_true(has[FEATURE_IBRS_IBPB]);
                if ((actions & (SPECULATION_SWITCH_IBPB | SPECULATION_ENTER_IBPB)) != 0)
                    assert_true(has[FEATURE_IBRS_IBPB] || has[FEATURE_AMD_IBPB]);
                if ((actions & SPECULATION_SET_STIBP) != 0)
                    assert_true(has[FEATURE_STIBP] || has[FEATURE_AMD_STIBP]);
                if ((actions & SPECULATION_SET_SSBD) != 0)
                    assert_true(has[FEATURE_SSBD] || has[FEATURE_AMD_SSBD]);
                if ((actions & SPECULATION_SET_BHI_DIS_S) != 0)
                    assert_true(has[FEATURE_BHI_CTRL]);
                if ((actions & SPECULATION_SET_AUTO_IBRS) != 0)
                    assert_true(has[FEATURE_AMD_AUTO_IBRS]);
                if ((actions & SPECULATION_ENTRY_L1D) != 0)
                    assert_true(has[FEATURE_L1D_FLUSH]);
                if ((actions & SPECULATION_SET_TSX_OFF) != 0)
                    assert_true((facts.capabilities & CAPABILITY_TSX_CTRL) != 0);
                if ((actions & (SPECULATION_SET_ZENBLEED | SPECULATION_SET_LS_CFG)) != 0)
                    assert_true(has[FEATURE_AMD_BARE]);
            }
}

static void off_does_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < PROCESSOR_COUNT; i++) {
        take(&processors[i]);
        facts.mitigations = MITIGATIONS_OFF;
        assert_int_equal(evaluate(), 0);
        for (uint32_t k = 0; k < WEAKNESS_COUNT; k++) {
            assert_int_equal(verdict[k].verdict == SPECULATION_NOT_AFFECTED,
                             processors[i].expected[k] == SPECULATION_NOT_AFFECTED);
            /* What needs no action stays: no GS, state switched eagerly, the processor's own. */
            if (verdict[k].verdict == SPECULATION_MITIGATED)
                assert_true(k == WEAKNESS_SWAPGS || k == WEAKNESS_LAZY_FP || k == WEAKNESS_SRSO);
        }
    }
}

static void all_does_at_least_what_auto_does(void **state) {
    (void)state;
    for (size_t i = 0; i < PROCESSOR_COUNT; i++) {
        take(&processors[i]);
        uint32_t automatic = evaluate();
        facts.mitigations = MITIGATIONS_ALL;
        uint32_t all = evaluate();
        assert_int_equal(automatic & ~all, 0);
        assert_true((all & SPECULATION_ENTER_HISTORY) != 0);
        for (uint32_t k = 0; k < WEAKNESS_COUNT; k++)
            assert_int_equal(verdict[k].verdict, processors[i].expected[k]);
    }
}

/* What each kind of processor is worth: who writes what when. */
static void actions_fit_the_processor(void **state) {
    (void)state;
    take_named("i7-8700K"); /* IBRS that is not enhanced must be written at each entry */
    uint32_t actions = evaluate();
    assert_true((actions & SPECULATION_ENTER_IBRS) != 0);
    assert_true((actions & SPECULATION_EXIT_RETURNS) != 0);
    assert_int_equal(actions & SPECULATION_SET_IBRS, 0);
    assert_int_equal(actions & (SPECULATION_LEAVE_BUFFERS | SPECULATION_ENTRY_L1D), 0);

    take_named("Silver 4214"); /* enhanced: once */
    actions = evaluate();
    assert_int_equal(actions, SPECULATION_SET_IBRS | SPECULATION_SET_SSBD |
                                  SPECULATION_SET_TSX_OFF | SPECULATION_SMALL_PAGES |
                                  SPECULATION_EXIT_RETURNS | SPECULATION_ENTER_HISTORY |
                                  SPECULATION_SWITCH_IBPB | SPECULATION_SWITCH_RETURNS);

    take_named("9800X3D");
    assert_int_equal(evaluate(), SPECULATION_SET_AUTO_IBRS | SPECULATION_SET_SSBD |
                                     SPECULATION_SWITCH_IBPB | SPECULATION_SWITCH_RETURNS);

    take_named("APU 0405");
    actions = evaluate();
    assert_true((actions & SPECULATION_ENTER_IBPB) != 0);
    assert_true((actions & SPECULATION_SET_ZENBLEED) != 0);
}

/* The microcode updates of the advisories turn open rows into mitigated ones. */
static void microcode_helps(void **state) {
    (void)state;
    take_named("Gold 6154");
    features.has[FEATURE_IBRS_IBPB] = features.has[FEATURE_STIBP] = true;
    features.has[FEATURE_SSBD] = features.has[FEATURE_L1D_FLUSH] = true;
    features.has[FEATURE_MD_CLEAR] = true;
    uint32_t actions = evaluate();
    assert_int_equal(verdict[WEAKNESS_SPECTRE_V2].verdict, SPECULATION_MITIGATED);
    assert_int_equal(verdict[WEAKNESS_SSB].verdict, SPECULATION_MITIGATED);
    assert_int_equal(verdict[WEAKNESS_L1TF].verdict, SPECULATION_MITIGATED);
    assert_int_equal(verdict[WEAKNESS_MDS].verdict, SPECULATION_MITIGATED);
    assert_int_equal(verdict[WEAKNESS_TAA].verdict, SPECULATION_MITIGATED);
    assert_int_equal(verdict[WEAKNESS_MMIO].verdict, SPECULATION_MITIGATED);
    assert_int_equal(verdict[WEAKNESS_MELTDOWN].verdict, SPECULATION_OPEN);
    assert_true((actions & SPECULATION_ENTRY_L1D) != 0);
    assert_true((actions & SPECULATION_LEAVE_BUFFERS) != 0);

    take_named("12900K");
    facts.capabilities |= CAPABILITY_RFDS_CLEAR;
    features.has[FEATURE_BHI_CTRL] = true;
    actions = evaluate();
    assert_int_equal(verdict[WEAKNESS_RFDS].verdict, SPECULATION_MITIGATED);
    assert_true((actions & SPECULATION_LEAVE_BUFFERS) != 0);
    assert_true((actions & SPECULATION_SET_BHI_DIS_S) != 0);
    assert_int_equal(actions & SPECULATION_ENTER_HISTORY, 0);

    take_named("7800X3D");
    features.has[FEATURE_AMD_IBPB_BRTYPE] = features.has[FEATURE_AMD_VERW_CLEAR] = true;
    actions = evaluate();
    assert_int_equal(verdict[WEAKNESS_SRSO].verdict, SPECULATION_MITIGATED);
    assert_int_equal(verdict[WEAKNESS_TSA].verdict, SPECULATION_MITIGATED);
    assert_true((actions & SPECULATION_ENTER_IBPB) != 0);
}

/* MDS_NO without TSX_CTRL: VERW does not clear what TAA leaks (INTEL-SA-00270, for Cascade Lake).
 */
static void verw_does_not_help_against_taa_alone(void **state) {
    (void)state;
    take_named("Silver 4214");
    facts.capabilities &= ~CAPABILITY_TSX_CTRL;
    (void)evaluate();
    assert_int_equal(verdict[WEAKNESS_TAA].verdict, SPECULATION_OPEN);
    facts.capabilities |= CAPABILITY_TAA_NO;
    (void)evaluate();
    assert_int_equal(verdict[WEAKNESS_TAA].verdict, SPECULATION_NOT_AFFECTED);
}

/* MMIO: only all three bits together say that nothing leaks (INTEL-SA-00615). */
static void mmio_needs_all_three(void **state) {
    (void)state;
    take_named("D-1718T");
    facts.capabilities |= CAPABILITY_SBDR_SSDP_NO | CAPABILITY_FBSDP_NO;
    (void)evaluate();
    assert_int_equal(verdict[WEAKNESS_MMIO].verdict, SPECULATION_OPEN);
    facts.capabilities |= CAPABILITY_PSDP_NO;
    (void)evaluate();
    assert_int_equal(verdict[WEAKNESS_MMIO].verdict, SPECULATION_NOT_AFFECTED);
}

static void siblings_leak(void **state) {
    (void)state;
    take_named("Gold 6154");
    features.has[FEATURE_IBRS_IBPB] = features.has[FEATURE_L1D_FLUSH] = true;
    features.has[FEATURE_MD_CLEAR] = true;
    facts.has_siblings = true;
    uint32_t actions = evaluate();
    assert_int_equal(verdict[WEAKNESS_L1TF].verdict, SPECULATION_OPEN);
    assert_int_equal(verdict[WEAKNESS_MDS].verdict, SPECULATION_OPEN);
    assert_int_equal(verdict[WEAKNESS_SPECTRE_V2].verdict, SPECULATION_OPEN);
    /* Open, but what helps against one's own thread is done all the same. */
    assert_true((actions & SPECULATION_ENTRY_L1D) != 0);
    assert_true((actions & SPECULATION_ENTER_IBRS) != 0);
    features.has[FEATURE_STIBP] = true;
    actions = evaluate();
    assert_int_equal(verdict[WEAKNESS_SPECTRE_V2].verdict, SPECULATION_MITIGATED);
    assert_true((actions & SPECULATION_SET_STIBP) != 0);
}

/* A hypervisor below keeps AMD's configuration registers to itself. */
static void a_hypervisor_keeps_de_cfg(void **state) {
    (void)state;
    take_named("APU 0405");
    features.has[FEATURE_AMD_BARE] = false;
    (void)evaluate();
    assert_int_equal(verdict[WEAKNESS_ZENBLEED].verdict, SPECULATION_OPEN);
}

static void a_new_intel_processor_is_not_trusted_blindly(void **state) {
    (void)state;
    take_named("12900K");
    features.model = 0xfe; /* not in any list */
    facts.capabilities = 0;
    (void)evaluate();
    assert_int_equal(verdict[WEAKNESS_MELTDOWN].verdict, SPECULATION_OPEN);
    assert_int_equal(verdict[WEAKNESS_MDS].verdict, SPECULATION_MITIGATED); /* MD_CLEAR is there */
    assert_int_equal(verdict[WEAKNESS_GDS].verdict, SPECULATION_NOT_AFFECTED);
}

static void an_unknown_vendor_is_open(void **state) {
    (void)state;
    take_named("12900K");
    memcpy(features.vendor, "CentaurHauls", 13);
    (void)evaluate();
    assert_int_equal(verdict[WEAKNESS_MELTDOWN].verdict, SPECULATION_OPEN);
    assert_int_equal(verdict[WEAKNESS_SRSO].verdict, SPECULATION_OPEN);
}

static void the_control_register_is_what_is_wanted(void **state) {
    (void)state;
    assert_int_equal(speculation_control(0), 0);
    assert_int_equal(speculation_control(SPECULATION_SET_IBRS), 1);
    assert_int_equal(speculation_control(SPECULATION_ENTER_IBRS), 1);
    assert_int_equal(speculation_control(SPECULATION_SET_STIBP | SPECULATION_SET_SSBD), 6);
    assert_int_equal(speculation_control(SPECULATION_SET_BHI_DIS_S), 0x400);
    assert_int_equal(speculation_control(SPECULATION_ENTER_IBPB | SPECULATION_LEAVE_BUFFERS), 0);
}

static void the_option_is_read(void **state) {
    static const struct {
        const char *line;
        enum speculation_mitigations value;
        bool is_known;
    } rows[] = {
        {"",                                 MITIGATIONS_AUTO, true },
        {"mitigations=auto",                 MITIGATIONS_AUTO, true },
        {"mitigations=off",                  MITIGATIONS_OFF,  true },
        {"mitigations=all",                  MITIGATIONS_ALL,  true },
        {"quiet mitigations=off apic=x",     MITIGATIONS_OFF,  true },
        {"  mitigations=off  ",              MITIGATIONS_OFF,  true },
        {"mitigations=off mitigations=auto", MITIGATIONS_AUTO, true },
        {"xmitigations=off",                 MITIGATIONS_AUTO, true },
        {"mitigations=offf",                 MITIGATIONS_AUTO, false},
        {"mitigations=",                     MITIGATIONS_AUTO, false},
        {"mitigations",                      MITIGATIONS_AUTO, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_known = !rows[i].is_known;
        assert_int_equal(speculation_option(rows[i].line, &is_known), rows[i].value);
        assert_int_equal(is_known, rows[i].is_known);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_are_what_they_say),
        cmocka_unit_test(verdicts_are_the_vendors),
        cmocka_unit_test(every_verdict_has_its_reason),
        cmocka_unit_test(nothing_is_done_that_the_processor_lacks),
        cmocka_unit_test(off_does_nothing),
        cmocka_unit_test(all_does_at_least_what_auto_does),
        cmocka_unit_test(actions_fit_the_processor),
        cmocka_unit_test(microcode_helps),
        cmocka_unit_test(verw_does_not_help_against_taa_alone),
        cmocka_unit_test(mmio_needs_all_three),
        cmocka_unit_test(siblings_leak),
        cmocka_unit_test(a_hypervisor_keeps_de_cfg),
        cmocka_unit_test(a_new_intel_processor_is_not_trusted_blindly),
        cmocka_unit_test(an_unknown_vendor_is_open),
        cmocka_unit_test(the_control_register_is_what_is_wanted),
        cmocka_unit_test(the_option_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
