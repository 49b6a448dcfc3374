/*
 * Ways into the kernel and back to ring 3: SYSCALL, the 256 interrupt vectors, and what resumes a
 * thread. Entry from ring 3 pushes struct arch_frame straight into the running thread: cpu->arch
 * .frame_end and TSS.RSP0 point behind it. Handlers then run on the CPU's one stack.
 */
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/speculation.inc"
#include "arch/x86_64/offsets.h"

/*
 * A field of this CPU's struct cpu, for code in kernel_entry_page. That page is mapped anew behind
 * every struct cpu (one page after it), so relative to RIP the same code finds each CPU's own.
 * Jumps out of the page must be absolute.
 */
#define CPU(field) kernel_entry_page - 0x1000 + OFFSET_CPU_##field(%rip)

    .macro push_registers
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    .endm

    .macro pop_registers
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    .endm

/* ---- SYSCALL: SDM Vol. 2, SYSCALL and SYSRET */

/* LSTAR is one of two: the plain entry, and the guarded one where speculation wants something done. */
    .macro syscall_stub name, guarded
    .globl \name
    .type \name, @function
\name:
    mov %rsp, CPU(SCRATCH)
    mov CPU(FRAME_END), %rsp
    push $SELECTOR_USER_DATA
    push CPU(SCRATCH)
    push %r11
    push $SELECTOR_USER_CODE
    push %rcx
    push %rax /* error: the call's number, for arch_thread_restart_call */
    push $VECTOR_OF_SYSCALL
    push_registers
    mov CPU(STACK_TOP), %rsp
    .if \guarded
    push %rax
    push %rdx
    speculation_enter
    pop %rdx
    pop %rax
    .endif

    cmp $SYSTEM_CALL_COUNT, %rax
    jae 2f
    sbb %r11, %r11 /* all ones; 0 if the branch was mispredicted: no speculation behind the table */
    and %r11, %rax
    mov %r10, %rcx
    call *system_calls(, %rax, 8)

1:  cmpb $0, CPU(RESCHEDULE)
    jne 3f
    /*
     * The handler has preserved RBX, RBP and R12 to R15. All others are reloaded: no value of the
     * kernel's gets out. SYSRET with a RIP that is not canonical would fault in ring 0 on the user's
     * stack (CVE-2012-0217): RIP must be below 2^47.
     */
    mov CPU(FRAME_END), %rcx
    mov FRAME_RIP - FRAME_SIZE(%rcx), %rdx
    shr $47, %rdx
    jnz 4f
    .if \guarded
    push %rax
    speculation_leave_control
    pop %rax
    mov CPU(FRAME_END), %rcx
    .endif
    mov FRAME_RDI - FRAME_SIZE(%rcx), %rdi
    mov FRAME_RSI - FRAME_SIZE(%rcx), %rsi
    mov FRAME_RDX - FRAME_SIZE(%rcx), %rdx
    mov FRAME_R8 - FRAME_SIZE(%rcx), %r8
    mov FRAME_R9 - FRAME_SIZE(%rcx), %r9
    mov FRAME_R10 - FRAME_SIZE(%rcx), %r10
    mov FRAME_RFLAGS - FRAME_SIZE(%rcx), %r11
    mov FRAME_RSP - FRAME_SIZE(%rcx), %rsp
    mov FRAME_RIP - FRAME_SIZE(%rcx), %rcx
    .if \guarded
    speculation_leave_buffers
    .endif
    sysretq

2:  mov $-1, %rax /* STATUS_BAD_CALL */
    jmp 1b

    /* Another thread may be due, or this one cannot return by SYSRET. */
3:  mov CPU(FRAME_END), %rcx
    mov %rax, FRAME_RAX - FRAME_SIZE(%rcx)
    xor %ebp, %ebp
    mov $sched_run, %rcx
    call *%rcx
4:  mov %rax, FRAME_RAX - FRAME_SIZE(%rcx)
    xor %ebp, %ebp
    mov $thread_resume_current, %rcx
    call *%rcx
    .size \name, . - \name
    .endm

    .section .text.entry_page, "ax", @progbits
    syscall_stub syscall_entry, 0
    syscall_stub syscall_entry_guarded, 1

/* ---- back to ring 3 */

    .text
/* noreturn void entry_sysret(struct arch_frame *); SYSRET restores CS, SS, RIP and RFLAGS. */
    .globl entry_sysret
    .type entry_sysret, @function
entry_sysret:
    testl $SPECULATION_AT_LEAVE, speculation_actions
    mov %rdi, %rsp
    jnz 1f
    pop_registers
    mov FRAME_RIP - FRAME_VECTOR(%rsp), %rcx
    mov FRAME_RFLAGS - FRAME_VECTOR(%rsp), %r11
    mov FRAME_RSP - FRAME_VECTOR(%rsp), %rsp
    sysretq
1:  speculation_leave_control
    pop_registers
    mov FRAME_RIP - FRAME_VECTOR(%rsp), %rcx
    mov FRAME_RFLAGS - FRAME_VECTOR(%rsp), %r11
    mov FRAME_RSP - FRAME_VECTOR(%rsp), %rsp
    speculation_leave_buffers
    sysretq
    .size entry_sysret, . - entry_sysret

/* noreturn void entry_iret(struct arch_frame *) */
    .globl entry_iret
    .type entry_iret, @function
entry_iret:
    mov %rdi, %rsp
return_to_ring_3:
    testl $SPECULATION_AT_LEAVE, speculation_actions
    jz return_from_interrupt
    speculation_leave_control
    pop_registers
    add $16, %rsp /* vector, error */
    speculation_leave_buffers
    iretq
return_from_interrupt:
    pop_registers
    add $16, %rsp /* vector, error */
    iretq
    .size entry_iret, . - entry_iret

/* ---- interrupts and exceptions: SDM Vol. 3, 6.14 "Exception and Interrupt Handling in 64-bit Mode" */

    .type interrupt_entry, @function
interrupt_entry:
    push_registers
    push $RFLAGS_FIXED /* AC and DF are the interrupted code's: off, without needing SMAP for CLAC */
    popfq
    mov %rsp, %rdi
    testb $3, FRAME_CS(%rsp)
    jz 1f
    mov OFFSET_THREAD_KERNEL_STACK(%rsp), %rsp
    testl $SPECULATION_AT_ENTER, speculation_actions
    jz 2f
    speculation_enter
2:  xor %ebp, %ebp
    call interrupt_from_user /* noreturn */
1:  call interrupt_from_kernel
    jmp return_from_interrupt
    .size interrupt_entry, . - interrupt_entry

/*
 * Vectors with a stack of their own: the frame is on that stack. One that comes between the kernel's
 * leaving and ring 3 leaves IBRS on and may leave words in the buffers that VERW has cleared: the first
 * is harmless, the second are a handler's that has seen no secret.
 */
    .type interrupt_entry_own_stack, @function
interrupt_entry_own_stack:
    push_registers
    push $RFLAGS_FIXED
    popfq
    mov %rsp, %rdi
    testl $SPECULATION_AT_ENTER, speculation_actions
    jz 1f
    speculation_enter /* wherever it came from: it may be from the last instructions before ring 3 */
1:  call interrupt_on_own_stack
    testb $3, FRAME_CS(%rsp)
    jz return_from_interrupt
    jmp return_to_ring_3
    .size interrupt_entry_own_stack, . - interrupt_entry_own_stack

/* noreturn void entry_continue_from_user(struct arch_frame *frame, uint64_t stack): leaves the own
 * stack of #DB; frame is the thread's. */
    .globl entry_continue_from_user
    .type entry_continue_from_user, @function
entry_continue_from_user:
    mov %rsi, %rsp
    xor %ebp, %ebp
    call interrupt_from_user /* noreturn */
    .size entry_continue_from_user, . - entry_continue_from_user

/* One stub a vector, 16 bytes apart. The processor pushes an error code for some exceptions
 * (SDM Vol. 3, 6.3.1, table 6-1); for the others the stub pushes 0. */
    .balign 16
    .globl interrupt_stubs
    .type interrupt_stubs, @function
interrupt_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    .else
    push $0
    .endif
    push $vector
    .if vector == 1 || vector == 2 || vector == 8 || vector == 18
    jmp interrupt_entry_own_stack
    .else
    jmp interrupt_entry
    .endif
    .set vector, vector + 1
    .endr
    .size interrupt_stubs, . - interrupt_stubs
