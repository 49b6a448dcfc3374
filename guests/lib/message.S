/*
 * int64_t syscall_message(uint64_t number, struct message_registers *message)
 * The calls whose arguments and results are registers: see struct message_registers in
 * kernel/abi/types.h for which is where.
 */
        .section .text.syscall_message, "ax", @progbits
        .globl  syscall_message
        .type   syscall_message, @function
syscall_message:
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %rsi
        movq    %rdi, %rax
        movq    %rsi, %r11
        movq    0(%r11), %rdi
        movq    8(%r11), %rsi
        movq    16(%r11), %rdx
        movq    24(%r11), %r10
        movq    32(%r11), %r8
        movq    40(%r11), %r9
        movq    48(%r11), %rbx
        movq    56(%r11), %r12
        movq    64(%r11), %r13
        movq    72(%r11), %r14
        syscall
        popq    %r11
        movq    %rdi, 0(%r11)
        movq    %rsi, 8(%r11)
        movq    %rdx, 16(%r11)
        movq    %r10, 24(%r11)
        movq    %r8, 32(%r11)
        movq    %r9, 40(%r11)
        movq    %rbx, 48(%r11)
        movq    %r12, 56(%r11)
        movq    %r13, 64(%r11)
        movq    %r14, 72(%r11)
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        ret
        .size   syscall_message, . - syscall_message

        .section .note.GNU-stack, "", @progbits
