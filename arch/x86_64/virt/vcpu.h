/*
 * What the common half of virtualization (virt/) and the vendor's (vmx/) know of each other, and
 * what the rest of the architecture calls.
 */
#ifndef BULKHEAD_VIRT_VCPU_H
#define BULKHEAD_VIRT_VCPU_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "arch/x86_64/virt/vcpu_types.h"

struct cpu;
struct guest;
struct thread;
struct vcpu;

/* What a handler of an exit wants done next. Only the core moves RIP. */
enum exit_action {
    ACTION_ADVANCE,       /* the instruction is done: behind it, and on */
    ACTION_RESUME,        /* on, where the guest was left */
    ACTION_PROTECTION,    /* the guest gets #GP(0) */
    ACTION_UNDEFINED,     /* the guest gets #UD */
    ACTION_LEAVE,         /* to the VMM, with vcpu->arch.leave_kind */
    ACTION_ADVANCE_LEAVE, /* behind the instruction first */
    ACTION_ADVANCE_HALT,  /* behind the instruction, which was HLT */
    ACTION_KILL           /* the guest cannot go on: exit.failed.text says why */
};

/* ---- for cpu/ */

/* The thread is inside a guest, its space is loaded: goes there. */
noreturn void vcpu_run(struct thread *thread);

/* A thread leaves this CPU: what the guest it ran has left in registers is saved, so that the next
 * thread finds none of it. */
void vcpu_thread_leave(struct cpu *cpu);

/* Drops cached guest translations on this CPU; part of arch_flush_translations. */
void virt_flush_translations(void);

/* ---- vendor's half: the vCPU is loaded on this CPU */

uint64_t vcpu_get_efer(const struct vcpu *vcpu);
bool vcpu_set_efer(struct vcpu *vcpu, uint64_t value); /* false: #GP */
uint64_t vcpu_get_pat(const struct vcpu *vcpu);
void vcpu_set_pat(struct vcpu *vcpu, uint64_t value);
uint64_t vcpu_get_cr4(const struct vcpu *vcpu); /* as the guest sees it */
uint64_t vcpu_get_debugctl(const struct vcpu *vcpu);
void vcpu_set_debugctl(struct vcpu *vcpu, uint64_t value);
/* lapic.tsc_offset has changed. */
void vcpu_load_clock(struct vcpu *vcpu);
/* STAR, LSTAR or FMASK has changed in vcpu->arch. */
void vcpu_load_syscall(struct vcpu *vcpu);
void vcpu_load_tsc_aux(struct vcpu *vcpu);
uint8_t vcpu_privilege(const struct vcpu *vcpu);

/* ---- events */

/* An exception is delivered at the next entry. */
void vcpu_raise(struct vcpu *vcpu, uint32_t vector);
void vcpu_raise_with_error(struct vcpu *vcpu, uint32_t vector, uint32_t error);

/* Sets bits of vcpu->arch.work, from any CPU. */
void vcpu_add_work(struct vcpu *vcpu, uint32_t work);

/* Delivers a message of the interrupt network of the guest, from any CPU. source: the sender, NULL:
 * a device. */
void guest_deliver(struct guest *guest, const struct lapic_message *message, struct vcpu *source);

/* The guest ends its highest interrupt. LEAVE: the VMM wants to be told. */
enum exit_action vcpu_end_of_interrupt(struct vcpu *vcpu);

/* Acts on what lapic_read or lapic_write returned. */
enum exit_action vcpu_apic_effect(struct vcpu *vcpu, uint32_t effect);

#endif
