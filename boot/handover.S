/*
 * The jump to the kernel. Runs in the identity map of the firmware and then in that of the new
 * tables; touches CR0, CR3, CR4 and EFER.
 */
#define MSR_EFER 0xc0000080
#define EFER_NXE_BIT 11
#define CR0_WP_BIT 16
#define CR4_PGE_BIT 7

    .text
    .globl handover
    .hidden handover
    .type handover, @function
/* rdi: page table, rsi: entry, rdx: boot_info, rcx: stack top */
handover:
    cli
    cld
    mov %rdi, %r8
    mov %rdx, %rdi
    mov %rcx, %r9

    /* NXE before the tables that use it (SDM Vol. 3, 4.1.4 "Enumeration of Paging Features"). */
    mov $MSR_EFER, %ecx
    rdmsr
    bts $EFER_NXE_BIT, %eax
    wrmsr

    /* Without PGE, loading CR3 leaves no translation of the firmware's behind. */
    mov %cr4, %rax
    btr $CR4_PGE_BIT, %rax
    mov %rax, %cr4
    mov %r8, %cr3
    mov %cr0, %rax
    bts $CR0_WP_BIT, %rax
    mov %rax, %cr0

    /* As if called: a return address (none) above the first argument, and the end of the frames. */
    mov %r9, %rsp
    pushq $0
    xor %ebp, %ebp
    jmp *%rsi
    .size handover, . - handover

    .section .note.GNU-stack, "", @progbits
