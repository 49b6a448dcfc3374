/*
 * The local APIC and VT-x: which controls serve which mode and tier, and the exits of it.
 *
 *   tier                    xAPIC mode                           x2APIC mode
 *   (a) virtual interrupts  APIC-access page, registers and      MSRs and interrupts by the
 * processor; interrupts by the processor          ICR and timer exit (b) x2APIC exits        no
 * page: EXIT_MEMORY, the VMM        TPR by the processor, others exit decodes, guest_access_apic
 *   (c) VMM decodes         as (b)                               all exit
 *
 * SDM Vol. 3, chapter 30 "APIC Virtualization and Virtual Interrupts".
 */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/vmx/event.h"
#include "arch/x86_64/vmx/handlers.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/guest.h"

#define BY_MODE                                                            \
    (SECONDARY_X2APIC | SECONDARY_APIC_ACCESS | SECONDARY_APIC_REGISTERS | \
     SECONDARY_VIRTUAL_INTERRUPT)

/* ---- requests and services, in the page or in memory */

static uint64_t take_words(struct lapic *lapic, uint32_t first) {
    uint64_t value = lapic_get(lapic, first) | (uint64_t)lapic_get(lapic, first + 1) << 32;
    lapic_put(lapic, first, 0);
    lapic_put(lapic, first + 1, 0);
    return value;
}

void vmx_apic_to_memory(struct vcpu *vcpu) {
    struct lapic *lapic = &vcpu->arch.lapic;
    if (!lapic->is_virtual)
        return;
    for (uint32_t i = 0; i < 4; i++) {
        __atomic_or_fetch(&lapic->irr[i], take_words(lapic, LAPIC_IRR + 2 * i), __ATOMIC_SEQ_CST);
        lapic->isr[i] = take_words(lapic, LAPIC_ISR + 2 * i);
    }
    lapic->is_virtual = false;
    vmcs_write_16(GUEST_INTERRUPT_STATUS, 0);
}

void vmx_apic_from_memory(struct vcpu *vcpu) {
    struct lapic *lapic = &vcpu->arch.lapic;
    uint32_t service = lapic_highest_service(lapic);
    for (uint32_t i = 0; i < 4; i++) {
        lapic_put(lapic, LAPIC_ISR + 2 * i, (uint32_t)lapic->isr[i]);
        lapic_put(lapic, LAPIC_ISR + 2 * i + 1, (uint32_t)(lapic->isr[i] >> 32));
        lapic->isr[i] = 0;
    }
    lapic->is_virtual = true;
    vmcs_write_16(GUEST_INTERRUPT_STATUS, service == LAPIC_NONE ? 0 : (uint16_t)(service << 8));
    vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
}

void vmx_apic_merge(struct vcpu *vcpu) {
    struct lapic *lapic = &vcpu->arch.lapic;
    uint32_t highest = LAPIC_NONE;
    for (uint32_t i = 0; i < 4; i++) {
        if (__atomic_load_n(&lapic->irr[i], __ATOMIC_RELAXED) == 0)
            continue;
        uint64_t bits = __atomic_exchange_n(&lapic->irr[i], 0, __ATOMIC_SEQ_CST);
        uint32_t word = LAPIC_IRR + 2 * i;
        lapic_put(lapic, word, lapic_get(lapic, word) | (uint32_t)bits);
        lapic_put(lapic, word + 1, lapic_get(lapic, word + 1) | (uint32_t)(bits >> 32));
        highest = i * 64 + 63 - (uint32_t)__builtin_clzll(bits);
    }
    if (highest == LAPIC_NONE)
        return;
    uint16_t status = vmcs_read_16(GUEST_INTERRUPT_STATUS);
    vcpu->statistics.injected++;
    if ((status & 0xff) < highest)
        vmcs_write_16(GUEST_INTERRUPT_STATUS, (uint16_t)((status & 0xff00) | highest));
}

bool vmx_apic_has_deliverable(struct vcpu *vcpu) {
    struct lapic *lapic = &vcpu->arch.lapic;
    if (!lapic->is_virtual)
        return lapic_deliverable(lapic) != LAPIC_NONE;
    vmx_apic_merge(vcpu);
    uint32_t request = vmcs_read_16(GUEST_INTERRUPT_STATUS) & 0xff;
    return request >> 4 > lapic_priority(lapic) >> 4;
}

/* ---- modes */

void vmx_apic_load_eoi_exits(struct vcpu *vcpu) {
    if (!vcpu->arch.lapic.is_virtual)
        return;
    const uint64_t *vectors = vcpu->guest->eoi_exits;
    vmcs_write_64(EOI_EXIT_BITMAP_0, vectors[0]);
    vmcs_write_64(EOI_EXIT_BITMAP_1, vectors[1]);
    vmcs_write_64(EOI_EXIT_BITMAP_2, vectors[2]);
    vmcs_write_64(EOI_EXIT_BITMAP_3, vectors[3]);
}

struct apic_choice {
    uint32_t secondary;
    enum vmx_bitmap bitmap;
    bool is_virtual;
};

static struct apic_choice choose(const struct vcpu *vcpu) {
    const struct lapic *lapic = &vcpu->arch.lapic;
    struct apic_choice choice = {.bitmap = VMX_BITMAP_NO_X2APIC};
    bool is_virtual_tier = vcpu->arch.tier == LOCAL_APIC_VIRTUAL_INTERRUPTS;
    if (!lapic_is_enabled(lapic) || vcpu->arch.tier == LOCAL_APIC_VMM_DECODES)
        return choice;
    if (lapic_is_x2apic(lapic)) {
        if (!vmx_controls.has_x2apic)
            return choice;
        choice.secondary = SECONDARY_X2APIC;
        choice.bitmap = VMX_BITMAP_X2APIC;
        choice.is_virtual = is_virtual_tier;
        if (is_virtual_tier)
            choice.bitmap = VMX_BITMAP_VIRTUAL;
    } else if (is_virtual_tier && vcpu->guest->arch.apic_page != 0) {
        choice.secondary = SECONDARY_APIC_ACCESS;
        choice.is_virtual = true;
    }
    if (choice.is_virtual)
        choice.secondary |= SECONDARY_APIC_REGISTERS | SECONDARY_VIRTUAL_INTERRUPT;
    return choice;
}

void vmx_apic_choose(struct vcpu *vcpu) {
    struct lapic *lapic = &vcpu->arch.lapic;
    struct apic_choice choice = choose(vcpu);
    vmcs_write_64(MSR_BITMAPS, vmx_msr_bitmap[choice.bitmap]);
    vmcs_write_32(SECONDARY_CONTROLS, (vmx_controls.secondary & ~BY_MODE) | choice.secondary);
    if ((choice.secondary & SECONDARY_APIC_ACCESS) != 0)
        vmcs_write_64(APIC_ACCESS_ADDRESS, vcpu->guest->arch.apic_page);
    if (vmx_controls.has_tpr_shadow)
        vmcs_write_32(TPR_THRESHOLD, 0);
    if (choice.is_virtual && !lapic->is_virtual)
        vmx_apic_from_memory(vcpu);
    else if (!choice.is_virtual && lapic->is_virtual)
        vmx_apic_to_memory(vcpu);
    vmx_apic_load_eoi_exits(vcpu);
    vmx_flush_vpid(vcpu); /* translations of the APIC's page depend on these controls (30.4.4) */
    vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
}

/* ---- effects of register accesses */

enum exit_action vcpu_end_of_interrupt(struct vcpu *vcpu) {
    uint32_t vector = lapic_end_of_interrupt(&vcpu->arch.lapic);
    if (vector == LAPIC_NONE)
        return ACTION_RESUME;
    if (lapic_has_request(&vcpu->arch.lapic))
        vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
    if ((vcpu->guest->eoi_exits[vector / 64] >> (vector % 64) & 1) == 0)
        return ACTION_RESUME;
    vcpu->page->exit.vector = vector;
    vcpu->arch.leave_kind = EXIT_END_OF_INTERRUPT;
    return ACTION_LEAVE;
}

/* LEAVE or RESUME; the access itself is done. */
enum exit_action vcpu_apic_effect(struct vcpu *vcpu, uint32_t effect) {
    if ((effect & LAPIC_EFFECT_EOI) != 0)
        return vcpu_end_of_interrupt(vcpu);
    if ((effect & LAPIC_EFFECT_SEND) != 0) {
        struct lapic_message message = lapic_command(&vcpu->arch.lapic);
        guest_deliver(vcpu->guest, &message, vcpu);
    }
    if ((effect & LAPIC_EFFECT_PRIORITY) != 0)
        vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
    return ACTION_RESUME;
}

/* ---- exits */

enum exit_action exit_priority(struct vcpu *vcpu) {
    vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
    return ACTION_RESUME;
}

/* SDM Vol. 3, table 28-6 "Exit Qualification for APIC-Access VM Exits" */
#define QUALIFICATION_OFFSET 0xfffu
enum access_type { ACCESS_READ = 0, ACCESS_WRITE = 1, ACCESS_FETCH = 2, ACCESS_EVENT = 3 };

/* A register that the processor does not virtualise: as if no page were there. */
enum exit_action exit_apic_access(struct vcpu *vcpu) {
    static const uint8_t access[] = {
        [ACCESS_READ] = EXIT_ACCESS_READ,
        [ACCESS_WRITE] = EXIT_ACCESS_WRITE,
        [ACCESS_FETCH] = EXIT_ACCESS_FETCH,
        [ACCESS_EVENT] = EXIT_ACCESS_READ,
    };
    uint64_t qualification = vmcs_read(EXIT_QUALIFICATION);
    struct vcpu_exit *exit = &vcpu->page->exit;
    exit->memory.address = LAPIC_DEFAULT_BASE | (qualification & QUALIFICATION_OFFSET);
    exit->memory.access = access[qualification >> 12 & 3];
    exit->memory.linear_address = vmcs_read(GUEST_LINEAR_ADDRESS);
    exit->memory.linear_address_is_valid = (qualification >> 12 & 0xf) <= ACCESS_EVENT;
    vmx_keep_interrupted_event(vcpu);
    vmx_fill_decode_state(vcpu);
    vcpu->arch.leave_kind = EXIT_MEMORY;
    return ACTION_LEAVE;
}

/* Trap-like: the value stands in the page, RIP is behind the instruction (30.4.3.3). */
enum exit_action exit_apic_write(struct vcpu *vcpu) {
    struct lapic *lapic = &vcpu->arch.lapic;
    uint32_t index = (vmcs_read(EXIT_QUALIFICATION) & QUALIFICATION_OFFSET) >> 4;
    uint64_t value = lapic_get(lapic, index);
    uint32_t effect = lapic_write(lapic, index, value, asm_rdtsc());
    /* In xAPIC mode a bad write is not a fault. EOI comes here no more than it would be
     * virtualised. */
    if ((effect & (LAPIC_EFFECT_FAULT | LAPIC_EFFECT_EOI)) != 0)
        return ACTION_RESUME;
    return vcpu_apic_effect(vcpu, effect);
}

enum exit_action exit_virtualized_eoi(struct vcpu *vcpu) {
    vcpu->page->exit.vector = (uint32_t)vmcs_read(EXIT_QUALIFICATION) & 0xff;
    vcpu->arch.leave_kind = EXIT_END_OF_INTERRUPT;
    return ACTION_LEAVE;
}
