/* What this computer's processors can do: CPUID, asked once on the boot CPU. */
#ifndef BULKHEAD_CPU_FEATURES_H
#define BULKHEAD_CPU_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

enum cpu_feature {
    FEATURE_ALWAYS, /* no CPUID bit: every 64-bit processor has it */
#define FEATURE(name, leaf, subleaf, reg, bit) FEATURE_##name,
#include "arch/x86_64/cpu/features.def"
#undef FEATURE
    FEATURE_AMD_BARE, /* no bit: AMD family 17h or later, and no hypervisor below Bulkhead */
    FEATURE_COUNT
};

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};
typedef void (*cpuid_function)(uint32_t leaf, uint32_t subleaf, struct cpuid_result *result);

struct cpu_features {
    bool has[FEATURE_COUNT];
    uint32_t basic_leaf;    /* highest */
    uint32_t extended_leaf; /* highest, 0: none */
    uint32_t family, model, stepping;
    uint32_t physical_bits, linear_bits;
    uint64_t xcr0;            /* every bit that XCR0 may have */
    uint32_t xsave_size;      /* of an XSAVE area in standard format with all of xcr0 */
    uint64_t tsc_hz_claimed;  /* leaf 15h; 0: not given */
    uint64_t crystal_hz;      /* leaf 15h: the APIC timer's; 0: not given */
    uint64_t base_hz_claimed; /* leaf 16h; 0: not given */
    char vendor[13];
    char name[49]; /* leading spaces removed */
};

extern struct cpu_features cpu_features; /* constant once the boot CPU has started */

/* Pure: fills features from a processor, real or made up. */
void features_read(struct cpu_features *features, cpuid_function cpuid);

const char *feature_name(enum cpu_feature feature);

static inline bool cpu_has(enum cpu_feature feature) {
    return cpu_features.has[feature];
}

#endif
