/* Handlers of exits by exceptions, interrupts and windows. */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/event.h"
#include "arch/x86_64/vmx/handlers.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/guest.h"
#include "kernel/sched.h"

/* Bits of DR6 that the exit qualification of #DB has (SDM Vol. 3, table 28-1), and DR7.GD. */
#define DR6_CONDITIONS 0x600full
#define DR7_GD         (1ull << 13)

/* #DB: the processor has not changed DR6 and DR7 yet (28.1). */
static void reflect_debug(struct vcpu *vcpu, uint32_t info) {
    uint64_t conditions = vmcs_read(EXIT_QUALIFICATION) & DR6_CONDITIONS;
    vmx_debug_use(vcpu);
    asm_write_dr6((asm_read_dr6() & ~0xfull) | conditions);
    vmcs_write(GUEST_DR7, vmcs_read(GUEST_DR7) & ~DR7_GD);
    vcpu->arch.event.info = info & (EVENT_VECTOR | EVENT_TYPE | EVENT_VALID);
    vcpu->arch.event.instruction_length = event_has_length(info)
                                              ? vmcs_read_32(EXIT_INSTRUCTION_LENGTH)
                                              : 0;
    vcpu_add_work(vcpu, VCPU_WORK_EVENT);
}

enum exit_action exit_exception(struct vcpu *vcpu) {
    uint32_t info = vmcs_read_32(EXIT_EVENT);
    uint32_t vector = info & EVENT_VECTOR;
    if ((info & EVENT_TYPE) == EVENT_NMI) {
        interrupt_nmi();
        vmx_keep_interrupted_event(vcpu);
        return ACTION_RESUME;
    }
    if (vector == EXCEPTION_MACHINE_CHECK) {
        __asm__ volatile("int $18" : : : "memory");
        return ACTION_RESUME;
    }
    vmx_note_nmi_unblocking(info);
    if (vector == EXCEPTION_DEBUG) {
        reflect_debug(vcpu, info);
        return ACTION_RESUME;
    }
    if ((info & EVENT_HAS_ERROR) != 0)
        vcpu_raise_with_error(vcpu, vector, vmcs_read_32(EXIT_EVENT_ERROR));
    else
        vcpu_raise(vcpu, vector);
    return ACTION_RESUME;
}

enum exit_action exit_interrupt(struct vcpu *vcpu) {
    (void)vcpu;
    interrupt_dispatch((uint8_t)vmcs_read_32(EXIT_EVENT));
    if (cpu_self()->reschedule)
        sched_run();
    return ACTION_RESUME;
}

/* The guest's timer, which the core looks at after every exit; or the stay was long enough for
 * interrupts of the host that the guest has kept out (vmx_stay_limit). */
enum exit_action exit_stay_limit(struct vcpu *vcpu) {
    (void)vcpu;
    asm_sti_cli();
    if (cpu_self()->reschedule)
        sched_run();
    return ACTION_RESUME;
}

enum exit_action exit_interrupt_window(struct vcpu *vcpu) {
    vmx_set_processor_control(vcpu, PROCESSOR_INTERRUPT_WINDOW, false);
    vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT | VCPU_WORK_EXTERNAL);
    return ACTION_RESUME;
}

enum exit_action exit_nmi_window(struct vcpu *vcpu) {
    vmx_set_processor_control(vcpu, PROCESSOR_NMI_WINDOW, false);
    vcpu_add_work(vcpu, VCPU_WORK_NMI);
    return ACTION_RESUME;
}
