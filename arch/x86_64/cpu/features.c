#include "arch/x86_64/cpu/features.h"

#include <stddef.h>

#include "kernel/string.h"

enum cpuid_register { EAX, EBX, ECX, EDX };

/* SDM Vol. 2, CPUID */
#define LEAF_XSAVE        0x0du
#define LEAF_TSC          0x15u
#define LEAF_FREQUENCY    0x16u
#define LEAF_EXTENDED     0x80000000u
#define LEAF_NAME         0x80000002u /* and the two that follow */
#define LEAF_ADDRESS_SIZE 0x80000008u

/*
 * XCR0 bits that threads and guests may have: x87, SSE, AVX, AVX-512, PKRU. PKRU is here for
 * guests, which may switch protection keys on; the kernel does not, so threads cannot read or write
 * it. Not MPX, whose state nobody should use, nor the tiles, whose state is larger than all
 * others'.
 */
#define XCR0_WANTED 0x2e7u

struct cpu_features cpu_features __attribute__((section(".sealed")));

/* clang-format 14 crashes on a table with an #include in it. */
/* clang-format off */
static const struct {
    const char *name;
    uint32_t leaf, subleaf;
    uint8_t reg, bit;
} rows[FEATURE_COUNT] = {
    [FEATURE_ALWAYS] = {"always", 0, 0, 0, 0},
#define FEATURE(name, leaf, subleaf, reg, bit) [FEATURE_##name] = {#name, leaf, subleaf, reg, bit},
#include "arch/x86_64/cpu/features.def"
#undef FEATURE
    [FEATURE_AMD_BARE] = {"AMD without a hypervisor", 0, 0, 0, 0},
};
/* clang-format on */

const char *feature_name(enum cpu_feature feature) {
    return rows[feature].name;
}

static bool has_leaf(const struct cpu_features *features, uint32_t leaf) {
    return leaf < LEAF_EXTENDED ? leaf <= features->basic_leaf : leaf <= features->extended_leaf;
}

static struct cpuid_result query(const struct cpu_features *features, cpuid_function cpuid,
                                 uint32_t leaf, uint32_t subleaf) {
    struct cpuid_result result = {0, 0, 0, 0};
    if (has_leaf(features, leaf))
        cpuid(leaf, subleaf, &result);
    return result;
}

static bool has_bit(const struct cpuid_result *result, uint32_t reg, uint32_t bit) {
    const uint32_t values[] = {result->eax, result->ebx, result->ecx, result->edx};
    return (values[reg] >> bit & 1) != 0;
}

static void read_name(struct cpu_features *features, cpuid_function cpuid) {
    char text[48];
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid_result part = query(features, cpuid, LEAF_NAME + i, 0);
        memcpy(text + 16 * i, &part, sizeof part);
    }
    size_t start = 0, length = 0;
    while (start < sizeof text && text[start] == ' ')
        start++;
    while (start + length < sizeof text && text[start + length] != 0)
        length++;
    while (length > 0 && text[start + length - 1] == ' ')
        length--;
    memcpy(features->name, text + start, length);
    features->name[length] = 0;
}

/* SDM Vol. 2, CPUID leaf 01H, figure 3-6 "Version Information Returned by CPUID in EAX" */
static void read_version(struct cpu_features *features, uint32_t eax) {
    features->family = eax >> 8 & 0xf;
    features->model = eax >> 4 & 0xf;
    features->stepping = eax & 0xf;
    if (features->family == 0x6 || features->family == 0xf)
        features->model |= (eax >> 16 & 0xf) << 4;
    if (features->family == 0xf)
        features->family += eax >> 20 & 0xff;
}

static void read_xsave(struct cpu_features *features, cpuid_function cpuid) {
    if (!features->has[FEATURE_XSAVE])
        return;
    struct cpuid_result main = query(features, cpuid, LEAF_XSAVE, 0);
    features->xcr0 = main.eax & XCR0_WANTED;
    features->xsave_size = 512 + 64; /* legacy area and header: SDM Vol. 1, 13.4 */
    for (uint32_t component = 2; component < 32; component++) {
        if ((features->xcr0 >> component & 1) == 0)
            continue;
        struct cpuid_result part = query(features, cpuid, LEAF_XSAVE, component);
        if (part.ebx + part.eax > features->xsave_size)
            features->xsave_size = part.ebx + part.eax;
    }
}

/* SDM Vol. 3, 19.7.3 "Determining the Processor Base Frequency" */
static void read_frequencies(struct cpu_features *features, cpuid_function cpuid) {
    struct cpuid_result tsc = query(features, cpuid, LEAF_TSC, 0);
    features->crystal_hz = tsc.ecx;
    if (tsc.eax != 0 && tsc.ebx != 0)
        features->tsc_hz_claimed = (uint64_t)tsc.ecx * tsc.ebx / tsc.eax;
    struct cpuid_result frequency = query(features, cpuid, LEAF_FREQUENCY, 0);
    features->base_hz_claimed = (uint64_t)(frequency.eax & 0xffff) * 1000000;
}

void features_read(struct cpu_features *features, cpuid_function cpuid) {
    struct cpuid_result result;
    memset(features, 0, sizeof *features);
    cpuid(0, 0, &result);
    features->basic_leaf = result.eax;
    const uint32_t vendor[] = {result.ebx, result.edx, result.ecx};
    memcpy(features->vendor, vendor, sizeof vendor);
    cpuid(LEAF_EXTENDED, 0, &result);
    /* Processors without extended leaves answer as for their highest basic one. */
    features->extended_leaf = result.eax >= LEAF_EXTENDED ? result.eax : 0;

    features->has[FEATURE_ALWAYS] = true;
    for (uint32_t i = FEATURE_ALWAYS + 1; i < FEATURE_AMD_BARE; i++) {
        result = query(features, cpuid, rows[i].leaf, rows[i].subleaf);
        features->has[i] = has_bit(&result, rows[i].reg, rows[i].bit);
    }
    read_version(features, query(features, cpuid, 1, 0).eax);
    features->has[FEATURE_AMD_BARE] = string_equal(features->vendor, "AuthenticAMD") &&
                                      features->family >= 0x17 &&
                                      !features->has[FEATURE_HYPERVISOR];
    features->physical_bits = 36;
    features->linear_bits = 48;
    if (has_leaf(features, LEAF_ADDRESS_SIZE)) {
        result = query(features, cpuid, LEAF_ADDRESS_SIZE, 0);
        features->physical_bits = result.eax & 0xff;
        features->linear_bits = result.eax >> 8 & 0xff;
    }
    read_xsave(features, cpuid);
    read_frequencies(features, cpuid);
    read_name(features, cpuid);
}
