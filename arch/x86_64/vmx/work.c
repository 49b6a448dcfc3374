/*
 * What must be done before an entry: signals, events, interrupts, halting, the timer. Work is
 * announced by a bit in vcpu->arch.work; what there is to do is in the state itself, so a bit set
 * twice, or for nothing, does no harm.
 */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/event.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/guest.h"
#include "kernel/sched.h"
#include "kernel/thread.h"
#include "kernel/timer.h"

void vcpu_add_work(struct vcpu *vcpu, uint32_t work) {
    __atomic_or_fetch(&vcpu->arch.work, work, __ATOMIC_SEQ_CST);
}

/* ---- exceptions and interrupted events */

void vcpu_raise(struct vcpu *vcpu, uint32_t vector) {
    vcpu->arch.event.info = EVENT_VALID | EVENT_EXCEPTION | vector;
    vcpu_add_work(vcpu, VCPU_WORK_EVENT);
}

void vcpu_raise_with_error(struct vcpu *vcpu, uint32_t vector, uint32_t error) {
    vcpu->arch.event.info = EVENT_VALID | EVENT_EXCEPTION | EVENT_HAS_ERROR | vector;
    vcpu->arch.event.error = error;
    vcpu_add_work(vcpu, VCPU_WORK_EVENT);
}

/* SDM Vol. 3, 28.2.4 "Information for VM Exits During Event Delivery" */
void vmx_keep_interrupted_event(struct vcpu *vcpu) {
    uint32_t info = vmcs_read_32(VECTORING_EVENT);
    if (__builtin_expect((info & EVENT_VALID) == 0, 1))
        return;
    struct vcpu_event *event = &vcpu->arch.event;
    event->info = info & (EVENT_VALID | EVENT_HAS_ERROR | EVENT_TYPE | EVENT_VECTOR);
    event->error = (info & EVENT_HAS_ERROR) != 0 ? vmcs_read_32(VECTORING_EVENT_ERROR) : 0;
    event->instruction_length = event_has_length(info) ? vmcs_read_32(EXIT_INSTRUCTION_LENGTH) : 0;
    if ((info & EVENT_TYPE) == EVENT_NMI) /* its delivery blocked NMIs; it begins again */
        vmcs_write_32(GUEST_INTERRUPTIBILITY, vmcs_read_32(GUEST_INTERRUPTIBILITY) & ~BLOCKING_NMI);
    vcpu_add_work(vcpu, VCPU_WORK_EVENT);
}

void vmx_note_nmi_unblocking(uint32_t info) {
    if ((info & EVENT_NMI_UNBLOCKED) == 0 || (vmcs_read_32(VECTORING_EVENT) & EVENT_VALID) != 0)
        return;
    vmcs_write_32(GUEST_INTERRUPTIBILITY, vmcs_read_32(GUEST_INTERRUPTIBILITY) | BLOCKING_NMI);
}

/* ---- the timer */

/* Called before an entry while the guest's timer is armed, or was. */
void vmx_timer(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    uint64_t now = asm_rdtsc();
    if (arch->lapic.deadline <= now && lapic_timer_expired(&arch->lapic, now))
        vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
    uint64_t deadline = arch->lapic.deadline;
    if (vmx_controls.has_preemption_timer) {
        /* Reloaded at every entry: the value is what is left from now on. */
        uint64_t count = deadline == LAPIC_NEVER
                             ? vmx_stay_limit
                             : ((deadline - now) >> vmx_controls.preemption_rate) + 1;
        vmcs_write_32(PREEMPTION_TIMER, count < vmx_stay_limit ? (uint32_t)count : vmx_stay_limit);
    } else if (deadline != arch->timer_set) {
        struct thread *thread = vcpu->thread;
        timer_stop(&thread->timer);
        timer_start(&thread->timer, cpu_self(), deadline);
    }
    arch->timer_set = deadline;
}

/* ---- injection */

static void inject(const struct vcpu_event *event) {
    uint32_t info = event->info;
    if ((info & EVENT_HAS_ERROR) != 0) {
        vmcs_write_32(ENTRY_EVENT_ERROR, event->error);
        if ((vmcs_read(GUEST_CR0) & CR0_PE) == 0)
            info &= ~EVENT_HAS_ERROR; /* there are none in real mode */
    }
    vmcs_write_32(ENTRY_EVENT, info);
    if (event_has_length(event->info))
        vmcs_write_32(ENTRY_INSTRUCTION_LENGTH, event->instruction_length);
}

/* The guest would take a maskable interrupt at its next instruction. */
static bool takes_interrupts(void) {
    return (vmcs_read(GUEST_RFLAGS) & RFLAGS_IF) != 0 &&
           (vmcs_read_32(GUEST_INTERRUPTIBILITY) & (BLOCKING_STI | BLOCKING_MOV_SS)) == 0;
}

static bool wants_external(const struct vcpu *vcpu) {
    const struct arch_vcpu *arch = &vcpu->arch;
    return arch->external_is_pending && !arch->external_was_told &&
           lapic_passes_external(&arch->lapic);
}

/* One NMI is delivered, one more is remembered (SDM Vol. 3, 6.7.1). True: it is in the entry. */
static bool inject_nmi(struct vcpu *vcpu, bool is_free) {
    struct arch_vcpu *arch = &vcpu->arch;
    if (__atomic_load_n(&arch->nmi_count, __ATOMIC_RELAXED) == 0)
        return false;
    uint32_t blocking = BLOCKING_NMI | BLOCKING_MOV_SS | BLOCKING_STI;
    bool is_injected = is_free && (vmcs_read_32(GUEST_INTERRUPTIBILITY) & blocking) == 0;
    if (is_injected) {
        inject(&(struct vcpu_event){.info = EVENT_VALID | EVENT_NMI | EXCEPTION_NMI});
        __atomic_sub_fetch(&arch->nmi_count, 1, __ATOMIC_RELAXED);
    }
    if (__atomic_load_n(&arch->nmi_count, __ATOMIC_RELAXED) != 0)
        vmx_set_processor_control(vcpu, PROCESSOR_NMI_WINDOW, true);
    return is_injected;
}

/* The local APIC's interrupt, where the processor does not deliver it itself. */
static void inject_interrupt(struct vcpu *vcpu, bool is_free) {
    struct lapic *lapic = &vcpu->arch.lapic;
    uint32_t vector = lapic_highest_request(lapic);
    if (vector == LAPIC_NONE)
        return;
    if (vector >> 4 <= lapic_priority(lapic) >> 4) {
        /* Held back by the TPR: tell when the guest lowers it so far (30.1.2 "TPR
         * Virtualization"). Held back by another in service: its end will look again. */
        uint32_t task = lapic_get(lapic, LAPIC_TPR) >> 4 & 0xf;
        if (vmx_controls.has_tpr_shadow)
            vmcs_write_32(TPR_THRESHOLD, vector >> 4 <= task ? vector >> 4 : 0);
        return;
    }
    if (!is_free || !takes_interrupts()) {
        vmx_set_processor_control(vcpu, PROCESSOR_INTERRUPT_WINDOW, true);
        return;
    }
    /* It was the highest: none that is left could be taken before its end. */
    lapic_take(lapic, vector);
    vcpu->statistics.injected++;
    inject(&(struct vcpu_event){.info = EVENT_VALID | EVENT_EXTERNAL | vector});
}

static void deliver(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    bool is_free = arch->event.info == 0;
    if (!is_free) {
        inject(&arch->event);
        arch->event.info = 0;
    }
    if (inject_nmi(vcpu, is_free))
        is_free = false;
    if (wants_external(vcpu)) {
        if (is_free && takes_interrupts()) {
            arch->external_was_told = true;
            vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
            vmx_leave(vcpu, EXIT_WINDOW);
        }
        vmx_set_processor_control(vcpu, PROCESSOR_INTERRUPT_WINDOW, true);
    }
    if (arch->lapic.is_virtual)
        vmx_apic_merge(vcpu);
    else
        inject_interrupt(vcpu, is_free);
}

/* ---- halting */

/* Whether something ends HLT. */
static bool wakes(struct vcpu *vcpu) {
    const struct arch_vcpu *arch = &vcpu->arch;
    if (arch->activity != VCPU_HALTED)
        return false;
    if (arch->event.info != 0 || __atomic_load_n(&arch->nmi_count, __ATOMIC_RELAXED) != 0)
        return true;
    return (vmcs_read(GUEST_RFLAGS) & RFLAGS_IF) != 0 &&
           (wants_external(vcpu) || vmx_apic_has_deliverable(vcpu));
}

static bool has_other_vcpus(const struct vcpu *vcpu) {
    const struct guest *guest = vcpu->guest;
    for (uint32_t i = 0; i < guest->vcpu_count; i++)
        if (guest->vcpu[i] != NULL && guest->vcpu[i] != vcpu)
            return true;
    return false;
}

/* Returns if the vCPU goes on at once. */
static void stay_halted(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    if (wakes(vcpu)) {
        arch->activity = VCPU_ACTIVE;
        return;
    }
    vcpu_add_work(vcpu, VCPU_WORK_HALTED);
    if (arch->activity == VCPU_HALTED && (vmcs_read(GUEST_RFLAGS) & RFLAGS_IF) == 0 &&
        !arch->halt_was_told && !has_other_vcpus(vcpu)) {
        arch->halt_was_told = true;
        vmx_leave(vcpu, EXIT_HALT);
    }
    if (!vmx_controls.has_preemption_timer)
        arch->timer_set = LAPIC_NEVER; /* the thread's timer is the sleep's now */
    __atomic_store_n(&arch->running_on, NULL, __ATOMIC_RELEASE);
    kernel_vcpu_halt(vcpu->thread, arch->lapic.deadline);
}

/* ---- all of it */

/* INIT and SIPI. Returns the work that is left. */
static uint32_t handle_start_signals(struct vcpu *vcpu, uint32_t work) {
    struct arch_vcpu *arch = &vcpu->arch;
    if ((work & VCPU_WORK_INIT) != 0) {
        work &= ~(VCPU_WORK_EVENT | VCPU_WORK_NMI | VCPU_WORK_HALTED);
        vmx_vcpu_init_signal(vcpu);
        work |= __atomic_exchange_n(&arch->work, 0, __ATOMIC_SEQ_CST);
    }
    if ((work & VCPU_WORK_START) != 0 && arch->activity == VCPU_WAITS_FOR_START) {
        vmx_vcpu_start(vcpu, arch->start_vector);
        vcpu_add_work(vcpu, work & ~(VCPU_WORK_START | VCPU_WORK_INIT | VCPU_WORK_HALTED));
        vmx_leave(vcpu, EXIT_START);
    }
    return work;
}

void vmx_work(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    uint32_t work = __atomic_exchange_n(&arch->work, 0, __ATOMIC_SEQ_CST);
    if ((work & ~(VCPU_WORK_INTERRUPT | VCPU_WORK_EVENT)) == 0) {
        deliver(vcpu);
        return;
    }
    if ((work & VCPU_WORK_RESCHEDULE) != 0) {
        vcpu_add_work(vcpu, work & ~VCPU_WORK_RESCHEDULE);
        sched_run();
    }
    if ((work & (VCPU_WORK_INIT | VCPU_WORK_START)) != 0)
        work = handle_start_signals(vcpu, work);
    if ((work & VCPU_WORK_APIC_MODE) != 0)
        vmx_apic_choose(vcpu);
    if ((work & VCPU_WORK_EOI_EXITS) != 0)
        vmx_apic_load_eoi_exits(vcpu);
    if ((work & VCPU_WORK_CLOCK) != 0)
        vcpu_load_clock(vcpu);
    if ((work & VCPU_WORK_EOI) != 0) {
        vcpu_add_work(vcpu, work & ~VCPU_WORK_EOI);
        vcpu->page->exit.vector = arch->ended_vector;
        vmx_leave(vcpu, EXIT_END_OF_INTERRUPT);
    }
    if ((work & VCPU_WORK_KICK) != 0) {
        vcpu_add_work(vcpu, work & ~VCPU_WORK_KICK);
        vmx_leave(vcpu, EXIT_KICK);
    }
    if (arch->activity != VCPU_ACTIVE) {
        kernel_vcpu_awake(vcpu);
        stay_halted(vcpu);
    }
    deliver(vcpu);
}

/* ---- what the VMM wants at entry */

#define RFLAGS_DEFINED (SYSCALL_FLAGS_MASK | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP)

void vmx_apply_dirty(struct vcpu *vcpu) {
    struct vcpu_page *page = vcpu->page;
    struct arch_vcpu *arch = &vcpu->arch;
    uint32_t dirty = __atomic_load_n(&page->dirty, __ATOMIC_RELAXED);
    __atomic_store_n(&page->dirty, 0, __ATOMIC_RELAXED);
    if ((dirty & VCPU_DIRTY_RFLAGS) != 0)
        vmcs_write(GUEST_RFLAGS, (page->rflags & (uint64_t)RFLAGS_DEFINED) | RFLAGS_FIXED);
    if ((dirty & VCPU_DIRTY_RSP) != 0)
        vmcs_write(GUEST_RSP, page->rsp);
    if ((dirty & VCPU_DIRTY_RIP) != 0) {
        vmcs_write(GUEST_RIP, page->rip);
        vmx_end_instruction(vcpu);
    }
    if ((dirty & VCPU_INJECT) == 0)
        return;
    arch->external_was_told =
        false; /* EXIT_WINDOW is answered; if INTR is still up, it comes again */
    vcpu_add_work(vcpu, VCPU_WORK_EVENT | VCPU_WORK_EXTERNAL);
    switch (page->inject_kind) {
    case INJECT_EXTERNAL:
        if (takes_interrupts() && arch->event.info == 0)
            arch->event.info = EVENT_VALID | EVENT_EXTERNAL | page->inject_vector;
        return;
    case INJECT_EXCEPTION:
        if (page->inject_vector >= EXCEPTION_COUNT || page->inject_vector == EXCEPTION_NMI)
            return;
        if (page->inject_has_error != 0)
            vcpu_raise_with_error(vcpu, page->inject_vector, page->inject_error);
        else
            vcpu_raise(vcpu, page->inject_vector);
        return;
    case INJECT_NMI: arch_vcpu_signal(vcpu, GUEST_SIGNAL_NMI, 0); return;
    default: return;
    }
}
