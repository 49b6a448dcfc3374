/* The first instructions of the kernel on the boot CPU, and of 64-bit code on the others. */
#include "arch/x86_64/offsets.h"

/* RDI = boot_info in the direct map; see kernel/abi/boot_info.h for the rest of the state. */
    .text
    .globl kernel_start
    .type kernel_start, @function
kernel_start:
    cli
    cld
    mov $boot_cpu_block + CPU_BLOCK_SIZE, %rsp
    xor %ebp, %ebp
    call boot_start
    .size kernel_start, . - kernel_start

/* RSP = top of this CPU's stack. */
    .globl secondary_start
    .type secondary_start, @function
secondary_start:
    xor %ebp, %ebp
    call smp_secondary
    .size secondary_start, . - secondary_start

/* The boot CPU's struct cpu and stacks, as cpu/block.h lays them out. */
    .section .bss.aligned, "aw", @nobits
    .balign CPU_BLOCK_SIZE
    .globl boot_cpu_block
    .type boot_cpu_block, @object
boot_cpu_block:
    .skip CPU_BLOCK_SIZE
    .size boot_cpu_block, . - boot_cpu_block
