/* A kernel with a note that names its PVH entry. */
#define NOTE_PHYS32_ENTRY 18

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, NOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long small_start

    .text
    .globl small_start
    .type small_start, @function
small_start:
    mov $stack_end, %esp
    push %ebx
    call pvh_main
    ud2
    .size small_start, . - small_start

    .bss
    .balign 16
    .skip 8192
stack_end:
