/* The guest's CPUID, leaf by leaf in ascending order. */
#include "guests/vmm/cpuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define EXTENDED    0x80000000u
#define HYPERVISOR  0x40000000u
#define KVM         0x40000100u
#define BASIC_MAX   0x16u
#define XSTATE_LEAF 0xdu
/* User state that the kernel switches: x87, SSE, AVX, the three of AVX-512, PKRU. */
#define XSTATE_ALLOWED 0x2e7u
#define XSTATE_COUNT   10u

enum cpuid_register { EAX, EBX, ECX, EDX };
enum cpuid_action { HIDE, PASS, SHOW };

static const struct feature {
    uint32_t leaf;
    uint8_t subleaf;
    uint8_t where; /* enum cpuid_register */
    uint8_t bit;
    uint8_t action; /* enum cpuid_action */
    const char *name;
    const char *reason;
} features[] = {
#define CPUID_FEATURE(leaf, subleaf, where, bit, name, action, reason) \
    {leaf, subleaf, where, bit, action, #name, reason},
#include "guests/vmm/cpuid_features.def"
#undef CPUID_FEATURE
};

struct builder {
    const struct cpuid_config *config;
    struct guest_cpuid *rows;
    uint32_t row_count;
    uint32_t basic_max, extended_max; /* of the host */
};

static struct guest_cpuid *add(struct builder *builder, uint32_t leaf, uint32_t subleaf,
                               uint32_t flags, struct cpuid_registers values) {
    struct guest_cpuid *row = &builder->rows[builder->row_count++];
    *row = (struct guest_cpuid){.leaf = leaf,
                                .subleaf = subleaf,
                                .flags = flags,
                                .eax = values.eax,
                                .ebx = values.ebx,
                                .ecx = values.ecx,
                                .edx = values.edx};
    return row;
}

/* Zeros for a leaf that the host does not have: processors answer with another leaf's values. */
static struct cpuid_registers host(const struct builder *builder, uint32_t leaf, uint32_t subleaf) {
    uint32_t max = leaf >= EXTENDED ? builder->extended_max : builder->basic_max;
    if (leaf > max) {
        return (struct cpuid_registers){0};
    }
    return builder->config->host(leaf, subleaf);
}

/* The bits of one register that the table passes or shows. */
static uint32_t filter(uint32_t leaf, uint32_t subleaf, enum cpuid_register where, uint32_t value) {
    uint32_t passed = 0, shown = 0;
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        const struct feature *feature = &features[i];
        if (feature->leaf == leaf && feature->subleaf == subleaf && feature->where == where) {
            passed |= (uint32_t)(feature->action == PASS) << feature->bit;
            shown |= (uint32_t)(feature->action == SHOW) << feature->bit;
        }
    }
    return (value & passed) | shown;
}

static struct cpuid_registers filtered(const struct builder *builder, uint32_t leaf,
                                       uint32_t subleaf) {
    struct cpuid_registers values = host(builder, leaf, subleaf);
    values.eax = filter(leaf, subleaf, EAX, values.eax);
    values.ebx = filter(leaf, subleaf, EBX, values.ebx);
    values.ecx = filter(leaf, subleaf, ECX, values.ecx);
    values.edx = filter(leaf, subleaf, EDX, values.edx);
    return values;
}

/* How many bits number the vCPUs of the one package. */
static uint32_t id_bits(uint32_t cpu_count) {
    uint32_t bits = 0;
    while (1u << bits < cpu_count) {
        bits++;
    }
    return bits;
}

/* Family and model are the host's; one logical processor in each core; APIC ids are the kernel's.
 */
static void add_features(struct builder *builder) {
    struct cpuid_registers real = host(builder, 1, 0), values = filtered(builder, 1, 0);
    uint32_t ids = 1u << id_bits(builder->config->cpu_count);
    uint32_t hyper_threading = builder->config->cpu_count > 1 ? 1u << 28 : 0;
    values.eax = real.eax;
    values.ebx = (real.ebx & 0x0000ff00u) | (ids > 255 ? 255 : ids) << 16; /* CLFLUSH size, ids */
    values.edx |= hyper_threading;
    add(builder, 1, 0, 0, values);
}

/* Deterministic cache parameters; the last level is shared by all cores, the others by none. */
static void add_caches(struct builder *builder) {
    uint32_t ids = 1u << id_bits(builder->config->cpu_count);
    for (uint32_t i = 0; i < 8; i++) {
        struct cpuid_registers values = host(builder, 4, i);
        uint32_t type = values.eax & 0x1f, level = values.eax >> 5 & 7;
        if (type == 0) {
            break;
        }
        values.eax &= 0x3fffu;
        values.eax |= (ids - 1) << 26 | (level >= 3 ? ids - 1 : 0) << 14;
        add(builder, 4, i, GUEST_CPUID_SUBLEAF, values);
    }
}

/* Extended topology: one thread in a core, CPU_COUNT cores in the package. EDX is the kernel's. */
static void add_topology(struct builder *builder) {
    const uint32_t thread_level = 1, core_level = 2;
    uint32_t cpu_count = builder->config->cpu_count;
    add(builder, 0xb, 0, GUEST_CPUID_SUBLEAF, (struct cpuid_registers){0, 1, thread_level << 8, 0});
    add(builder, 0xb, 1, GUEST_CPUID_SUBLEAF,
        (struct cpuid_registers){id_bits(cpu_count), cpu_count, 1 | core_level << 8, 0});
    add(builder, 0xb, 2, GUEST_CPUID_SUBLEAF, (struct cpuid_registers){0, 0, 2, 0});
}

/* Extended state: what the kernel switches. The sizes in subleaves 0 and 1 are the kernel's. */
static void add_xstate(struct builder *builder) {
    struct cpuid_registers values = host(builder, XSTATE_LEAF, 0);
    uint32_t allowed = values.eax & XSTATE_ALLOWED;
    if (allowed == 0) {
        return;
    }
    values.eax = allowed;
    values.edx = 0;
    add(builder, XSTATE_LEAF, 0, GUEST_CPUID_SUBLEAF, values);
    add(builder, XSTATE_LEAF, 1, GUEST_CPUID_SUBLEAF, filtered(builder, XSTATE_LEAF, 1));
    for (uint32_t i = 2; i < XSTATE_COUNT; i++) {
        if (allowed >> i & 1) {
            add(builder, XSTATE_LEAF, i, GUEST_CPUID_SUBLEAF, host(builder, XSTATE_LEAF, i));
        }
    }
}

/*
 * The measured frequencies, which Linux believes without calibration. The ratio is 1 because Linux
 * takes the crystal's for the APIC timer's, and the kernel's APIC timer counts at the TSC's rate.
 * Absent when unknown, or too high for the register.
 */
static void add_frequencies(struct builder *builder) {
    uint64_t ticks = builder->config->ticks_per_second;
    uint32_t megahertz = (uint32_t)((ticks + 500000) / 1000000);
    const uint32_t bus_megahertz = 100;
    if (ticks == 0 || ticks > UINT32_MAX) {
        return;
    }
    add(builder, 0x15, 0, 0, (struct cpuid_registers){1, 1, (uint32_t)ticks, 0});
    add(builder, 0x16, 0, 0, (struct cpuid_registers){megahertz, megahertz, bus_megahertz, 0});
}

static void add_signature(struct builder *builder, uint32_t leaf, uint32_t max,
                          const char *signature) {
    uint32_t words[3];
    memcpy(words, signature, sizeof(words));
    add(builder, leaf, 0, 0, (struct cpuid_registers){max, words[0], words[1], words[2]});
}

/* Ours; and KVM's with no feature, because Linux uses x2APIC only under a hypervisor it knows. */
static void add_hypervisor(struct builder *builder) {
    add_signature(builder, HYPERVISOR, HYPERVISOR + 1, "BulkheadHv\0\0");
    add(builder, HYPERVISOR + 1, 0, 0, (struct cpuid_registers){ABI_VERSION, 0, 0, 0});
    add_signature(builder, KVM, KVM + 1, "KVMKVMKVM\0\0\0");
    add(builder, KVM + 1, 0, 0, (struct cpuid_registers){0, 0, 0, 0});
}

static void add_extended(struct builder *builder) {
    const uint32_t extended_max = EXTENDED + 8;
    add(builder, EXTENDED, 0, 0, (struct cpuid_registers){extended_max, 0, 0, 0});
    add(builder, EXTENDED + 1, 0, 0, filtered(builder, EXTENDED + 1, 0));
    for (uint32_t leaf = EXTENDED + 2; leaf <= EXTENDED + 6; leaf++) {
        if (leaf != EXTENDED + 5) {                           /* reserved on Intel */
            add(builder, leaf, 0, 0, host(builder, leaf, 0)); /* brand string; L2 cache */
        }
    }
    add(builder, EXTENDED + 7, 0, 0, filtered(builder, EXTENDED + 7, 0));
    struct cpuid_registers sizes = host(builder, EXTENDED + 8, 0);
    add(builder, EXTENDED + 8, 0, 0, (struct cpuid_registers){sizes.eax & 0xffff, 0, 0, 0});
}

uint32_t cpuid_build(const struct cpuid_config *config, struct guest_cpuid *rows) {
    struct cpuid_registers basic = config->host(0, 0);
    struct builder builder = {.config = config,
                              .rows = rows,
                              .basic_max = basic.eax,
                              .extended_max = config->host(EXTENDED, 0).eax};
    if (builder.extended_max >> 16 != EXTENDED >> 16) {
        builder.extended_max = 0; /* a host without extended leaves answered with another one */
    }
    basic.eax = BASIC_MAX;
    add(&builder, 0, 0, 0, basic);
    add_features(&builder);
    add(&builder, 2, 0, 0, host(&builder, 2, 0)); /* cache descriptors */
    add_caches(&builder);
    add(&builder, 6, 0, 0, filtered(&builder, 6, 0));
    add(&builder, 7, 0, GUEST_CPUID_SUBLEAF, filtered(&builder, 7, 0));
    add_topology(&builder);
    add_xstate(&builder);
    add_frequencies(&builder);
    add_hypervisor(&builder);
    add_extended(&builder);
    return builder.row_count;
}

uint32_t cpuid_physical_bits(const struct guest_cpuid *rows, uint32_t row_count) {
    const uint32_t least = 36; /* where leaf 80000008h does not exist (SDM Vol. 3, 4.1.4) */
    for (uint32_t i = 0; i < row_count; i++) {
        if (rows[i].leaf == EXTENDED + 8 && (rows[i].eax & 0xff) != 0) {
            return rows[i].eax & 0xff;
        }
    }
    return least;
}

struct cpuid_registers cpuid_host(uint32_t leaf, uint32_t subleaf) {
    struct cpuid_registers values = {.eax = leaf, .ecx = subleaf};
    __asm__ volatile("cpuid"
                     : "+a"(values.eax), "=b"(values.ebx), "+c"(values.ecx), "=d"(values.edx));
    return values;
}
