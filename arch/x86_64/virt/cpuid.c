/*
 * CPUID policy. The VMM's rows are filtered once, when they are set; at run time a leaf is found by
 * index, and only rows marked dynamic need more than copying.
 */
#include "arch/x86_64/virt/cpuid.h"

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/registers.h"
#include "kernel/guest.h"

/* Marks in guest_cpuid.flags of the kernel's own copy. */
#define DYNAMIC_LEAF_1   0x10000u /* APIC id, OSXSAVE, the APIC bit */
#define DYNAMIC_LEAF_7   0x20000u /* OSPKE */
#define DYNAMIC_TOPOLOGY 0x40000u /* EDX: APIC id */
#define DYNAMIC_XSAVE_0  0x80000u /* EBX: size for XCR0 */
#define DYNAMIC_XSAVE_1  0x100000u
#define DYNAMIC          0x1f0000u
#define FLAGS_OF_ABI     (GUEST_CPUID_SUBLEAF | GUEST_CPUID_EXIT)

#define LEAF_XSAVE 0xdu

enum column { EAX, EBX, ECX, EDX };

/* Who provides a feature. */
enum provider {
    HOST,  /* the processor: only where the host's CPUID has the bit */
    KERNEL /* the kernel, on any host */
};

/*
 * Bits that a guest may be given, by leaf and register. In the leaves named here every other bit is
 * cleared; leaves not named are information and pass as the VMM wrote them. SDM Vol. 2, CPUID.
 */
struct filter_row {
    uint32_t leaf, subleaf;
    uint8_t column, provider;
    uint32_t mask;
    const char *why;
};
static const struct filter_row filter_rows[] = {
    {0x1,        0, ECX, HOST,   0x76da3203,
     "SSE3, PCLMUL, SSSE3, FMA, CX16, PCID, SSE4, MOVBE, POPCNT, AES, XSAVE, AVX, F16C, RDRAND" },
    {0x1,        0, ECX, KERNEL, 0x81200000, "x2APIC, TSC-deadline timer, hypervisor present"   },
    {0x1,        0, EDX, HOST,   0x1f8bf9ff,
     "all but the reserved bits, debug store, thermal monitor and PBE; APIC is the kernel's"    },
    {0x1,        0, EDX, KERNEL, 0x00000200, "APIC"                                             },
    {0x6,        0, EAX, KERNEL, 0x00000004,
     "the APIC timer always runs; nothing else of power management"                             },
    {0x7,        0, EBX, HOST,   0xfdbf27e9,
     "no SGX, MPX, RDT, PT, TSX: not virtualised; AVX2, BMI, SMEP, SMAP, AVX-512, SHA and so on"},
    {0x7,        0, EBX, KERNEL, 0x00000002, "TSC_ADJUST"                                       },
    {0x7,        0, ECX, HOST,   0x00405f4f,
     "VBMI, UMIP, PKU, VBMI2, GFNI, VAES, VNNI, BITALG, VPOPCNT, RDPID; no LA57, CET, WAITPKG"  },
    {0x7,        0, EDX, HOST,   0x0000451c,
     "AVX-512 4*, FSRM, VP2INTERSECT, MD_CLEAR, SERIALIZE; no SPEC_CTRL"                        },
    {0x7,        1, EAX, HOST,   0x00001c30, "AVX-VNNI, BF16, fast short REP"                   },
    {0x7,        1, EBX, HOST,   0,          "nothing"                                          },
    {0x7,        1, ECX, HOST,   0,          "nothing"                                          },
    {0x7,        1, EDX, HOST,   0,          "nothing"                                          },
    {LEAF_XSAVE, 1, EAX, HOST,   0x00000007, "XSAVEOPT, XSAVEC, XGETBV with 1; no XSAVES"       },
    {LEAF_XSAVE, 1, ECX, HOST,   0,          "no supervisor state: XSS is not offered"          },
    {LEAF_XSAVE, 1, EDX, HOST,   0,          "no supervisor state"                              },
    {0x80000001, 0, ECX, HOST,   0x00000121, "LAHF in 64-bit mode, LZCNT, PREFETCHW"            },
    {0x80000001, 0, EDX, HOST,   0x2c100800, "SYSCALL, NX, 1 GiB pages, RDTSCP, long mode"      },
    {0x80000007, 0, EDX, HOST,   0x00000100, "invariant TSC"                                    },
};

/* Leaves of things that the kernel does not virtualise: they read as zeros. */
static const struct {
    uint32_t leaf;
    const char *what;
} hidden_leaves[] = {
    {0x5,        "MONITOR and MWAIT"               },
    {0xa,        "performance monitoring"          },
    {0xf,        "resource monitoring"             },
    {0x10,       "resource allocation"             },
    {0x12,       "SGX"                             },
    {0x14,       "processor trace"                 },
    {0x17,       "vendor brand of a system on chip"},
    {0x19,       "key locker"                      },
    {0x1b,       "PCONFIG"                         },
    {0x1c,       "last branch records"             },
    {0x8000000a, "SVM"                             },
};

#define ECX1_XSAVE         (1u << 26)
#define ECX1_OSXSAVE       (1u << 27)
#define ECX1_PCID          (1u << 17)
#define EDX1_APIC          (1u << 9)
#define EBX7_INVPCID       (1u << 10)
#define ECX7_RDPID         (1u << 22)
#define ECX7_PKU           (1u << 3)
#define ECX7_OSPKE         (1u << 4)
#define EDX80000001_RDTSCP (1u << 27)

/* One CPUID bit and what it gates. */
enum gate_target { GATE_FEATURE, GATE_CR4, GATE_EFER };
struct gate_row {
    uint32_t leaf;
    uint8_t column, bit;
    uint8_t target; /* enum gate_target */
    uint32_t value;
};
static const struct gate_row gate_rows[] = {
    {0x1,        EDX, 1,  GATE_CR4,     0x3                    }, /* VME, PVI */
    {0x1,        EDX, 2,  GATE_CR4,     CR4_DE                 },
    {0x1,        EDX, 3,  GATE_CR4,     CR4_PSE                },
    {0x1,        EDX, 4,  GATE_CR4,     0x4                    }, /* TSD */
    {0x1,        EDX, 4,  GATE_FEATURE, VIRT_FEATURE_TSC       },
    {0x1,        EDX, 6,  GATE_CR4,     CR4_PAE                },
    {0x1,        EDX, 7,  GATE_CR4,     CR4_MCE                },
    {0x1,        EDX, 9,  GATE_FEATURE, VIRT_FEATURE_APIC      },
    {0x1,        EDX, 11, GATE_FEATURE, VIRT_FEATURE_SYSENTER  },
    {0x1,        EDX, 12, GATE_FEATURE, VIRT_FEATURE_MTRR      },
    {0x1,        EDX, 13, GATE_CR4,     CR4_PGE                },
    {0x1,        EDX, 14, GATE_FEATURE, VIRT_FEATURE_MCA       },
    {0x1,        EDX, 16, GATE_FEATURE, VIRT_FEATURE_PAT       },
    {0x1,        EDX, 24, GATE_CR4,     CR4_OSFXSR             },
    {0x1,        EDX, 25, GATE_CR4,     CR4_OSXMMEXCPT         },
    {0x1,        ECX, 17, GATE_CR4,     CR4_PCIDE              },
    {0x1,        ECX, 21, GATE_FEATURE, VIRT_FEATURE_X2APIC    },
    {0x1,        ECX, 24, GATE_FEATURE, VIRT_FEATURE_DEADLINE  },
    {0x1,        ECX, 26, GATE_CR4,     CR4_OSXSAVE            },
    {0x7,        EBX, 0,  GATE_CR4,     CR4_FSGSBASE           },
    {0x7,        EBX, 1,  GATE_FEATURE, VIRT_FEATURE_TSC_ADJUST},
    {0x7,        EBX, 7,  GATE_CR4,     CR4_SMEP               },
    {0x7,        EBX, 20, GATE_CR4,     CR4_SMAP               },
    {0x7,        ECX, 2,  GATE_CR4,     CR4_UMIP               },
    {0x7,        ECX, 3,  GATE_CR4,     CR4_PKE                },
    {0x7,        ECX, 22, GATE_FEATURE, VIRT_FEATURE_TSC_AUX   },
    {0x80000001, EDX, 11, GATE_EFER,    EFER_SCE               },
    {0x80000001, EDX, 20, GATE_EFER,    EFER_NXE               },
    {0x80000001, EDX, 27, GATE_FEATURE, VIRT_FEATURE_TSC_AUX   },
    {0x80000001, EDX, 29, GATE_FEATURE, VIRT_FEATURE_LONG_MODE },
    {0x80000001, EDX, 29, GATE_EFER,    EFER_LME               },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t *column_of(struct guest_cpuid *row, uint32_t column) {
    switch (column) {
    case EAX: return &row->eax;
    case EBX: return &row->ebx;
    case ECX: return &row->ecx;
    default: return &row->edx;
    }
}

static uint32_t host_column(const struct cpuid_host *host, uint32_t leaf, uint32_t subleaf,
                            uint32_t column) {
    struct cpuid_result result;
    host->cpuid(leaf, subleaf, &result);
    struct guest_cpuid row = {
        .eax = result.eax, .ebx = result.ebx, .ecx = result.ecx, .edx = result.edx};
    return *column_of(&row, column);
}

static void filter(struct guest_cpuid *row, const struct cpuid_host *host) {
    for (uint32_t i = 0; i < COUNT(hidden_leaves); i++)
        if (row->leaf == hidden_leaves[i].leaf)
            row->eax = row->ebx = row->ecx = row->edx = 0;
    for (uint32_t column = EAX; column <= EDX; column++) {
        uint32_t allowed = 0;
        bool is_named = false;
        for (uint32_t i = 0; i < COUNT(filter_rows); i++) {
            const struct filter_row *rule = &filter_rows[i];
            if (rule->leaf != row->leaf || rule->column != column ||
                ((row->flags & GUEST_CPUID_SUBLEAF) != 0 && rule->subleaf != row->subleaf))
                continue;
            is_named = true;
            allowed |= rule->provider == KERNEL
                           ? rule->mask
                           : rule->mask & host_column(host, rule->leaf, rule->subleaf, column);
        }
        if (is_named)
            *column_of(row, column) &= allowed;
    }
    if (row->leaf == 0x6)
        row->ebx = row->ecx = row->edx = 0;
    if (row->leaf == 0x7 && row->subleaf == 0) {
        row->ebx &= host->has_invpcid ? UINT32_MAX : ~EBX7_INVPCID;
        row->ecx &= host->has_rdtscp ? UINT32_MAX : ~ECX7_RDPID;
        row->ecx &= (host->xcr0 & XCR0_PKRU) != 0 ? UINT32_MAX : ~ECX7_PKU; /* not switched */
    }
    if (row->leaf == 0x80000001 && !host->has_rdtscp)
        row->edx &= ~EDX80000001_RDTSCP;
    if (row->leaf == LEAF_XSAVE && row->subleaf == 0) {
        row->eax &= (uint32_t)host->xcr0;
        row->edx &= (uint32_t)(host->xcr0 >> 32);
    }
}

static uint32_t dynamic_flags(const struct guest_cpuid *row) {
    switch (row->leaf) {
    case 0x1: return DYNAMIC_LEAF_1;
    case 0x7: return row->subleaf == 0 ? DYNAMIC_LEAF_7 : 0;
    case 0xb:
    case 0x1f: return DYNAMIC_TOPOLOGY;
    case LEAF_XSAVE:
        return row->subleaf == 0 ? DYNAMIC_XSAVE_0 : row->subleaf == 1 ? DYNAMIC_XSAVE_1 : 0;
    default: return 0;
    }
}

/* Basic leaves, those of hypervisors, extended ones; false: not in the index. */
static bool slot_of(uint32_t leaf, uint32_t *range, uint32_t *index) {
    *range = leaf >> 30;
    *index = leaf & 0x3fffffff;
    return *range < VIRT_CPUID_RANGES && *index < VIRT_CPUID_LEAVES;
}

static void apply_gates(struct arch_guest *guest, struct guest_cpuid *row) {
    if (row->subleaf != 0)
        return;
    for (uint32_t i = 0; i < COUNT(gate_rows); i++) {
        const struct gate_row *gate = &gate_rows[i];
        if (gate->leaf != row->leaf || (*column_of(row, gate->column) >> gate->bit & 1) == 0)
            continue;
        if (gate->target == GATE_FEATURE)
            guest->features |= gate->value;
        else if (gate->target == GATE_CR4)
            guest->cr4_allowed |= gate->value;
        else
            guest->efer_allowed |= gate->value;
    }
}

void cpuid_apply(struct arch_guest *guest, struct guest_cpuid *rows, uint32_t count,
                 const struct cpuid_host *host) {
    *guest = (struct arch_guest){.features = VIRT_FEATURE_ALWAYS,
                                 .physical_bits = 36,
                                 .apic_page = guest->apic_page};
    bool has_xsave = false;
    uint64_t xcr0 = XCR0_X87;
    for (uint32_t i = 0; i < count; i++) {
        struct guest_cpuid *row = &rows[i];
        if ((row->flags & GUEST_CPUID_SUBLEAF) == 0)
            row->subleaf = 0;
        filter(row, host);
        row->flags = (row->flags & FLAGS_OF_ABI) | dynamic_flags(row);
        uint32_t range, index;
        if (slot_of(row->leaf, &range, &index) && guest->cpuid_row[range][index] == NULL)
            guest->cpuid_row[range][index] = row;
        apply_gates(guest, row);
        if (row->leaf == 1)
            has_xsave = (row->ecx & ECX1_XSAVE) != 0;
        if (row->leaf == LEAF_XSAVE && row->subleaf == 0)
            xcr0 |= row->eax | (uint64_t)row->edx << 32;
        if (row->leaf == 0x80000008 && (row->eax & 0xff) >= 32 && (row->eax & 0xff) <= 52)
            guest->physical_bits = (uint8_t)row->eax;
    }
    guest->xcr0_allowed = has_xsave ? xcr0 : XCR0_X87;
    guest->cpuid_end = rows + count;
    if (count == 0 || rows[0].leaf != 0)
        return;
    /* Leaves beyond the highest read as that one. */
    guest->cpuid_last_basic = rows[0].eax;
    for (uint32_t leaf = rows[0].eax; leaf < VIRT_CPUID_LEAVES; leaf++)
        guest->cpuid_row[0][leaf] = rows[0].eax < VIRT_CPUID_LEAVES
                                        ? guest->cpuid_row[0][rows[0].eax]
                                        : NULL;
}

const struct guest_cpuid *cpuid_find(const struct guest *guest, uint32_t leaf, uint32_t subleaf) {
    const struct arch_guest *arch = &guest->arch;
    if (leaf > arch->cpuid_last_basic && leaf < 0x40000000)
        leaf = arch->cpuid_last_basic;
    uint32_t range, index;
    const struct guest_cpuid *row;
    if (slot_of(leaf, &range, &index)) {
        row = arch->cpuid_row[range][index];
        if (row == NULL)
            return NULL;
    } else {
        for (row = guest->cpuid; row != arch->cpuid_end && row->leaf != leaf; row++)
            ;
        if (row == arch->cpuid_end)
            return NULL;
    }
    if ((row->flags & GUEST_CPUID_SUBLEAF) == 0)
        return row;
    for (; row != arch->cpuid_end && row->leaf == leaf; row++)
        if (row->subleaf == subleaf)
            return row;
    return NULL;
}

uint32_t cpuid_xsave_size(uint64_t xcr0, bool is_compacted) {
    uint32_t size = 576; /* the legacy region and the header: SDM Vol. 1, 13.4 */
    for (uint32_t bit = 2; bit < 63; bit++) {
        if ((xcr0 >> bit & 1) == 0)
            continue;
        uint32_t length, offset, flags, unused;
        asm_cpuid(LEAF_XSAVE, bit, &length, &offset, &flags, &unused);
        if (!is_compacted)
            size = offset + length > size ? offset + length : size;
        else
            size = ((flags & 2) != 0 ? (size + 63) & ~63u : size) + length;
    }
    return size;
}

bool cpuid_xcr0_is_valid(uint64_t value, uint64_t allowed) {
    const uint64_t avx512 = XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM;
    if ((value & ~allowed) != 0 || (value & XCR0_X87) == 0)
        return false;
    if ((value & XCR0_AVX) != 0 && (value & XCR0_SSE) == 0)
        return false;
    return (value & avx512) == 0 || ((value & avx512) == avx512 && (value & XCR0_AVX) != 0);
}

/* What changes at run time. */
static void complete(struct vcpu *vcpu, const struct guest_cpuid *row) {
    uint64_t *gpr = vcpu->page->gpr;
    const struct lapic *lapic = &vcpu->arch.lapic;
    if ((row->flags & DYNAMIC_LEAF_1) != 0) {
        gpr[GPR_RBX] = (gpr[GPR_RBX] & 0x00ffffff) | (uint64_t)(lapic->id & 0xff) << 24;
        if ((vcpu_get_cr4(vcpu) & CR4_OSXSAVE) != 0)
            gpr[GPR_RCX] |= ECX1_OSXSAVE;
        if (!lapic_is_enabled(lapic))
            gpr[GPR_RDX] &= ~(uint64_t)EDX1_APIC;
    } else if ((row->flags & DYNAMIC_LEAF_7) != 0) {
        if ((vcpu_get_cr4(vcpu) & CR4_PKE) != 0)
            gpr[GPR_RCX] |= ECX7_OSPKE;
    } else if ((row->flags & DYNAMIC_TOPOLOGY) != 0) {
        gpr[GPR_RDX] = lapic->id;
    } else if ((row->flags & DYNAMIC_XSAVE_0) != 0) {
        gpr[GPR_RBX] = cpuid_xsave_size(vcpu->arch.xstate.xcr0, false);
        gpr[GPR_RCX] = cpuid_xsave_size(vcpu->guest->arch.xcr0_allowed, false);
    } else {
        gpr[GPR_RBX] = cpuid_xsave_size(vcpu->arch.xstate.xcr0, true);
    }
}

static void copy(uint64_t *gpr, const struct guest_cpuid *row) {
    gpr[GPR_RAX] = row->eax;
    gpr[GPR_RBX] = row->ebx;
    gpr[GPR_RCX] = row->ecx;
    gpr[GPR_RDX] = row->edx;
}

/* Leaves with subleaves, of other ranges, that change, or that are not there. */
static __attribute__((noinline)) enum exit_action answer_slowly(struct vcpu *vcpu) {
    static const struct guest_cpuid zeros;
    uint64_t *gpr = vcpu->page->gpr;
    const struct guest_cpuid *row = cpuid_find(vcpu->guest, (uint32_t)gpr[GPR_RAX],
                                               (uint32_t)gpr[GPR_RCX]);
    if (row == NULL) {
        copy(gpr, &zeros);
        return ACTION_ADVANCE;
    }
    if ((row->flags & GUEST_CPUID_EXIT) != 0) {
        vcpu->arch.leave_kind = EXIT_CPUID;
        return ACTION_LEAVE;
    }
    copy(gpr, row);
    if ((row->flags & DYNAMIC) != 0)
        complete(vcpu, row);
    return ACTION_ADVANCE;
}

enum exit_action cpuid_exit(struct vcpu *vcpu) {
    uint64_t *gpr = vcpu->page->gpr;
    uint32_t leaf = (uint32_t)gpr[GPR_RAX];
    if (leaf >= VIRT_CPUID_LEAVES)
        return answer_slowly(vcpu);
    const struct guest_cpuid *row =
        vcpu->guest->arch.cpuid_row[0][leaf % VIRT_CPUID_LEAVES]; /* also in speculation */
    if (row == NULL || row->flags != 0)
        return answer_slowly(vcpu);
    copy(gpr, row);
    return ACTION_ADVANCE;
}
