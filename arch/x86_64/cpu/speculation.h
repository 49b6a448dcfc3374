/*
 * Leaks by speculation: which of the known weaknesses this computer has, and what is done against
 * each. One const table (speculation_table.c) says it for every processor; evaluating it is pure.
 */
#ifndef BULKHEAD_CPU_SPECULATION_H
#define BULKHEAD_CPU_SPECULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/speculation_actions.h"
#include "kernel/abi/boot_info.h"
#include "kernel/abi/types.h"

/* IA32_ARCH_CAPABILITIES: SDM Vol. 4, 2.1; Intel, "CPUID Enumeration and Architectural MSRs" */
#define CAPABILITY_RDCL_NO           (1ull << 0)
#define CAPABILITY_IBRS_ALL          (1ull << 1)
#define CAPABILITY_SSB_NO            (1ull << 4)
#define CAPABILITY_MDS_NO            (1ull << 5)
#define CAPABILITY_IF_PSCHANGE_MC_NO (1ull << 6)
#define CAPABILITY_TSX_CTRL          (1ull << 7)
#define CAPABILITY_TAA_NO            (1ull << 8)
#define CAPABILITY_SBDR_SSDP_NO      (1ull << 13)
#define CAPABILITY_FBSDP_NO          (1ull << 14)
#define CAPABILITY_PSDP_NO           (1ull << 15)
#define CAPABILITY_FB_CLEAR          (1ull << 17)
#define CAPABILITY_BHI_NO            (1ull << 20)
#define CAPABILITY_PBRSB_NO          (1ull << 24)
#define CAPABILITY_GDS_CTRL          (1ull << 25)
#define CAPABILITY_GDS_NO            (1ull << 26)
#define CAPABILITY_RFDS_NO           (1ull << 27)
#define CAPABILITY_RFDS_CLEAR        (1ull << 28)
#define CAPABILITY_ITS_NO            (1ull << 62)

struct cpu;

enum speculation_mitigations {
    MITIGATIONS_AUTO, /* what the processor needs */
    MITIGATIONS_OFF,  /* nothing */
    MITIGATIONS_ALL   /* whatever the processor can do, needed or not: to measure and to test */
};

struct speculation_facts {
    const struct cpu_features *features;
    uint64_t capabilities; /* IA32_ARCH_CAPABILITIES, 0 where there is none */
    bool has_siblings;     /* CPUs that run are threads of one core */
    enum speculation_mitigations mitigations;
};

/* ---- the weaknesses */

enum weakness {
    WEAKNESS_SPECTRE_V1,
    WEAKNESS_SWAPGS,
    WEAKNESS_SPECTRE_V2,
    WEAKNESS_MELTDOWN,
    WEAKNESS_SSB,
    WEAKNESS_LAZY_FP,
    WEAKNESS_L1TF,
    WEAKNESS_MDS,
    WEAKNESS_TAA,
    WEAKNESS_MULTIHIT,
    WEAKNESS_SRBDS,
    WEAKNESS_MMIO,
    WEAKNESS_RETBLEED,
    WEAKNESS_BHI,
    WEAKNESS_PBRSB,
    WEAKNESS_GDS,
    WEAKNESS_RFDS,
    WEAKNESS_ITS,
    WEAKNESS_ZENBLEED,
    WEAKNESS_SRSO,
    WEAKNESS_TSA,
    WEAKNESS_COUNT
};

enum speculation_vendor { SPECULATION_INTEL = 1, SPECULATION_AMD = 2, SPECULATION_OTHER = 4 };
#define SPECULATION_EVERYBODY (SPECULATION_INTEL | SPECULATION_AMD | SPECULATION_OTHER)

/* One way to be safe. The first one whose conditions hold is used. */
struct remedy {
    enum cpu_feature feature[2]; /* 0, FEATURE_ALWAYS: no condition */
    uint64_t capability;         /* all of these bits ... */
    uint64_t without_capability; /* ... and none of these */
    uint32_t family;             /* 0: any */
    uint32_t actions;
    const char *text;     /* behind "mitigated by"; NULL: end of the list */
    bool crosses_threads; /* a sibling thread gets around it, unless STIBP helps */
    bool stibp_helps;
};

#define REMEDY_LIMIT 4u
struct weakness_row {
    const char *name;
    const char *cve;
    uint8_t vendors;  /* whose processors can have it */
    bool only_listed; /* only those in the list of models; else all but those listed as immune */
    uint64_t immune;  /* capabilities that together rule it out; 0: none does */
    enum cpu_feature immune_feature[2]; /* both: immune; 0: none does */
    enum cpu_feature needs;             /* without it there is no weakness; 0: none */
    uint64_t needs_capability;
    struct remedy remedy[REMEDY_LIMIT];
    const char *open; /* behind "open because", if no remedy fits */
};
extern const struct weakness_row weakness_rows[WEAKNESS_COUNT];

/* What the vendors' lists say of a processor: weaknesses that it has, and that it cannot have. Bits
 * by enum weakness. */
struct model_facts {
    uint32_t has, lacks;
};
void speculation_model(enum speculation_vendor vendor, const struct cpu_features *features,
                       struct model_facts *facts);

/* ---- evaluation: pure */

struct speculation_verdict {
    uint8_t verdict;    /* enum speculation_state of the ABI */
    const char *reason; /* NULL for not affected */
};

/* Fills verdicts, and returns the actions. */
uint32_t speculation_evaluate(const struct speculation_facts *facts,
                              struct speculation_verdict verdict[WEAKNESS_COUNT]);

/* SPEC_CTRL while the kernel runs. Without SPECULATION_ENTER_IBRS it never changes. */
uint32_t speculation_control(uint32_t actions);

/* The option `mitigations=` of the kernel's command line; *is_known: it is absent or valid. */
enum speculation_mitigations speculation_option(const char *command_line, bool *is_known);

/* ---- this computer */

extern uint32_t speculation_actions; /* constant once the boot CPU has started */
extern uint32_t speculation_control_kernel, speculation_control_user;
extern const uint16_t speculation_selector; /* what VERW wants */

static inline bool speculation_does(uint32_t actions) {
    return (speculation_actions & actions) != 0;
}

/* Boot CPU, before speculation_init_cpu on any. */
void speculation_init(const struct boot_info *info);
void speculation_init_cpu(void);
void speculation_report(void);

/* With SPECULATION_AT_SWITCH, before a program or guest of the partition with this id runs. */
void speculation_switch(struct cpu *cpu, uint64_t partition);

/* ---- speculation_fill.S: fills the return stack buffer */
void speculation_fill(void);

#endif
