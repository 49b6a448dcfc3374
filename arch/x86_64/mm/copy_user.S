/*
 * bool copy_user_plain(void *to, const void *from, uint64_t length), and the same with EFLAGS.AC set
 * meanwhile (SDM Vol. 3, 4.6.1 "Determination of Access Rights", SMAP). A fault at the two copying
 * instructions goes on behind them with false.
 */
    .macro copy_user name, before, after
    .globl \name
    .type \name, @function
\name:
    \before
    mov %rdx, %rcx
    shr $3, %rcx
1:  rep movsq
    mov %edx, %ecx
    and $7, %ecx
2:  rep movsb
    \after
    mov $1, %eax
    ret
3:  \after
    xor %eax, %eax
    ret
    .size \name, . - \name
    .pushsection .fixup, "a", @progbits
    .quad 1b, 3b, 2b, 3b
    .popsection
    .endm

    .text
    copy_user copy_user_plain
    copy_user copy_user_smap, stac, clac
