/*
 * What another CPU runs first: from real mode, at a page below 1 MiB, to the kernel's 64-bit code.
 * It is copied there, so it addresses itself relative to its page: CS * 16 in real mode, a register
 * afterwards. SDM Vol. 3, 9.4.4 "MP Initialization Example", 10.8.5 "Initializing IA-32e Mode".
 */
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/offsets.h"

#define HERE(symbol) ((symbol) - smp_trampoline)

    .section .rodata
    .globl smp_trampoline
    .type smp_trampoline, @object
    .balign 16
smp_trampoline:
    .code16
    cli
    cld
    xor %eax, %eax
    mov %cs, %ax
    mov %ax, %ds
    shl $4, %eax
    mov %eax, %ebp /* this page's address */

    /* The descriptor table's address and the far jump's target, made from the page's. */
    lea HERE(table)(%ebp), %eax
    mov %eax, HERE(table_pointer) + 2
    lea HERE(start64)(%ebp), %eax
    mov %eax, HERE(target)
    lgdtl HERE(table_pointer)

    mov START_OFFSET + START_CR4, %eax
    mov %eax, %cr4
    mov START_OFFSET + START_CR3, %eax
    mov %eax, %cr3
    mov $EFER_INDEX, %ecx
    mov START_OFFSET + START_EFER, %eax
    xor %edx, %edx
    wrmsr
    /* Protection and paging together: straight to IA-32e mode. */
    mov $(CR0_PE | CR0_WP | CR0_PG), %eax
    mov %eax, %cr0
    ljmpl *HERE(target)

    .code64
start64:
    mov %ebp, %ebp
    mov START_OFFSET + START_STACK(%rbp), %rsp
    mov START_OFFSET + START_ENTRY(%rbp), %rax
    jmp *%rax

    .balign 8
table:
    .quad 0
    .quad 0x00209b0000000000 /* 64-bit code, present, accessed */
table_pointer:
    .word . - table - 1
    .long 0
target:
    .long 0
    .word 8
    .globl smp_trampoline_end
smp_trampoline_end:
    .size smp_trampoline, . - smp_trampoline
