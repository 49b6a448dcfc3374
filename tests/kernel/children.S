/* Child functions that look at or keep every register. */
#include "abi/syscall_numbers.h"
#include "tests/kernel/board.h"
#include "tests/kernel/children.h"

#define RECORD_SEED    0
#define RECORD_ROUNDS  8
#define RECORD_MODE    16
#define RECORD_DONE    24
#define RECORD_ERRORS  32
#define RECORD_FS_BASE 40
#define RECORD_GS_BASE 48
#define RECORD_GO      56

#define VALUE(n) BOARD_VALUE + 8 * (n)(%rdi)

    .text
    .globl children_dump
    .type children_dump, @function
children_dump:
    movq %rax, VALUE(0)
    movq %rcx, VALUE(1)
    movq %rdx, VALUE(2)
    movq %rbx, VALUE(3)
    movq %rsp, VALUE(4)
    movq %rbp, VALUE(5)
    movq %rsi, VALUE(6)
    movq %rdi, VALUE(7)
    movq %r8, VALUE(8)
    movq %r9, VALUE(9)
    movq %r10, VALUE(10)
    movq %r11, VALUE(11)
    movq %r12, VALUE(12)
    movq %r13, VALUE(13)
    movq %r14, VALUE(14)
    movq %r15, VALUE(15)
    pushfq
    popq VALUE(CHILDREN_FLAGS)
    movl %ds, %eax
    movq %rax, VALUE(CHILDREN_DS)
    movl %es, %eax
    movq %rax, VALUE(CHILDREN_ES)
    movl %fs, %eax
    movq %rax, VALUE(CHILDREN_FS)
    movl %gs, %eax
    movq %rax, VALUE(CHILDREN_GS)
    testb $CHILDREN_FSGSBASE, BOARD_ARGUMENT(%rdi)
    jz 1f
    rdfsbase %rax
    movq %rax, VALUE(CHILDREN_FS_BASE)
    rdgsbase %rax
    movq %rax, VALUE(CHILDREN_GS_BASE)
1:  testb $CHILDREN_XSAVE, BOARD_ARGUMENT(%rdi)
    jz 2f
    movl $-1, %eax
    movl $-1, %edx
    xsave64 BOARD_AREA(%rdi)
    jmp exit_0
2:  fxsave64 BOARD_AREA(%rdi)
    jmp exit_0
    .size children_dump, . - children_dump

    .type exit_0, @function
exit_0:
    movl $BOARD_MAGIC, CHILD_BOARD + BOARD_SURVIVED
    xorl %edi, %edi
    movl $SYS_partition_exit, %eax
    syscall
    ud2
    .size exit_0, . - exit_0

    .globl children_dirty
    .type children_dirty, @function
children_dirty:
    movq BOARD_ARGUMENT(%rdi), %rbx
    fninit
    .rept 8
    fldpi
    .endr
    pushq $0x3ff /* all x87 exceptions masked, and a rounding mode */
    fldcw (%rsp)
    movl $0x7f80, (%rsp)
    ldmxcsr (%rsp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pcmpeqd %xmm\n, %xmm\n
    .endr
    testb $CHILDREN_AVX, %bl
    jz 1f
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vinsertf128 $1, %xmm\n, %ymm\n, %ymm\n
    .endr
1:  testb $CHILDREN_AVX512, %bl
    jz 2f
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    vpternlogd $0xff, %zmm\n, %zmm\n, %zmm\n
    .endr
    movl $-1, %eax
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    kmovw %eax, %k\n
    .endr
2:  testb $CHILDREN_FSGSBASE, %bl
    jz 3f
    movl $0x12345678, %eax
    wrfsbase %rax
    wrgsbase %rax
3:  movq $-1, %rax
    .irp r, rcx, rdx, rbx, rbp, rsi, r8, r9, r10, r11, r12, r13, r14, r15
    movq %rax, %\r
    .endr
    movl $SYS_thread_yield, %eax /* some of it goes through the kernel's hands */
    syscall
    jmp exit_0
    .size children_dirty, . - children_dirty

/* ---- a pattern in every register */

    /* %rax is what register n should hold. */
    .macro pattern n
    leaq \n(%r12), %rax
    .endm

    .macro check number, left, right
    cmpq \left, \right
    movl $\number, %ecx
    jne switch_failed
    .endm

    .globl children_switch
    .type children_switch, @function
children_switch:
    movq %rdi, %rbx
7:  movl $SYS_thread_yield, %eax
    syscall
    cmpb $0, RECORD_GO(%rbx)
    je 7b
    movq RECORD_SEED(%rbx), %r12
    movq %r12, %r13
    notq %r13
    movq %r12, %r14
    rolq $32, %r14
    leaq (%r12, %r12, 2), %r15
    movq %r13, %rbp
    bswapq %rbp
    subq $32, %rsp

    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pattern \n
    movq %rax, %xmm\n
    punpcklqdq %xmm\n, %xmm\n
    .endr
    testb $CHILDREN_AVX, RECORD_MODE(%rbx)
    jz 1f
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vinsertf128 $1, %xmm\n, %ymm\n, %ymm\n
    .endr
1:  fninit
    movl %r12d, %eax
    andl $3, %eax
    shll $10, %eax
    orl $0x37f, %eax
    movl %eax, (%rsp)
    fldcw (%rsp)
    fildq RECORD_SEED(%rbx)
    movl %r12d, %eax
    andl $3, %eax
    shll $13, %eax
    orl $0x1f80, %eax
    movl %eax, (%rsp)
    ldmxcsr (%rsp)
    testb $CHILDREN_FSGSBASE, RECORD_MODE(%rbx)
    jz switch_loop
    movq RECORD_GS_BASE(%rbx), %rax
    wrgsbase %rax

switch_loop:
    testb $CHILDREN_SPIN, RECORD_MODE(%rbx)
    jnz 2f
    movq %r14, %rdi
    movq %r15, %rsi
    movq %r13, %rdx
    movq %r12, %r8
    movq %rbp, %r9
    movq %r14, %r10
    movl $SYS_thread_yield, %eax
    syscall
    check 40, %rdi, %r14
    check 41, %rsi, %r15
    check 42, %rdx, %r13
    check 43, %r8, %r12
    check 44, %r9, %rbp
    check 45, %r10, %r14
    jmp 4f
2:  movl $500, %ecx
3:  pause
    decl %ecx
    jnz 3b

4:  movq RECORD_SEED(%rbx), %rax
    check 20, %rax, %r12
    notq %rax
    check 21, %rax, %r13
    bswapq %rax
    check 22, %rax, %rbp
    movq %r12, %rax
    rolq $32, %rax
    check 23, %rax, %r14
    leaq (%r12, %r12, 2), %rax
    check 24, %rax, %r15
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pattern \n
    movdqu %xmm\n, (%rsp)
    check 1 + \n, (%rsp), %rax
    check 1 + \n, 8(%rsp), %rax
    .endr
    testb $CHILDREN_AVX, RECORD_MODE(%rbx)
    jz 5f
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pattern \n
    vextractf128 $1, %ymm\n, (%rsp)
    check 101 + \n, (%rsp), %rax
    check 101 + \n, 8(%rsp), %rax
    .endr
5:  fld %st(0)
    fistpq (%rsp)
    check 30, (%rsp), %r12
    movl %r12d, %eax
    andl $3, %eax
    shll $10, %eax
    orl $0x37f, %eax
    movq $0, (%rsp)
    fnstcw (%rsp)
    check 31, (%rsp), %rax
    movl %r12d, %eax
    andl $3, %eax
    shll $13, %eax
    orl $0x1f80, %eax
    movq $0, (%rsp)
    stmxcsr (%rsp)
    andl $~0x3f, (%rsp)
    check 32, (%rsp), %rax
    testb $CHILDREN_FSGSBASE, RECORD_MODE(%rbx)
    jz 6f
    rdfsbase %rax
    check 33, RECORD_FS_BASE(%rbx), %rax
    rdgsbase %rax
    check 34, RECORD_GS_BASE(%rbx), %rax
6:  incq RECORD_DONE(%rbx)
    movq RECORD_DONE(%rbx), %rax
    cmpq RECORD_ROUNDS(%rbx), %rax
    jb switch_loop
    xorl %ecx, %ecx

switch_failed:
    movq %rcx, RECORD_ERRORS(%rbx)
    xorl %edi, %edi
    movl $SYS_thread_exit, %eax
    syscall
    ud2
    .size children_switch, . - children_switch

/* ---- flags and GS base across calls */

    .globl children_flags
    .type children_flags, @function
children_flags:
    movq %rdi, %rbx
    movl $BOARD_MAGIC, BOARD_ARRIVED(%rbx)
    pushq BOARD_ARGUMENT(%rbx)
    movl $SYS_null, %eax
    popfq
    syscall
    pushfq
    popq BOARD_VALUE(%rbx)
    pushq $0x202
    popfq
    /* Several times, so that each of the other threads of the CPU comes next once. */
    movl $4, %ebp
2:  pushq BOARD_ARGUMENT(%rbx)
    movl $SYS_thread_yield, %eax
    popfq
    syscall
    pushfq
    popq BOARD_VALUE + 8(%rbx)
    pushq $0x202
    popfq
    decl %ebp
    jnz 2b
    /* And through interrupts: two slices of the scheduler or so. */
    movl $3000000, %ecx
    pushq BOARD_ARGUMENT(%rbx)
    popfq
1:  decl %ecx
    jnz 1b
    pushq $0x202
    popfq
    jmp exit_0
    .size children_flags, . - children_flags

    .globl children_gs_base
    .type children_gs_base, @function
children_gs_base:
    movq %rdi, %rbx
    movq BOARD_ARGUMENT(%rbx), %rax
    movq BOARD_ARGUMENT + 8(%rbx), %rbp
    movl $BOARD_MAGIC, BOARD_ARRIVED(%rbx)
    wrgsbase %rax
1:  movl $SYS_thread_yield, %eax
    syscall
    movl $1000, %ecx
2:  pause
    decl %ecx
    jnz 2b
    decq %rbp
    jnz 1b
    rdgsbase %rax
    movq %rax, BOARD_VALUE(%rbx)
    jmp exit_0
    .size children_gs_base, . - children_gs_base

    .section .note.GNU-stack, "", @progbits
