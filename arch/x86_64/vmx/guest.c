/* What a guest as a whole needs of VT-x, and the architecture's small answers about it. */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/virt/cpuid.h"
#include "arch/x86_64/virt/msr.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/guest.h"
#include "kernel/log.h"
#include "kernel/partition.h"

static bool has_tier(uint32_t tier) {
    switch (tier) {
    case LOCAL_APIC_VIRTUAL_INTERRUPTS:
        return vmx_controls.has_virtual_interrupt && vmx_controls.has_x2apic;
    case LOCAL_APIC_X2APIC_EXITS: return vmx_controls.has_tpr_shadow && vmx_controls.has_x2apic;
    default: return true;
    }
}

static uint8_t best_tier(void) {
    if (has_tier(LOCAL_APIC_VIRTUAL_INTERRUPTS))
        return LOCAL_APIC_VIRTUAL_INTERRUPTS;
    return has_tier(LOCAL_APIC_X2APIC_EXITS) ? LOCAL_APIC_X2APIC_EXITS : LOCAL_APIC_VMM_DECODES;
}

enum status arch_guest_init(struct guest *guest) {
    struct guest_config *config = &guest->config;
    const char *missing = NULL;
    if (!has_tier(config->local_apic))
        missing = "the local APIC tier that was asked for";
    if (config->tsc_hz != 0 && config->tsc_hz != arch_ticks_per_second())
        missing = "TSC scaling";
    if (missing != NULL) {
        log_line("partition %s: no guest: this processor lacks %s", guest->object.owner->name,
                 missing);
        return STATUS_UNSUPPORTED;
    }
    if (config->local_apic == LOCAL_APIC_BEST)
        config->local_apic = best_tier();
    guest->arch.features = VIRT_FEATURE_ALWAYS;
    guest->arch.physical_bits = 36;
    guest->arch.xcr0_allowed = 1;
    return STATUS_OK;
}

uint64_t arch_guest_apic_address(const struct guest *guest) {
    bool is_virtual = guest->config.local_apic == LOCAL_APIC_VIRTUAL_INTERRUPTS;
    return is_virtual && vmx_controls.has_apic_access ? LAPIC_DEFAULT_BASE : 0;
}

void arch_guest_set_apic_page(struct guest *guest, uint64_t page) {
    guest->arch.apic_page = page;
}

static void host_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_result *result) {
    asm_cpuid(leaf, subleaf, &result->eax, &result->ebx, &result->ecx, &result->edx);
}

void arch_guest_cpuid_changed(struct guest *guest) {
    const struct cpuid_host host = {
        .cpuid = host_cpuid,
        .xcr0 = xstate_supported(),
        .has_rdtscp = vmx_controls.has_rdtscp,
        .has_invpcid = vmx_controls.has_invpcid,
    };
    cpuid_apply(&guest->arch, guest->cpuid, guest->cpuid_count, &host);
    for (uint32_t i = 0; i < guest->vcpu_count; i++) {
        struct vcpu *vcpu = guest->vcpu[i];
        if (vcpu == NULL)
            continue;
        vmx_vcpu_load_for_call(vcpu);
        /* It has not run: the shadow has all of CR4, and only the mask changes. */
        vmx_load_cr4(vcpu, vmcs_read(CR4_SHADOW));
    }
}

bool arch_guest_keeps_msr(uint32_t first, uint32_t last) {
    for (size_t i = 0; i < guest_msr_row_count; i++)
        if (guest_msr_rows[i].first <= last && first <= guest_msr_rows[i].last)
            return true;
    return false;
}

void arch_vcpu_shift_clock(struct vcpu *vcpu, uint64_t ticks) {
    lapic_shift_time(&vcpu->arch.lapic, ticks);
    vcpu_add_work(vcpu, VCPU_WORK_CLOCK);
}

void arch_vcpu_abandon(struct vcpu *vcpu) {
    __atomic_store_n(&vcpu->arch.running_on, NULL, __ATOMIC_RELEASE);
}

enum status arch_vcpu_access_apic(struct vcpu *vcpu, uint32_t offset, bool is_write,
                                  uint64_t *value) {
    struct lapic *lapic = &vcpu->arch.lapic;
    if (offset >= 0x400 || (offset & 0xf) != 0 || !lapic_is_enabled(lapic) ||
        lapic_is_x2apic(lapic))
        return STATUS_INVALID;
    vmx_vcpu_load_for_call(vcpu);
    uint32_t effect;
    if (is_write)
        effect = lapic_write(lapic, offset >> 4, *value, asm_rdtsc());
    else
        effect = lapic_read(lapic, offset >> 4, asm_rdtsc(), value);
    if ((effect & LAPIC_EFFECT_FAULT) != 0)
        return STATUS_INVALID;
    bool was_virtual = lapic->is_virtual;
    vmx_apic_to_memory(vcpu);
    /* The end of an interrupt that the VMM wants to hear of is told by the next exit. */
    if (vcpu_apic_effect(vcpu, effect) == ACTION_LEAVE) {
        vcpu->arch.ended_vector = (uint8_t)vcpu->page->exit.vector;
        vcpu_add_work(vcpu, VCPU_WORK_EOI);
    }
    if (was_virtual)
        vmx_apic_from_memory(vcpu);
    return STATUS_OK;
}
