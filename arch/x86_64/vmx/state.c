/*
 * The whole state of a vCPU, out of and into the ABI's structure. Setting checks everything first,
 * then writes without a way to fail. kernel_lock is held and no thread has entered the vCPU.
 */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/virt/cpuid.h"
#include "arch/x86_64/virt/msr.h"
#include "arch/x86_64/vmx/event.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/guest.h"
#include "kernel/log.h"
#include "kernel/partition.h"
#include "kernel/string.h"
#include "kernel/timer.h"

/* ---- segments */

#define RIGHTS_UNUSABLE (1u << 16)

static struct guest_segment get_segment(uint32_t number) {
    uint32_t rights = vmcs_read_32(vmcs_segment_rights(number));
    return (struct guest_segment){
        .base = vmcs_read(vmcs_segment_base(number)),
        .limit = vmcs_read_32(vmcs_segment_limit(number)),
        .selector = vmcs_read_16(vmcs_segment_selector(number)),
        .attributes = (uint16_t)((rights & 0xf0ff) | ((rights & RIGHTS_UNUSABLE) != 0 ? 0x100 : 0)),
    };
}

static void set_segment(uint32_t number, const struct guest_segment *segment) {
    uint32_t rights = segment->attributes & 0xf0ffu;
    if ((segment->attributes & 0x100) != 0)
        rights |= RIGHTS_UNUSABLE;
    vmcs_write(vmcs_segment_base(number), segment->base);
    vmcs_write_32(vmcs_segment_limit(number), segment->limit);
    vmcs_write_16(vmcs_segment_selector(number), segment->selector);
    vmcs_write_32(vmcs_segment_rights(number), rights);
}

static const uint16_t segment_offsets[VMCS_SEGMENT_COUNT] = {
    [VMCS_SEGMENT_ES] = offsetof(struct guest_state, es),
    [VMCS_SEGMENT_CS] = offsetof(struct guest_state, cs),
    [VMCS_SEGMENT_SS] = offsetof(struct guest_state, ss),
    [VMCS_SEGMENT_DS] = offsetof(struct guest_state, ds),
    [VMCS_SEGMENT_FS] = offsetof(struct guest_state, fs),
    [VMCS_SEGMENT_GS] = offsetof(struct guest_state, gs),
    [VMCS_SEGMENT_LDTR] = offsetof(struct guest_state, ldtr),
    [VMCS_SEGMENT_TR] = offsetof(struct guest_state, tr),
};

/* ---- events */

static const struct {
    uint32_t kind, type;
} event_kinds[] = {
    {INJECT_EXTERNAL,  EVENT_EXTERNAL           },
    {INJECT_EXCEPTION, EVENT_EXCEPTION          },
    {INJECT_NMI,       EVENT_NMI                },
 /* What an instruction raised: told apart by its length. */
    {INJECT_EXCEPTION, EVENT_SOFTWARE_EXCEPTION },
    {INJECT_EXTERNAL,  EVENT_SOFTWARE_INTERRUPT },
    {INJECT_EXCEPTION, EVENT_PRIVILEGED_SOFTWARE},
};
#define EVENT_KIND_COUNT (sizeof event_kinds / sizeof event_kinds[0])

static void get_event(const struct vcpu *vcpu, struct guest_state *state) {
    struct vcpu_event event = vcpu->arch.event;
    if (event.info == 0 && (vmcs_read_32(ENTRY_EVENT) & EVENT_VALID) != 0) {
        event.info = vmcs_read_32(ENTRY_EVENT); /* prepared, and then the vCPU left */
        event.error = vmcs_read_32(ENTRY_EVENT_ERROR);
        event.instruction_length = vmcs_read_32(ENTRY_INSTRUCTION_LENGTH);
    }
    if (event.info == 0)
        return;
    for (uint32_t i = 0; i < EVENT_KIND_COUNT; i++)
        if (event_kinds[i].type == (event.info & EVENT_TYPE))
            state->event_kind = event_kinds[i].kind;
    state->event_vector = event.info & EVENT_VECTOR;
    state->event_has_error = (event.info & EVENT_HAS_ERROR) != 0;
    state->event_error = event.error;
    if (event_has_length(event.info))
        state->event_instruction_length = event.instruction_length;
}

static uint32_t event_type(const struct guest_state *state) {
    bool is_software = state->event_instruction_length != 0;
    if (state->event_kind == INJECT_NMI)
        return EVENT_NMI;
    if (state->event_kind == INJECT_EXTERNAL)
        return is_software ? EVENT_SOFTWARE_INTERRUPT : EVENT_EXTERNAL;
    if (!is_software)
        return EVENT_EXCEPTION;
    return state->event_vector == 1 ? EVENT_PRIVILEGED_SOFTWARE : EVENT_SOFTWARE_EXCEPTION;
}

static void set_event(struct vcpu *vcpu, const struct guest_state *state) {
    struct vcpu_event *event = &vcpu->arch.event;
    vmcs_write_32(ENTRY_EVENT, 0);
    event->info = 0;
    if (state->event_kind == INJECT_NONE)
        return;
    event->info = EVENT_VALID | event_type(state) | state->event_vector |
                  (state->event_has_error != 0 ? EVENT_HAS_ERROR : 0);
    event->error = state->event_error;
    event->instruction_length = state->event_instruction_length;
    vcpu_add_work(vcpu, VCPU_WORK_EVENT);
}

/* ---- local APIC */

static void get_apic(const struct vcpu *vcpu, struct guest_state *state, uint64_t now) {
    const struct lapic *lapic = &vcpu->arch.lapic;
    state->apic_base = lapic->base;
    for (uint32_t i = 0; i < LAPIC_REGISTER_COUNT; i++) {
        uint64_t value;
        if (i == LAPIC_PPR || i == LAPIC_TIMER_CURRENT || lapic_read(lapic, i, now, &value) != 0)
            value = i == LAPIC_DFR || i == LAPIC_ICR_HIGH ? lapic_get(lapic, i) : 0;
        state->apic_register[i] = (uint32_t)value;
        if (i == LAPIC_ICR && lapic_is_x2apic(lapic))
            state->apic_register[LAPIC_ICR_HIGH] = (uint32_t)(value >> 32);
    }
    if (lapic_is_x2apic(lapic)) {
        uint64_t command;
        lapic_read(lapic, LAPIC_ICR, now, &command);
        state->apic_register[LAPIC_ICR_HIGH] = (uint32_t)(command >> 32);
    }
    state->tsc_deadline = lapic->tsc_deadline;
    if (lapic->deadline != LAPIC_NEVER && lapic->tsc_deadline == 0)
        state->apic_timer_deadline_ns = clock_ticks_to_ns(lapic->deadline);
}

static void set_apic(struct vcpu *vcpu, const struct guest_state *state, uint64_t now) {
    struct lapic *lapic = &vcpu->arch.lapic;
    uint64_t deadline = LAPIC_NEVER;
    if (state->apic_timer_deadline_ns != 0)
        deadline = clock_ns_to_ticks(state->apic_timer_deadline_ns);
    lapic_restore(lapic, state->apic_base, state->apic_register, state->tsc_deadline, deadline,
                  now);
    vmx_apic_choose(vcpu);
}

/* ---- get */

enum status arch_vcpu_get_state(struct vcpu *vcpu, struct guest_state *state) {
    struct cpu *cpu = cpu_self();
    struct arch_vcpu *arch = &vcpu->arch;
    vmx_vcpu_load_for_call(vcpu);
    vmx_registers_save(cpu, vcpu);
    if (cpu->arch.xstate == &arch->xstate)
        xstate_save(cpu);
    bool is_virtual = arch->lapic.is_virtual;
    vmx_apic_to_memory(vcpu);

    uint64_t now = arch_ticks();
    state->version = GUEST_STATE_VERSION;
    state->size = sizeof *state;
    memcpy(state->gpr, vcpu->page->gpr, sizeof state->gpr);
    state->gpr[GPR_RSP] = vmcs_read(GUEST_RSP);
    state->rip = vmcs_read(GUEST_RIP);
    state->rflags = vmcs_read(GUEST_RFLAGS);
    state->cr0 = vmx_guest_cr0(vcpu);
    state->cr2 = arch->cr2;
    state->cr3 = vmcs_read(GUEST_CR3);
    state->cr4 = vcpu_get_cr4(vcpu);
    state->xcr0 = arch->xstate.xcr0;
    memcpy(state->dr, arch->dr, sizeof state->dr);
    state->dr6 = arch->dr6;
    state->dr7 = vmcs_read(GUEST_DR7);
    for (uint32_t i = 0; i < VMCS_SEGMENT_COUNT; i++) {
        struct guest_segment segment = get_segment(i);
        memcpy((char *)state + segment_offsets[i], &segment, sizeof segment);
    }
    state->gdtr.base = vmcs_read(GUEST_GDTR_BASE);
    state->gdtr.limit = vmcs_read_32(GUEST_GDTR_LIMIT);
    state->idtr.base = vmcs_read(GUEST_IDTR_BASE);
    state->idtr.limit = vmcs_read_32(GUEST_IDTR_LIMIT);
    state->efer = vmcs_read_64(GUEST_EFER);
    state->pat = vmcs_read_64(GUEST_PAT);
    state->star = arch->star;
    state->lstar = arch->lstar;
    state->cstar = arch->msrs.cstar;
    state->fmask = arch->fmask;
    state->kernel_gs_base = arch->msrs.kernel_gs_base;
    state->sysenter_cs = vmcs_read_32(GUEST_SYSENTER_CS);
    state->sysenter_esp = vmcs_read(GUEST_SYSENTER_ESP);
    state->sysenter_eip = vmcs_read(GUEST_SYSENTER_EIP);
    state->debugctl = vmcs_read_64(GUEST_DEBUGCTL);
    state->tsc_aux = arch->msrs.tsc_aux;
    state->misc_enable = arch->msrs.misc_enable;
    state->tsc = now + arch->lapic.tsc_offset;
    state->clock_ns = clock_ticks_to_ns(now);
    if ((state->cr0 & CR0_PG) != 0 && (state->cr4 & CR4_PAE) != 0 &&
        (state->efer & EFER_LMA) == 0) {
        state->pdpte[0] = vmcs_read_64(GUEST_PDPTE_0);
        state->pdpte[1] = vmcs_read_64(GUEST_PDPTE_1);
        state->pdpte[2] = vmcs_read_64(GUEST_PDPTE_2);
        state->pdpte[3] = vmcs_read_64(GUEST_PDPTE_3);
    }
    state->mtrr_default = arch->msrs.mtrr_default;
    memcpy(state->mtrr_fixed, arch->msrs.mtrr_fixed, sizeof state->mtrr_fixed);
    for (uint32_t i = 0; i < GUEST_MTRR_VARIABLE; i++) {
        state->mtrr_variable[i].base = arch->msrs.mtrr_base[i];
        state->mtrr_variable[i].mask = arch->msrs.mtrr_mask[i];
    }
    state->pending_debug = vmcs_read(GUEST_PENDING_DEBUG);
    state->activity = arch->activity;
    uint32_t blocking = vmcs_read_32(GUEST_INTERRUPTIBILITY);
    state->blocking = (blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) |
                      ((blocking & BLOCKING_NMI) != 0 ? 4 : 0);
    get_event(vcpu, state);
    state->pending_nmi = arch->nmi_count;
    state->pending_external = arch->external_is_pending;
    state->pending_init = (arch->work & VCPU_WORK_INIT) != 0;
    get_apic(vcpu, state, now);
    size_t size = xstate_area_size();
    memcpy(state->xsave, arch->xstate.area, size < GUEST_XSAVE_SIZE ? size : GUEST_XSAVE_SIZE);
    if (is_virtual)
        vmx_apic_from_memory(vcpu);
    return STATUS_OK;
}

/* ---- check */

static bool is_canonical_all(const struct guest_state *state) {
    const uint64_t addresses[] = {state->fs.base,      state->gs.base,     state->ldtr.base,
                                  state->tr.base,      state->gdtr.base,   state->idtr.base,
                                  state->lstar,        state->cstar,       state->kernel_gs_base,
                                  state->sysenter_esp, state->sysenter_eip};
    for (uint32_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        if (!msr_is_canonical(addresses[i]))
            return false;
    return true;
}

static bool mtrrs_are_valid(const struct vcpu *vcpu, const struct guest_state *state) {
    uint64_t reserved = ~((1ull << vcpu->guest->arch.physical_bits) - 1);
    if (!msr_mtrr_default_is_valid(state->mtrr_default))
        return false;
    for (uint32_t i = 0; i < 11; i++)
        if (!msr_mtrr_types_are_valid(state->mtrr_fixed[i]))
            return false;
    for (uint32_t i = 0; i < GUEST_MTRR_VARIABLE; i++)
        if ((state->mtrr_variable[i].base & (reserved | 0xf00)) != 0 ||
            (state->mtrr_variable[i].mask & (reserved | 0x7ff)) != 0)
            return false;
    return true;
}

static bool event_is_valid(const struct guest_state *state) {
    if (state->event_kind == INJECT_NONE)
        return true;
    return state->event_kind <= INJECT_NMI && state->event_vector <= 255 &&
           (state->event_kind != INJECT_EXCEPTION || state->event_vector < 32) &&
           (state->event_kind != INJECT_NMI || state->event_vector == 2) &&
           state->event_instruction_length <= 15 && state->event_error <= 0xffff;
}

static bool xsave_is_valid(const struct guest_state *state) {
    uint32_t mxcsr;
    uint64_t header[8];
    memcpy(&mxcsr, state->xsave + 24, sizeof mxcsr);
    memcpy(header, state->xsave + 512, sizeof header);
    if (mxcsr >> 16 != 0)
        return false;
    if (!cpu_has(FEATURE_XSAVE))
        return true;
    /* SDM Vol. 1, 13.4.2 "XSAVE Header": standard format, no component beyond what there is. */
    if ((header[0] & ~xstate_supported()) != 0)
        return false;
    for (uint32_t i = 1; i < 8; i++)
        if (header[i] != 0)
            return false;
    return true;
}

/* The first field that no processor of this kind can hold, NULL: all is well. */
static const char *find_invalid(const struct vcpu *vcpu, const struct guest_state *state) {
    const struct arch_guest *policy = &vcpu->guest->arch;
    if (state->cr0 >> 32 != 0 || ((state->cr0 & CR0_PG) != 0 && (state->cr0 & CR0_PE) == 0) ||
        ((state->cr0 & CR0_NW) != 0 && (state->cr0 & CR0_CD) == 0))
        return "cr0";
    if ((state->cr4 & ~policy->cr4_allowed) != 0)
        return "cr4";
    if (state->cr3 >> policy->physical_bits != 0)
        return "cr3";
    if ((state->efer & ~(policy->efer_allowed | EFER_LMA)) != 0)
        return "efer";
    bool is_long = (state->efer & EFER_LME) != 0 && (state->cr0 & CR0_PG) != 0;
    if (((state->efer & EFER_LMA) != 0) != is_long || (is_long && (state->cr4 & CR4_PAE) == 0))
        return "efer";
    if (!cpuid_xcr0_is_valid(state->xcr0, policy->xcr0_allowed))
        return "xcr0";
    if ((state->rflags & RFLAGS_FIXED) == 0 ||
        (state->rflags &
         ~(uint64_t)(SYSCALL_FLAGS_MASK | RFLAGS_FIXED | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP)) != 0)
        return "rflags";
    if (state->dr6 >> 32 != 0 || state->dr7 >> 32 != 0)
        return "dr6 or dr7";
    if (!is_canonical_all(state))
        return "an address";
    if (!msr_pat_is_valid(state->pat))
        return "pat";
    if (!mtrrs_are_valid(vcpu, state))
        return "mtrr";
    if (state->fmask >> 32 != 0 || state->tsc_aux >> 32 != 0 || state->sysenter_cs >> 32 != 0)
        return "fmask, tsc_aux or sysenter_cs";
    if (state->spec_ctrl != 0 || state->xss != 0 || (state->debugctl & ~2ull) != 0)
        return "spec_ctrl, xss or debugctl";
    if (state->activity > VCPU_WAITS_FOR_START || state->blocking > 7)
        return "activity or blocking";
    if (!event_is_valid(state))
        return "event";
    if (state->pending_nmi > 2 || state->pending_external > 1 || state->pending_init > 1)
        return "pending events";
    if (!lapic_state_is_valid(state->apic_base, state->apic_register))
        return "apic";
    if (!xsave_is_valid(state))
        return "xsave";
    return NULL;
}

/* ---- set */

static void set_control_registers(struct vcpu *vcpu, const struct guest_state *state) {
    bool is_long = (state->efer & EFER_LMA) != 0;
    vmx_load_cr0(vcpu, state->cr0 | CR0_ET);
    vmx_load_cr4(vcpu, state->cr4);
    vmcs_write(GUEST_CR3, state->cr3);
    vmcs_write_64(GUEST_EFER, state->efer);
    vmcs_write_32(ENTRY_CONTROLS, vmx_controls.entry | (is_long ? ENTRY_IA32E_MODE : 0));
    vmcs_write_64(GUEST_PDPTE_0, state->pdpte[0]);
    vmcs_write_64(GUEST_PDPTE_1, state->pdpte[1]);
    vmcs_write_64(GUEST_PDPTE_2, state->pdpte[2]);
    vmcs_write_64(GUEST_PDPTE_3, state->pdpte[3]);
}

static void set_msrs(struct vcpu *vcpu, const struct guest_state *state) {
    struct arch_vcpu *arch = &vcpu->arch;
    vmcs_write_64(GUEST_PAT, state->pat);
    vmcs_write_64(GUEST_DEBUGCTL, state->debugctl);
    vmcs_write_32(GUEST_SYSENTER_CS, (uint32_t)state->sysenter_cs);
    vmcs_write(GUEST_SYSENTER_ESP, state->sysenter_esp);
    vmcs_write(GUEST_SYSENTER_EIP, state->sysenter_eip);
    arch->star = state->star;
    arch->lstar = state->lstar;
    arch->fmask = state->fmask;
    arch->uses_syscall = (state->efer & EFER_SCE) != 0 || (state->star | state->lstar) != 0;
    arch->msrs.cstar = state->cstar;
    arch->msrs.kernel_gs_base = state->kernel_gs_base;
    arch->msrs.tsc_aux = state->tsc_aux;
    arch->msrs.misc_enable = (arch->msrs.misc_enable & ~1ull) | (state->misc_enable & 1);
    arch->msrs.mtrr_default = state->mtrr_default;
    memcpy(arch->msrs.mtrr_fixed, state->mtrr_fixed, sizeof state->mtrr_fixed);
    for (uint32_t i = 0; i < GUEST_MTRR_VARIABLE; i++) {
        arch->msrs.mtrr_base[i] = state->mtrr_variable[i].base;
        arch->msrs.mtrr_mask[i] = state->mtrr_variable[i].mask;
    }
}

static void set_events(struct vcpu *vcpu, const struct guest_state *state) {
    struct arch_vcpu *arch = &vcpu->arch;
    vmcs_write(GUEST_PENDING_DEBUG, state->pending_debug & 0x1500f);
    vmcs_write_32(GUEST_ACTIVITY, 0);
    vmcs_write_32(GUEST_INTERRUPTIBILITY, (state->blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) |
                                              ((state->blocking & 4) != 0 ? BLOCKING_NMI : 0));
    arch->activity = (uint8_t)state->activity;
    arch->halt_was_told = false;
    arch->external_was_told = false;
    arch->external_is_pending = state->pending_external != 0;
    arch->nmi_count = state->pending_nmi;
    set_event(vcpu, state);
    uint32_t work = VCPU_WORK_NMI | VCPU_WORK_EXTERNAL | VCPU_WORK_INTERRUPT;
    if (state->pending_init != 0)
        work |= VCPU_WORK_INIT;
    if (state->activity != VCPU_ACTIVE)
        work |= VCPU_WORK_HALTED;
    vcpu_add_work(vcpu, work);
}

enum status arch_vcpu_set_state(struct vcpu *vcpu, const struct guest_state *state) {
    const char *field = find_invalid(vcpu, state);
    if (field != NULL) {
        log_line("partition %s: state of vCPU %u refused: %s", vcpu->guest->object.owner->name,
                 vcpu->index, field);
        return STATUS_INVALID;
    }
    struct cpu *cpu = cpu_self();
    struct arch_vcpu *arch = &vcpu->arch;
    vmx_vcpu_load_for_call(vcpu);
    vmx_registers_save(cpu, vcpu);
    xstate_changed(&arch->xstate);
    vmx_apic_to_memory(vcpu);

    memcpy(vcpu->page->gpr, state->gpr, sizeof state->gpr);
    vcpu->page->dirty = 0;
    vmcs_write(GUEST_RSP, state->gpr[GPR_RSP]);
    vmcs_write(GUEST_RIP, state->rip);
    vmcs_write(GUEST_RFLAGS, state->rflags);
    set_control_registers(vcpu, state);
    for (uint32_t i = 0; i < VMCS_SEGMENT_COUNT; i++) {
        struct guest_segment segment;
        memcpy(&segment, (const char *)state + segment_offsets[i], sizeof segment);
        set_segment(i, &segment);
    }
    vmcs_write(GUEST_GDTR_BASE, state->gdtr.base);
    vmcs_write_32(GUEST_GDTR_LIMIT, state->gdtr.limit & 0xffff);
    vmcs_write(GUEST_IDTR_BASE, state->idtr.base);
    vmcs_write_32(GUEST_IDTR_LIMIT, state->idtr.limit & 0xffff);
    set_msrs(vcpu, state);
    arch->cr2 = state->cr2;
    memcpy(arch->dr, state->dr, sizeof arch->dr);
    arch->dr6 = state->dr6;
    vmcs_write(GUEST_DR7, (state->dr7 & 0xffff2fff) | DR7_NONE);
    bool uses_debug = (state->dr7 & 0xff) != 0;
    arch->uses_debug = uses_debug;
    vmx_set_processor_control(vcpu, PROCESSOR_MOV_DR, !uses_debug);
    vmx_set_processor_control(vcpu, PROCESSOR_INTERRUPT_WINDOW | PROCESSOR_NMI_WINDOW, false);

    /* The TSC counted on while the state travelled, unless no time is named. */
    uint64_t now = arch_ticks();
    uint64_t then = state->clock_ns == 0 ? now : clock_ns_to_ticks(state->clock_ns);
    arch->lapic.tsc_offset = state->tsc - then;
    vcpu_load_clock(vcpu);
    set_apic(vcpu, state, now);
    set_events(vcpu, state);

    size_t size = xstate_area_size();
    memcpy(arch->xstate.area, state->xsave, size < GUEST_XSAVE_SIZE ? size : GUEST_XSAVE_SIZE);
    arch->xstate.xcr0 = state->xcr0;
    vmx_flush_vpid(vcpu);
    return STATUS_OK;
}
