/* The interrupt network of a guest: from MSIs, IPIs and signals to its vCPUs, from any CPU. */
#include "arch/x86_64/virt/vcpu.h"
#include "kernel/arch.h"
#include "kernel/guest.h"

static void post(struct vcpu *vcpu, uint32_t work, struct vcpu *source) {
    vcpu_add_work(vcpu, work);
    if (vcpu != source)
        kernel_vcpu_wake(vcpu);
}

static void post_nmi(struct vcpu *vcpu, struct vcpu *source) {
    uint32_t count = __atomic_load_n(&vcpu->arch.nmi_count, __ATOMIC_RELAXED);
    do {
        if (count >= 2)
            return; /* one in delivery, one remembered */
    } while (!__atomic_compare_exchange_n(&vcpu->arch.nmi_count, &count, count + 1, true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    post(vcpu, VCPU_WORK_NMI, source);
}

static void deliver_to(struct vcpu *vcpu, const struct lapic_message *message,
                       struct vcpu *source) {
    switch (message->delivery) {
    case LAPIC_FIXED:
    case LAPIC_LOWEST:
        if (lapic_request(&vcpu->arch.lapic, message->vector, message->is_level))
            post(vcpu, VCPU_WORK_INTERRUPT, source);
        return;
    case LAPIC_NMI: post_nmi(vcpu, source); return;
    case LAPIC_INIT:
        if (!message->is_deassert)
            post(vcpu, VCPU_WORK_INIT, source);
        return;
    case LAPIC_START:
        vcpu->arch.start_vector = message->vector;
        post(vcpu, VCPU_WORK_START, source);
        return;
    default: return; /* SMI does not exist here; ExtINT comes by guest_signal */
    }
}

/* Lowest priority: of those that match the one with the lowest task priority (11.6.2.4). */
static struct vcpu *lowest(struct guest *guest, const struct lapic_message *message,
                           const struct lapic *source) {
    struct vcpu *best = NULL;
    uint32_t best_priority = UINT32_MAX;
    for (uint32_t i = 0; i < guest->vcpu_count; i++) {
        struct vcpu *vcpu = guest_vcpu(guest, i);
        if (vcpu == NULL || !lapic_is_enabled(&vcpu->arch.lapic) ||
            !lapic_matches(&vcpu->arch.lapic, message, source))
            continue;
        uint32_t priority = lapic_get(&vcpu->arch.lapic, LAPIC_TPR) & 0xff;
        if (priority < best_priority) {
            best = vcpu;
            best_priority = priority;
        }
    }
    return best;
}

void guest_deliver(struct guest *guest, const struct lapic_message *message, struct vcpu *source) {
    const struct lapic *sender = source == NULL ? NULL : &source->arch.lapic;
    if (message->delivery == LAPIC_LOWEST) {
        struct vcpu *vcpu = lowest(guest, message, sender);
        if (vcpu != NULL)
            deliver_to(vcpu, message, source);
        return;
    }
    for (uint32_t i = 0; i < guest->vcpu_count; i++) {
        struct vcpu *vcpu = guest_vcpu(guest, i);
        if (vcpu != NULL && lapic_is_enabled(&vcpu->arch.lapic) &&
            lapic_matches(&vcpu->arch.lapic, message, sender))
            deliver_to(vcpu, message, source);
    }
}

enum status arch_guest_interrupt(struct guest *guest, uint64_t address, uint32_t data) {
    struct lapic_message message;
    if (!lapic_decode_msi(address, data, &message))
        return STATUS_INVALID;
    guest_deliver(guest, &message, NULL);
    return STATUS_OK;
}

enum status arch_vcpu_signal(struct vcpu *vcpu, enum guest_signal signal, uint64_t value) {
    switch (signal) {
    case GUEST_SIGNAL_NMI: post_nmi(vcpu, NULL); return STATUS_OK;
    case GUEST_SIGNAL_INIT: post(vcpu, VCPU_WORK_INIT, NULL); return STATUS_OK;
    case GUEST_SIGNAL_START:
        if (value > 0xff)
            return STATUS_INVALID;
        vcpu->arch.start_vector = (uint8_t)value;
        post(vcpu, VCPU_WORK_START, NULL);
        return STATUS_OK;
    case GUEST_SIGNAL_EXTERNAL:
        if (value > 1)
            return STATUS_INVALID;
        __atomic_store_n(&vcpu->arch.external_was_told, false, __ATOMIC_RELAXED);
        __atomic_store_n(&vcpu->arch.external_is_pending, value == 1, __ATOMIC_RELEASE);
        if (value == 1)
            post(vcpu, VCPU_WORK_EXTERNAL, NULL);
        return STATUS_OK;
    case GUEST_SIGNAL_KICK: post(vcpu, VCPU_WORK_KICK, NULL); return STATUS_OK;
    default: return STATUS_INVALID;
    }
}

void arch_guest_eoi_exits_changed(struct guest *guest) {
    for (uint32_t i = 0; i < guest->vcpu_count; i++) {
        struct vcpu *vcpu = guest_vcpu(guest, i);
        if (vcpu != NULL)
            post(vcpu, VCPU_WORK_EOI_EXITS, NULL);
    }
}

void arch_vcpu_reschedule(struct vcpu *vcpu) {
    vcpu_add_work(vcpu, VCPU_WORK_RESCHEDULE);
}

bool arch_vcpu_has_work(const struct vcpu *vcpu) {
    return (__atomic_load_n(&vcpu->arch.work, __ATOMIC_SEQ_CST) & ~VCPU_WORK_HALTED) != 0;
}

struct cpu *arch_vcpu_runs_on(const struct vcpu *vcpu) {
    return __atomic_load_n(&vcpu->arch.running_on, __ATOMIC_SEQ_CST);
}
