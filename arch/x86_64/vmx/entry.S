/*
 * Into the guest and out of it. The guest's registers are in its struct vcpu_page, in the order of enum
 * gpr; HOST_RSP points at two words that the way in leaves: the page and the vCPU. The processor has
 * switched everything else that the exit path needs, so no other state is looked for here.
 *
 * Both ways exist twice: plain, and guarded for processors whose speculation wants something done there
 * (HOST_RIP is one of the two exit points). The plain ones know nothing of it.
 */
#include "arch/x86_64/cpu/speculation.inc"

#define SLOT_PAGE 0
#define SLOT_VCPU 8

#define GPR(number) 8 * (number)

    .text

/* RDI: the page. */
    .macro load_guest_registers
    mov GPR(0)(%rdi), %rax
    mov GPR(1)(%rdi), %rcx
    mov GPR(2)(%rdi), %rdx
    mov GPR(3)(%rdi), %rbx
    mov GPR(5)(%rdi), %rbp
    mov GPR(6)(%rdi), %rsi
    mov GPR(8)(%rdi), %r8
    mov GPR(9)(%rdi), %r9
    mov GPR(10)(%rdi), %r10
    mov GPR(11)(%rdi), %r11
    mov GPR(12)(%rdi), %r12
    mov GPR(13)(%rdi), %r13
    mov GPR(14)(%rdi), %r14
    mov GPR(15)(%rdi), %r15
    mov GPR(7)(%rdi), %rdi
    .endm

/* Leaves the page in RDI. */
    .macro save_guest_registers
    push %rdi
    mov 8 + SLOT_PAGE(%rsp), %rdi
    mov %rax, GPR(0)(%rdi)
    mov %rcx, GPR(1)(%rdi)
    mov %rdx, GPR(2)(%rdi)
    mov %rbx, GPR(3)(%rdi)
    mov %rbp, GPR(5)(%rdi)
    mov %rsi, GPR(6)(%rdi)
    mov %r8, GPR(8)(%rdi)
    mov %r9, GPR(9)(%rdi)
    mov %r10, GPR(10)(%rdi)
    mov %r11, GPR(11)(%rdi)
    mov %r12, GPR(12)(%rdi)
    mov %r13, GPR(13)(%rdi)
    mov %r14, GPR(14)(%rdi)
    mov %r15, GPR(15)(%rdi)
    pop GPR(7)(%rdi)
    .endm

/* Before the guest's registers are loaded. Changes RAX, RCX, RDX, flags. */
    .macro speculation_entry
    testl $SPECULATION_ENTRY_L1D, speculation_actions
    jz .Lcache\@
    mov $FLUSH_CMD_INDEX, %ecx
    mov $FLUSH_CMD_BIT_L1D, %eax
    xor %edx, %edx
    wrmsr
.Lcache\@:
    speculation_leave_control
    .endm

/* noreturn void vmx_enter(struct vcpu_page *page, struct vcpu *vcpu, uint64_t *stack, bool is_launched)
 * What the stack holds so far is forgotten. */
    .globl vmx_enter
    .type vmx_enter, @function
vmx_enter:
    mov %rdx, %rsp
    mov %rdi, SLOT_PAGE(%rsp)
    mov %rsi, SLOT_VCPU(%rsp)
    testl $SPECULATION_AT_ENTRY, speculation_actions
    jnz enter_guarded
    test %cl, %cl
    load_guest_registers
    jz 1f
    vmresume
    jmp enter_failed
1:  vmlaunch
enter_failed:
    mov SLOT_VCPU(%rsp), %rdi /* not entered */
    xor %ebp, %ebp
    call vmx_enter_failed /* does not return */

enter_guarded:
    test %cl, %cl
    jz 2f
    speculation_entry
    load_guest_registers
    speculation_leave_buffers
    vmresume
    jmp enter_failed
2:  speculation_entry
    load_guest_registers
    speculation_leave_buffers
    vmlaunch
    jmp enter_failed
    .size vmx_enter, . - vmx_enter

/* HOST_RIP */
    .globl vmx_exit_point
    .type vmx_exit_point, @function
vmx_exit_point:
    save_guest_registers
    mov SLOT_VCPU(%rsp), %rdi
    xor %ebp, %ebp /* backtraces end here */
    call vmx_exit
    mov SLOT_PAGE(%rsp), %rdi
    load_guest_registers
    vmresume
    jmp enter_failed
    .size vmx_exit_point, . - vmx_exit_point

/* HOST_RIP of guarded exits: no return and no indirect branch before the guest's predictions are gone,
 * and no value of the guest's in a register that C may use too early. */
    .globl vmx_exit_point_guarded
    .type vmx_exit_point_guarded, @function
vmx_exit_point_guarded:
    save_guest_registers
    testl $SPECULATION_EXIT_RETURNS, speculation_actions
    jz 1f
    speculation_fill_returns
1:  speculation_enter
    xor %ebx, %ebx
    xor %esi, %esi
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r11d, %r11d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    mov SLOT_VCPU(%rsp), %rdi
    xor %ebp, %ebp
    call vmx_exit
    speculation_entry
    mov SLOT_PAGE(%rsp), %rdi
    load_guest_registers
    speculation_leave_buffers
    vmresume
    jmp enter_failed
    .size vmx_exit_point_guarded, . - vmx_exit_point_guarded
