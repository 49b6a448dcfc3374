/*
 * MSR policy. One table says for each MSR that the kernel virtualises which CPUID bit gates it,
 * whether hardware may do it alone, and how it is read and written; an index by number finds the
 * row at once. What has no row here is the VMM's to decide (guest_set_msr), or faults.
 */
#include "arch/x86_64/virt/msr.h"

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/virt/cpuid.h"
#include "kernel/guest.h"

bool msr_is_canonical(uint64_t address) {
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* Types of memory: UC 0, WC 1, WT 4, WP 5, WB 6, and in the PAT UC- 7. */
static bool types_are_valid(uint64_t value, uint32_t set) {
    for (uint32_t i = 0; i < 8; i++, value >>= 8)
        if ((value & 0xff) > 7 || (set >> (value & 7) & 1) == 0)
            return false;
    return true;
}

bool msr_pat_is_valid(uint64_t value) {
    return types_are_valid(value, 0xf3);
}

bool msr_mtrr_types_are_valid(uint64_t value) {
    return types_are_valid(value, 0x73);
}

bool msr_mtrr_default_is_valid(uint64_t value) {
    return (value & ~0xcffull) == 0 && (value & 0xff) <= 7 && (0x73 >> (value & 7) & 1) != 0;
}

/* ---- constants */

static enum msr_result read_zero(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)vcpu, (void)index;
    *value = 0;
    return MSR_DONE;
}

static enum msr_result drop(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)vcpu, (void)index, (void)value;
    return MSR_DONE;
}

/* Locked, VMX and SGX off. */
static enum msr_result read_feature_control(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)vcpu, (void)index;
    *value = 1;
    return MSR_DONE;
}

/* Some revision, in the upper half. */
static enum msr_result read_microcode(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)vcpu, (void)index;
    *value = 1ull << 32;
    return MSR_DONE;
}

/* Eight variable ranges, fixed ranges, write combining. */
static enum msr_result read_mtrr_cap(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)vcpu, (void)index;
    *value = GUEST_MTRR_VARIABLE | 1u << 8 | 1u << 10;
    return MSR_DONE;
}

/* ---- time */

static uint64_t *offset_of(struct vcpu *vcpu) {
    return &vcpu->arch.lapic.tsc_offset;
}

static enum msr_result read_tsc(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = asm_rdtsc() + *offset_of(vcpu);
    return MSR_DONE;
}

/* Moves the guest's TSC by a number of ticks; a deadline is a value of it and moves as well. */
static void adjust_tsc(struct vcpu *vcpu, uint64_t ticks) {
    struct lapic *lapic = &vcpu->arch.lapic;
    lapic->tsc_offset += ticks;
    vcpu->arch.msrs.tsc_adjust += ticks;
    if (lapic->tsc_deadline != 0)
        lapic_set_tsc_deadline(lapic, lapic->tsc_deadline, asm_rdtsc());
    vcpu_load_clock(vcpu);
}

static enum msr_result write_tsc(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    adjust_tsc(vcpu, value - (asm_rdtsc() + *offset_of(vcpu)));
    return MSR_DONE;
}

static enum msr_result read_tsc_adjust(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu->arch.msrs.tsc_adjust;
    return MSR_DONE;
}

static enum msr_result write_tsc_adjust(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    adjust_tsc(vcpu, value - vcpu->arch.msrs.tsc_adjust);
    return MSR_DONE;
}

static enum msr_result read_tsc_aux(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu->arch.msrs.tsc_aux;
    return MSR_DONE;
}

static enum msr_result write_tsc_aux(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    if (value >> 32 != 0)
        return MSR_FAULT;
    vcpu->arch.msrs.tsc_aux = value;
    vcpu_load_tsc_aux(vcpu);
    return MSR_DONE;
}

static enum msr_result read_deadline(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu->arch.lapic.tsc_deadline;
    return MSR_DONE;
}

static enum msr_result write_deadline(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    lapic_set_tsc_deadline(&vcpu->arch.lapic, value, asm_rdtsc());
    return MSR_DONE;
}

/* ---- local APIC */

static enum msr_result read_apic_base(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu->arch.lapic.base;
    return MSR_DONE;
}

static enum msr_result write_apic_base(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    bool has_x2apic = (vcpu->guest->arch.features & VIRT_FEATURE_X2APIC) != 0;
    if (((value & APIC_BASE_X2APIC) != 0 && !has_x2apic) ||
        !lapic_set_base(&vcpu->arch.lapic, value))
        return MSR_FAULT;
    vcpu_add_work(vcpu, VCPU_WORK_APIC_MODE | VCPU_WORK_INTERRUPT | VCPU_WORK_EXTERNAL);
    return MSR_DONE;
}

static enum msr_result read_x2apic(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    struct lapic *lapic = &vcpu->arch.lapic;
    if (!lapic_is_x2apic(lapic))
        return MSR_FAULT;
    uint32_t effect = lapic_read(lapic, index - 0x800, asm_rdtsc(), value);
    return effect == 0 ? MSR_DONE : MSR_FAULT;
}

static enum msr_result write_x2apic(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    struct lapic *lapic = &vcpu->arch.lapic;
    if (!lapic_is_x2apic(lapic))
        return MSR_FAULT;
    uint32_t effect = lapic_write(lapic, index - 0x800, value, asm_rdtsc());
    if (effect == 0)
        return MSR_DONE;
    if ((effect & LAPIC_EFFECT_FAULT) != 0)
        return MSR_FAULT;
    return vcpu_apic_effect(vcpu, effect) == ACTION_LEAVE ? MSR_DONE_LEAVE : MSR_DONE;
}

/* ---- memory types */

static enum msr_result read_pat(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu_get_pat(vcpu);
    return MSR_DONE;
}

static enum msr_result write_pat(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    if (!msr_pat_is_valid(value))
        return MSR_FAULT;
    vcpu_set_pat(vcpu, value);
    return MSR_DONE;
}

/* 250h, 258h, 259h, 268h to 26Fh: the eleven fixed ranges in order. */
static uint64_t *mtrr_fixed(struct vcpu *vcpu, uint32_t index) {
    uint32_t number = index == 0x250 ? 0 : index < 0x260 ? index - 0x258 + 1 : index - 0x268 + 3;
    return &vcpu->arch.msrs.mtrr_fixed[number];
}

static enum msr_result read_mtrr_fixed(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    *value = *mtrr_fixed(vcpu, index);
    return MSR_DONE;
}

static enum msr_result write_mtrr_fixed(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    if (!msr_mtrr_types_are_valid(value))
        return MSR_FAULT;
    *mtrr_fixed(vcpu, index) = value;
    return MSR_DONE;
}

static uint64_t *mtrr_variable(struct vcpu *vcpu, uint32_t index) {
    uint32_t number = (index - 0x200) / 2;
    return (index & 1) != 0 ? &vcpu->arch.msrs.mtrr_mask[number]
                            : &vcpu->arch.msrs.mtrr_base[number];
}

static enum msr_result read_mtrr_variable(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    *value = *mtrr_variable(vcpu, index);
    return MSR_DONE;
}

static enum msr_result write_mtrr_variable(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    bool is_mask = (index & 1) != 0;
    if (value >> vcpu->guest->arch.physical_bits != 0 ||
        (value & 0xfff & ~(is_mask ? 0x800ull : 0xffull)) != 0)
        return MSR_FAULT;
    if (!is_mask && !msr_mtrr_types_are_valid((value & 0xff) | 0x0606060606060600))
        return MSR_FAULT;
    *mtrr_variable(vcpu, index) = value;
    return MSR_DONE;
}

static enum msr_result read_mtrr_default(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu->arch.msrs.mtrr_default;
    return MSR_DONE;
}

static enum msr_result write_mtrr_default(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    if (!msr_mtrr_default_is_valid(value))
        return MSR_FAULT;
    vcpu->arch.msrs.mtrr_default = value;
    return MSR_DONE;
}

/* ---- machine check: no banks, nothing to report */

static enum msr_result read_mcg_status(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu->arch.msrs.mcg_status;
    return MSR_DONE;
}

static enum msr_result write_mcg_status(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    if (value != 0)
        return MSR_FAULT;
    vcpu->arch.msrs.mcg_status = 0;
    return MSR_DONE;
}

/* ---- processor modes */

static enum msr_result read_misc_enable(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu->arch.msrs.misc_enable;
    return MSR_DONE;
}

/* Fast strings can be switched; the rest stays. */
static enum msr_result write_misc_enable(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    if (((value ^ vcpu->arch.msrs.misc_enable) & ~1ull) != 0)
        return MSR_FAULT;
    vcpu->arch.msrs.misc_enable = value;
    return MSR_DONE;
}

static enum msr_result read_efer(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu_get_efer(vcpu);
    return MSR_DONE;
}

static enum msr_result write_efer(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    return vcpu_set_efer(vcpu, value) ? MSR_DONE : MSR_FAULT;
}

static enum msr_result read_debugctl(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    (void)index;
    *value = vcpu_get_debugctl(vcpu);
    return MSR_DONE;
}

/* Single step on branches; last branch records stay off. */
static enum msr_result write_debugctl(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    (void)index;
    if ((value & ~3ull) != 0)
        return MSR_FAULT;
    vcpu_set_debugctl(vcpu, value & 2);
    return MSR_DONE;
}

/* ---- system calls of the guest */

static enum msr_result read_syscall(struct vcpu *vcpu, uint32_t index, uint64_t *value) {
    switch (index) {
    case 0xc0000081: *value = vcpu->arch.star; break;
    case 0xc0000082: *value = vcpu->arch.lstar; break;
    case 0xc0000083: *value = vcpu->arch.msrs.cstar; break;
    default: *value = vcpu->arch.fmask; break;
    }
    return MSR_DONE;
}

static enum msr_result write_syscall(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    switch (index) {
    case 0xc0000081: vcpu->arch.star = value; break;
    case 0xc0000082:
        if (!msr_is_canonical(value))
            return MSR_FAULT;
        vcpu->arch.lstar = value;
        break;
    case 0xc0000083:
        if (!msr_is_canonical(value))
            return MSR_FAULT;
        vcpu->arch.msrs.cstar = value; /* only compatibility mode on AMD would use it */
        return MSR_DONE;
    default:
        if (value >> 32 != 0)
            return MSR_FAULT;
        vcpu->arch.fmask = value;
        break;
    }
    vcpu_load_syscall(vcpu);
    return MSR_DONE;
}

/* ---- the table: sorted; SDM Vol. 4, 2.1 "Architectural MSRs" */

#define F(name) VIRT_FEATURE_##name
const struct guest_msr_row guest_msr_rows[] = {
    {0x010,      0x010,      F(TSC),        MSR_PASS_READ, read_tsc,             write_tsc,           "TSC",                    "offset by hardware"        },
    {0x017,      0x017,      F(ALWAYS),     0,             read_zero,            NULL,                "PLATFORM_ID",            "microcode loaders look"    },
    {0x01b,      0x01b,      F(APIC),       0,             read_apic_base,       write_apic_base,     "APIC_BASE",              "mode of the APIC"          },
    {0x03a,      0x03a,      F(ALWAYS),     0,             read_feature_control, NULL,                "FEATURE_CONTROL",        "locked"                    },
    {0x03b,      0x03b,      F(TSC_ADJUST), 0,             read_tsc_adjust,      write_tsc_adjust,    "TSC_ADJUST",             "TSC"                       },
    {0x08b,      0x08b,      F(ALWAYS),     0,             read_microcode,       drop,                "BIOS_SIGN_ID",           "read at every start"       },
    {0x0ce,      0x0ce,      F(ALWAYS),     0,             read_zero,            NULL,                "PLATFORM_INFO",          "no ratios to tell"         },
    {0x0fe,      0x0fe,      F(MTRR),       0,             read_mtrr_cap,        NULL,                "MTRRCAP",                "guest state without effect"},
    {0x174,      0x176,      F(SYSENTER),   MSR_PASS_ALL,  NULL,                 NULL,                "SYSENTER_*",             "VMCS guest state"          },
    {0x179,      0x179,      F(MCA),        0,             read_zero,            NULL,                "MCG_CAP",                "no banks"                  },
    {0x17a,      0x17a,      F(MCA),        0,             read_mcg_status,      write_mcg_status,    "MCG_STATUS",             "no banks"                  },
    {0x1a0,      0x1a0,      F(ALWAYS),     0,             read_misc_enable,     write_misc_enable,   "MISC_ENABLE",            "features"                  },
    {0x1d9,      0x1d9,      F(ALWAYS),     0,             read_debugctl,        write_debugctl,      "DEBUGCTL",               "branch step"               },
    {0x200,      0x20f,      F(MTRR),       0,             read_mtrr_variable,   write_mtrr_variable, "MTRR_PHYS*",             "state"                     },
    {0x250,      0x250,      F(MTRR),       0,             read_mtrr_fixed,      write_mtrr_fixed,    "MTRR_FIX64K",            "state"                     },
    {0x258,      0x259,      F(MTRR),       0,             read_mtrr_fixed,      write_mtrr_fixed,    "MTRR_FIX16K",            "state"                     },
    {0x268,      0x26f,      F(MTRR),       0,             read_mtrr_fixed,      write_mtrr_fixed,    "MTRR_FIX4K",             "state"                     },
    {0x277,      0x277,      F(PAT),        0,             read_pat,             write_pat,           "PAT",                    "VMCS guest state"          },
    {0x2ff,      0x2ff,      F(MTRR),       0,             read_mtrr_default,    write_mtrr_default,  "MTRR_DEF_TYPE",          "state"                     },
    {0x6e0,      0x6e0,      F(DEADLINE),   0,             read_deadline,        write_deadline,      "TSC_DEADLINE",           "APIC timer"                },
    {0x800,      0x8ff,      F(X2APIC),     0,             read_x2apic,          write_x2apic,        "x2APIC",                 "passed by tier: vmx/apic.c"},
    {0xc0000080, 0xc0000080, F(LONG_MODE),  MSR_PASS_READ, read_efer,            write_efer,          "EFER",                   "modes"                     },
    {0xc0000081, 0xc0000084, F(LONG_MODE),  0,             read_syscall,         write_syscall,       "STAR to FMASK",
     "known to the kernel without reading them at every exit"                                                                                               },
    {0xc0000100, 0xc0000102, F(LONG_MODE),  MSR_PASS_ALL,  NULL,                 NULL,                "FS, GS, KERNEL_GS_BASE",
     "VMCS guest state; the kernel and ring 3 use no KERNEL_GS_BASE"                                                                                        },
    {0xc0000103, 0xc0000103, F(TSC_AUX),    0,             read_tsc_aux,         write_tsc_aux,       "TSC_AUX",                "RDTSCP"                    },
};
#undef F
const size_t guest_msr_row_count = sizeof(guest_msr_rows) / sizeof(guest_msr_rows[0]);

/* ---- finding a row */

#define LOW_COUNT  0x900u
#define HIGH_FIRST 0xc0000080u
#define HIGH_COUNT 0x84u
/* Number of the row + 1; 0: none. */
static uint8_t low_index[LOW_COUNT], high_index[HIGH_COUNT];

void msr_index_init(void) {
    for (size_t i = 0; i < guest_msr_row_count; i++) {
        const struct guest_msr_row *row = &guest_msr_rows[i];
        for (uint32_t index = row->first; index <= row->last; index++) {
            if (index < LOW_COUNT)
                low_index[index] = (uint8_t)(i + 1);
            else if (index - HIGH_FIRST < HIGH_COUNT)
                high_index[index - HIGH_FIRST] = (uint8_t)(i + 1);
        }
    }
}

const struct guest_msr_row *msr_row_of(uint32_t index) {
    uint32_t number = 0;
    if (index < LOW_COUNT)
        number = low_index[index];
    else if (index - HIGH_FIRST < HIGH_COUNT)
        number = high_index[index - HIGH_FIRST];
    return number == 0 ? NULL : &guest_msr_rows[number - 1];
}

/* ---- the VMM's rows */

static const struct guest_msr *vmm_row(const struct guest *guest, uint32_t index) {
    for (uint32_t i = 0; i < guest->msr_count; i++)
        if (index >= guest->msr[i].first && index <= guest->msr[i].last)
            return &guest->msr[i];
    return NULL;
}

static enum exit_action leave(struct vcpu *vcpu, uint32_t index, bool is_write, uint64_t value) {
    struct vcpu_exit *exit = &vcpu->page->exit;
    exit->msr.index = index;
    exit->msr.is_write = is_write;
    exit->msr.value = value;
    vcpu->arch.leave_kind = EXIT_MSR;
    return ACTION_LEAVE;
}

static enum exit_action finish_read(struct vcpu *vcpu, uint64_t value) {
    vcpu->page->gpr[GPR_RAX] = (uint32_t)value;
    vcpu->page->gpr[GPR_RDX] = value >> 32;
    return ACTION_ADVANCE;
}

static enum exit_action read_by_vmm(struct vcpu *vcpu, uint32_t index) {
    const struct guest_msr *row = vmm_row(vcpu->guest, index);
    if (row == NULL || row->action == GUEST_MSR_FAULT)
        return ACTION_PROTECTION;
    if (row->action == GUEST_MSR_EXIT)
        return leave(vcpu, index, false, 0);
    return finish_read(vcpu, row->value);
}

static enum exit_action write_by_vmm(struct vcpu *vcpu, uint32_t index, uint64_t value) {
    const struct guest_msr *row = vmm_row(vcpu->guest, index);
    if (row == NULL || row->action == GUEST_MSR_FAULT || row->action == GUEST_MSR_VALUE_READ_ONLY)
        return ACTION_PROTECTION;
    if (row->action == GUEST_MSR_EXIT)
        return leave(vcpu, index, true, value);
    return ACTION_ADVANCE;
}

/* ---- the instructions */

static enum exit_action action_of(enum msr_result result) {
    switch (result) {
    case MSR_DONE: return ACTION_ADVANCE;
    case MSR_LEAVE: return ACTION_LEAVE;
    case MSR_DONE_LEAVE: return ACTION_ADVANCE_LEAVE;
    default: return ACTION_PROTECTION;
    }
}

enum exit_action msr_read_exit(struct vcpu *vcpu) {
    uint32_t index = (uint32_t)vcpu->page->gpr[GPR_RCX];
    const struct guest_msr_row *row = msr_row_of(index);
    if (row == NULL)
        return read_by_vmm(vcpu, index);
    if ((vcpu->guest->arch.features & row->feature) == 0 || row->read == NULL)
        return ACTION_PROTECTION;
    uint64_t value;
    enum msr_result result = row->read(vcpu, index, &value);
    if (result != MSR_DONE)
        return action_of(result);
    return finish_read(vcpu, value);
}

/* By far the most frequent write where the processor does not do it. */
static enum exit_action write_eoi(struct vcpu *vcpu, uint64_t value) {
    if (!lapic_is_x2apic(&vcpu->arch.lapic) || value != 0)
        return ACTION_PROTECTION;
    return vcpu_end_of_interrupt(vcpu) == ACTION_LEAVE ? ACTION_ADVANCE_LEAVE : ACTION_ADVANCE;
}

enum exit_action msr_write_exit(struct vcpu *vcpu) {
    const uint64_t *gpr = vcpu->page->gpr;
    uint32_t index = (uint32_t)gpr[GPR_RCX];
    uint64_t value = (uint32_t)gpr[GPR_RAX] | gpr[GPR_RDX] << 32;
    if (index == 0x800 + LAPIC_EOI)
        return write_eoi(vcpu, value);
    const struct guest_msr_row *row = msr_row_of(index);
    if (row == NULL)
        return write_by_vmm(vcpu, index, value);
    if ((vcpu->guest->arch.features & row->feature) == 0 || row->write == NULL)
        return ACTION_PROTECTION;
    return action_of(row->write(vcpu, index, value));
}
