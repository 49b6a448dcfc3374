/* The architecture's part of struct vcpu and struct guest. */
#ifndef BULKHEAD_ARCH_VCPU_TYPES_H
#define BULKHEAD_ARCH_VCPU_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/cpu/xstate.h"
#include "arch/x86_64/virt/lapic.h"
#include "kernel/abi/guest.h"

struct cpu;
struct thread;

/* Work to be done before the next entry; others set bits with an atomic OR, then kernel_vcpu_wake.
 */
#define VCPU_WORK_INTERRUPT  0x001u /* IRR has changed, or a condition that held one back */
#define VCPU_WORK_NMI        0x002u
#define VCPU_WORK_INIT       0x004u
#define VCPU_WORK_START      0x008u /* SIPI: start_vector */
#define VCPU_WORK_EXTERNAL   0x010u /* external_is_pending, or what lets it pass, has changed */
#define VCPU_WORK_KICK       0x020u
#define VCPU_WORK_EVENT      0x040u /* event: an exception, or a delivery that an exit interrupted */
#define VCPU_WORK_CLOCK      0x080u  /* the guest's clock_offset has changed */
#define VCPU_WORK_APIC_MODE  0x100u  /* IA32_APIC_BASE has changed */
#define VCPU_WORK_EOI_EXITS  0x200u  /* guest->eoi_exits has changed */
#define VCPU_WORK_RESCHEDULE 0x1000u /* another thread of this CPU shall run first */
#define VCPU_WORK_HALTED     0x400u  /* activity is not VCPU_ACTIVE: nothing runs before an event */
#define VCPU_WORK_EOI        0x800u  /* the VMM is to be told of the end of ended_vector */

enum vcpu_activity {
    VCPU_ACTIVE = 0,
    VCPU_HALTED = 1,
    VCPU_SHUTDOWN = 2,
    VCPU_WAITS_FOR_START = 3
};

/* An event in the format of the VM-entry interruption-information field, which SVM's EVENTINJ
 * shares (SDM Vol. 3, 25.8.3 "VM-Entry Controls for Event Injection"). */
struct vcpu_event {
    uint32_t info; /* 0: none */
    uint32_t error;
    uint32_t instruction_length;
};

/* MSRs of the guest that live only here: hardware has no place for them, or the host's value in it.
 */
struct vcpu_msrs {
    uint64_t cstar;
    uint64_t tsc_aux;
    uint64_t tsc_adjust;
    uint64_t misc_enable;
    uint64_t mcg_status;
    uint64_t kernel_gs_base; /* while it is not in the register */
    uint64_t mtrr_default, mtrr_fixed[11];
    uint64_t mtrr_base[GUEST_MTRR_VARIABLE], mtrr_mask[GUEST_MTRR_VARIABLE];
};

struct arch_vcpu {
    uint64_t vmcs;      /* physical */
    uint32_t work;      /* VCPU_WORK_...: atomic */
    uint32_t processor; /* what the VMCS's processor-based controls hold */
    uint64_t star, lstar, fmask;
    struct cpu *running_on; /* the CPU that others must kick; NULL: none. Exchanged */
    uint64_t host_cr3, host_fs_base, host_gs_base; /* what stands there */
    struct xstate xstate;

    bool is_launched;
    bool is_registers_loaded; /* CR2, DR0-3 and 6, KERNEL_GS_BASE, TSC_AUX are in the CPU */
    bool uses_syscall;        /* the guest has set up SYSCALL: its MSRs must be loaded */
    bool uses_debug;          /* DR0-3 and 6 are the guest's: no exits for them */
    uint8_t activity;         /* enum vcpu_activity */
    uint8_t tier;             /* enum local_apic_tier */
    uint8_t apic_mode;        /* of the controls in the VMCS: enum in vmx/apic.c */
    uint8_t ended_vector;
    uint8_t start_vector;     /* of the SIPI */
    bool external_is_pending; /* the PIC asserts INTR */
    bool external_was_told;   /* with EXIT_WINDOW, and the VMM has not answered with a vector */
    bool halt_was_told;       /* this HLT led to EXIT_HALT */
    uint8_t leave_kind;       /* enum exit_kind of ACTION_LEAVE */
    uint32_t nmi_count;       /* pending: at most 2, atomic */
    uint16_t vpid;
    struct vcpu_event event;
    uint64_t timer_set; /* host tick for which the preemption timer counts; LAPIC_NEVER */

    uint64_t cr2, dr[4], dr6;
    struct vcpu_msrs msrs;
    struct lapic lapic;
};

/* CPUID rows by leaf: the first of each of the basic, the hypervisor's and the extended leaves. */
#define VIRT_CPUID_RANGES 3u
#define VIRT_CPUID_LEAVES 32u

struct arch_guest {
    const struct guest_cpuid *cpuid_row[VIRT_CPUID_RANGES][VIRT_CPUID_LEAVES];
    const struct guest_cpuid *cpuid_end;
    uint32_t cpuid_last_basic;
    uint32_t features;    /* VIRT_FEATURE_...: what gates MSRs */
    uint64_t cr4_allowed; /* bits of CR4 that the CPUID policy gives */
    uint64_t xcr0_allowed;
    uint64_t efer_allowed;
    uint64_t apic_page; /* physical; behind guest-physical FEE00000h for the APIC-access control, 0:
                           none */
    uint8_t physical_bits;
};

#endif
