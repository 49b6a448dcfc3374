/*
 * The first instruction of every program. RDI: address of struct start_info; 0 in the manager, which the
 * kernel starts without a stack of its own choosing: it gets a small one here, enough to make a real one.
 */
        .section .text._start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        xorl    %ebp, %ebp
        testq   %rdi, %rdi
        jnz     1f
        leaq    boot_stack_end(%rip), %rsp
1:      andq    $-16, %rsp
        call    start_first
        ud2
        .size   _start, . - _start

        .section .bss.boot_stack, "aw", @nobits
        .balign 16
boot_stack:
        .skip   8192
boot_stack_end:

        .section .note.GNU-stack, "", @progbits
