/* A kernel with a multiboot header, for an ELF loader; with FLAT, one that says itself where it goes. */
#define MAGIC 0x1badb002
#ifdef FLAT
#define FLAGS 0x10003
#else
#define FLAGS 0x3
#endif

    .section .multiboot, "ax"
    .balign 4
header:
    .long MAGIC, FLAGS, -(MAGIC + FLAGS)
#ifdef FLAT
    .long header, load_start, load_end, bss_end, small_start
#endif

    .text
    .globl small_start
    .type small_start, @function
small_start:
    mov $stack_end, %esp
    push %ebx
    push %eax
    call multiboot_main
    ud2
    .size small_start, . - small_start

    .section .rodata, "a"
    .globl multiboot_name, multiboot_value
multiboot_value:
#ifdef FLAT
    .byte 0x11
multiboot_name:
    .asciz "flat"
#else
    .byte 0x10
multiboot_name:
    .asciz "multiboot"
#endif

    .bss
    .balign 16
    .skip 8192
stack_end:
