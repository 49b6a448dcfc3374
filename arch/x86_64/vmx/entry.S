/*
 * Into the guest and out of it. The guest's registers are in its struct vcpu_page, in the order of enum
 * gpr; HOST_RSP points at two words that the way in leaves: the page and the vCPU. The processor has
 * switched everything else that the exit path needs, so no other state is looked for here.
 */
#define SLOT_PAGE 0
#define SLOT_VCPU 8

#define GPR(number) 8 * (number)

    .text

/* noreturn void vmx_enter(struct vcpu_page *page, struct vcpu *vcpu, uint64_t *stack, bool is_launched)
 * What the stack holds so far is forgotten. */
    .globl vmx_enter
    .type vmx_enter, @function
vmx_enter:
    mov %rdx, %rsp
    mov %rdi, SLOT_PAGE(%rsp)
    mov %rsi, SLOT_VCPU(%rsp)
    test %cl, %cl
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
    jz 1f
    vmresume
    jmp 2f
1:  vmlaunch
2:  mov SLOT_VCPU(%rsp), %rdi /* neither entered */
    xor %ebp, %ebp
    call vmx_enter_failed /* does not return */
    .size vmx_enter, . - vmx_enter

/* HOST_RIP */
    .globl vmx_exit_point
    .type vmx_exit_point, @function
vmx_exit_point:
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
    mov SLOT_VCPU(%rsp), %rdi
    xor %ebp, %ebp /* backtraces end here */
    call vmx_exit
    mov SLOT_PAGE(%rsp), %rdi
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
    vmresume
    jmp 2b
    .size vmx_exit_point, . - vmx_exit_point
