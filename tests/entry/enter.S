/* VMLAUNCH, as a function that returns whatever comes of it. */
#define HOST_RSP 0x6c14

    .text

/* uint64_t entry_try(void) */
    .globl entry_try
    .type entry_try, @function
entry_try:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov $HOST_RSP, %eax
    vmwrite %rsp, %rax
    vmlaunch
    mov $1, %eax
    jmp 1f

/* HOST_RIP: the processor has loaded RSP, and cleared RFLAGS. */
    .globl entry_try_exit
    .type entry_try_exit, @function
entry_try_exit:
    xor %eax, %eax
1:  pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .size entry_try, . - entry_try

/* void entry_store_idtr(struct descriptor_pointer *pointer) */
    .globl entry_store_idtr
    .type entry_store_idtr, @function
entry_store_idtr:
    sidt (%rdi)
    ret
    .size entry_store_idtr, . - entry_store_idtr
