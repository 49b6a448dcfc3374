/* The handlers of exits, by file. Each is a row of the table in exit.c. */
#ifndef BULKHEAD_VMX_HANDLERS_H
#define BULKHEAD_VMX_HANDLERS_H

#include "arch/x86_64/virt/vcpu.h"

struct vcpu;

/* exit_simple.c */
enum exit_action exit_nothing(struct vcpu *vcpu);    /* goes on where it was */
enum exit_action exit_harmless(struct vcpu *vcpu);   /* an instruction without effect here */
enum exit_action exit_undefined(struct vcpu *vcpu);  /* not offered: #UD */
enum exit_action exit_protection(struct vcpu *vcpu); /* not offered: #GP */
enum exit_action exit_unexpected(struct vcpu *vcpu); /* its control is off */
enum exit_action exit_hypercall(struct vcpu *vcpu);
enum exit_action exit_halt(struct vcpu *vcpu);
enum exit_action exit_port(struct vcpu *vcpu);
enum exit_action exit_xsetbv(struct vcpu *vcpu);
enum exit_action exit_triple_fault(struct vcpu *vcpu);
enum exit_action exit_task_switch(struct vcpu *vcpu);

/* exit_event.c */
enum exit_action exit_exception(struct vcpu *vcpu);
enum exit_action exit_interrupt(struct vcpu *vcpu);
enum exit_action exit_stay_limit(struct vcpu *vcpu);
enum exit_action exit_interrupt_window(struct vcpu *vcpu);
enum exit_action exit_nmi_window(struct vcpu *vcpu);

/* exit_register.c */
enum exit_action exit_control_register(struct vcpu *vcpu);
enum exit_action exit_debug_register(struct vcpu *vcpu);

/* exit_memory.c */
enum exit_action exit_ept_violation(struct vcpu *vcpu);
enum exit_action exit_ept_misconfiguration(struct vcpu *vcpu);

/* apic.c */
enum exit_action exit_priority(struct vcpu *vcpu);
enum exit_action exit_apic_access(struct vcpu *vcpu);
enum exit_action exit_apic_write(struct vcpu *vcpu);
enum exit_action exit_virtualized_eoi(struct vcpu *vcpu);

#endif
