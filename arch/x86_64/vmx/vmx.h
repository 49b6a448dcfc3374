/* VT-x on this computer: what it can do, the pages that all guests share, and the files' common
 * calls. */
#ifndef BULKHEAD_VMX_VMX_H
#define BULKHEAD_VMX_VMX_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "arch/x86_64/virt/vcpu.h"
#include "arch/x86_64/vmx/controls.h"

struct cpu;
struct thread;
struct vcpu;

extern struct vmx_controls vmx_controls; /* constant once the boot CPU has them */
/*
 * The longest stay in a guest without an exit, in counts of the preemption timer. Nothing needs it
 * where interrupts end a stay, as the manual says they do. Bochs 2.7 does not recognise them in a
 * guest that was entered with IF = 0, and a guest that spins so would keep its CPU for ever.
 */
extern uint32_t vmx_stay_limit;
extern uint32_t vmx_revision;                 /* of VMCS regions */
extern uint64_t vmx_cr0_fixed, vmx_cr4_fixed; /* bits that must be 1 for guests */

/* ---- bitmaps.c: by what the local APIC lets pass */
enum vmx_bitmap { VMX_BITMAP_NO_X2APIC, VMX_BITMAP_X2APIC, VMX_BITMAP_VIRTUAL, VMX_BITMAP_COUNT };
extern uint64_t vmx_msr_bitmap[VMX_BITMAP_COUNT]; /* physical */
extern uint64_t vmx_io_bitmap[2];
bool vmx_bitmaps_init(void);

/* ---- vcpu.c: the VMCS as a whole. Loaded: current on this CPU. */
void vmx_vcpu_load(struct cpu *cpu, struct vcpu *vcpu);
/* For management calls: loads it here; kernel_lock is held. */
void vmx_vcpu_load_for_call(struct vcpu *vcpu);
/* Fields after reset, and after INIT. */
void vmx_vcpu_reset_fields(struct vcpu *vcpu);
void vmx_vcpu_init_signal(struct vcpu *vcpu);
void vmx_vcpu_start(struct vcpu *vcpu, uint8_t vector);

/* ---- registers.c */
void vmx_registers_save(struct cpu *cpu, struct vcpu *vcpu);
void vmx_registers_load(struct cpu *cpu, struct vcpu *vcpu);
void vmx_debug_use(struct vcpu *vcpu); /* the guest's DR0-3 and 6 are in the CPU from now on */
void vmx_set_processor_control(struct vcpu *vcpu, uint32_t bit, bool is_on);
uint64_t vmx_guest_cr0(const struct vcpu *vcpu); /* as the guest sees it */
bool vmx_write_cr0(struct vcpu *vcpu, uint64_t value);
bool vmx_write_cr4(struct vcpu *vcpu, uint64_t value);
/* Mask and shadow of CR0 and CR4, with bits that VMX fixes. No checks. */
void vmx_load_cr0(struct vcpu *vcpu, uint64_t value);
void vmx_load_cr4(struct vcpu *vcpu, uint64_t value);
/* The registers that the VMM's decoder wants, into the page. */
void vmx_fill_decode_state(struct vcpu *vcpu);
void vmx_flush_vpid(const struct vcpu *vcpu);

/* ---- apic.c */
void vmx_apic_choose(struct vcpu *vcpu); /* controls for the APIC's mode and tier */
void vmx_apic_load_eoi_exits(struct vcpu *vcpu);
/* Canonical IRR and ISR in vcpu->arch.lapic for state transfer and mode changes, and back. */
void vmx_apic_to_memory(struct vcpu *vcpu);
void vmx_apic_from_memory(struct vcpu *vcpu);
/* Requested interrupts into the virtual-APIC page. */
void vmx_apic_merge(struct vcpu *vcpu);
/* An interrupt could be taken with interrupts on. */
bool vmx_apic_has_deliverable(struct vcpu *vcpu);

/* ---- work.c: what must be done before the next entry. May not return. */
void vmx_work(struct vcpu *vcpu);
void vmx_timer(struct vcpu *vcpu);
/* An exit came while an event was being delivered: it is delivered again at the next entry. */
void vmx_keep_interrupted_event(struct vcpu *vcpu);

/* What the VMM changed in the page since the exit. */
void vmx_apply_dirty(struct vcpu *vcpu);

/* ---- exit.c */
/* Behind an instruction: ends a block by STI or MOV SS, and single-steps. */
void vmx_end_instruction(struct vcpu *vcpu);
void vmx_exit(struct vcpu *vcpu);         /* called by entry.S; returning resumes the guest */
void vmx_enter_failed(struct vcpu *vcpu); /* VMLAUNCH or VMRESUME did not enter */
noreturn void vmx_leave(struct vcpu *vcpu, enum exit_kind kind);
void vmx_fail(struct vcpu *vcpu, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- entry.S */
noreturn void vmx_enter(struct vcpu_page *page, struct vcpu *vcpu, uint64_t *stack,
                        bool is_launched);
void vmx_exit_point(void);
void vmx_exit_point_guarded(void); /* the same with what speculation wants done */

/* The exit path finds the page and the vCPU here, at HOST_RSP. */
#define VMX_STACK_SLOTS 2u

#endif
