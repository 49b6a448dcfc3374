/*
 * The architecture's part of the kernel's structures (see kernel/arch.h), and how the running CPU
 * finds itself. The kernel uses no GS: a CPU's stacks and its struct cpu lie in one block aligned
 * to its size, so masking the stack pointer is enough, in every handler and on every stack.
 */
#ifndef BULKHEAD_ARCH_TYPES_H
#define BULKHEAD_ARCH_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/virt/vcpu_types.h"

struct cpu;
struct xstate;

#define ARCH_PCID_COUNT     8u
#define ARCH_CPU_BLOCK_SIZE 0x10000ul /* struct cpu at the start, then guarded stacks */

/*
 * A thread's registers while it does not run. Entry from ring 3 pushes them here: TSS.RSP0 and the
 * SYSCALL stub point behind ss. Assembly knows this layout through generated offsets.
 */
struct arch_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector; /* or FRAME_SYSCALL */
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct arch_frame) == 22 * 8, "entry.S pushes it");
#define FRAME_SYSCALL 0x100u

struct arch_thread {
    _Alignas(16) struct arch_frame frame; /* first; interrupts align the stack to 16 bytes */
    uint64_t kernel_stack; /* of the CPU that runs it: where its entries into the kernel go on */
    uint64_t fs_base, gs_base;
    struct xstate
        *xstate; /* at the start of arch_thread_state_size() bytes, given by the creator */
};

struct arch_cpu {
    uint64_t frame_end; /* of the running thread: where the SYSCALL entry pushes; also TSS.RSP0 */
    uint64_t stack_top; /* of this CPU's stack */
    uint64_t scratch;   /* user RSP between the SYSCALL entry's first instructions */
    uint64_t cr3;       /* loaded, as HOST_CR3 wants it; changes when another space is loaded */
    struct thread *loaded;      /* whose registers, space and ports are loaded; NULL: nobody's */
    struct xstate *xstate;      /* whose extended state is in the registers; NULL: nobody's */
    struct thread *xstate_lazy; /* VMM that runs with its guest's state still loaded, CR0.TS = 1 */
    uint64_t xcr0;              /* loaded */
    bool xstate_is_newer;       /* the registers may be newer than the owner's memory */
    bool state_is_allowed;      /* CR0.TS may be 0: a VM exit sets it unasked */
    bool syscall_is_guest;      /* the SYSCALL MSRs may hold a guest's values */
    bool task_limit_is_short;   /* a VM exit has cut TR's limit: no I/O bitmap */
    bool vmx_is_on;
    bool bases_are_saved;        /* the FS and GS bases are not the thread's: a guest has run */
    uint64_t star, lstar, fmask; /* what the SYSCALL MSRs hold now */
    uint64_t host_lstar;         /* what LSTAR holds while ring 3 runs */
    uint64_t timer_deadline;     /* ticks; UINT64_MAX: the timer is not set */
    struct vcpu *vcpu;           /* whose VMCS is current */
    uint64_t vmxon_region;       /* physical; for vmx/ */
    struct arch_tables *tables;  /* GDT and TSS: cpu/tables.h */
    uint32_t nmi_count;          /* counted by the handler, which can do no more */
    uint32_t nmi_reported;
    uint64_t space; /* id of the loaded program space, 0: only the kernel's */
    uint64_t
        pcid_space[ARCH_PCID_COUNT]; /* ids of the spaces whose translations are kept, 0: none */
    uint32_t pcid_next;
    uint64_t predictions_of; /* id of the partition that trained the branch predictor; 0: nobody */
};

struct arch_space {
    uint64_t cr3;  /* program spaces: the root's physical address */
    uint64_t id;   /* program spaces: never used twice */
    uint64_t eptp; /* guest spaces */
};

/* The running CPU: the start of the block that holds the stack in use. */
static inline struct cpu *arch_cpu_self(void) {
    uint64_t stack;
    __asm__("mov %%rsp, %0" : "=r"(stack));
    return (struct cpu *)(stack & ~(ARCH_CPU_BLOCK_SIZE - 1));
}

#endif
