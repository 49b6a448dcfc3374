/*
 * Entry of the bench guest by the 64-bit Linux boot protocol: long mode, memory mapped one to one, flat
 * segments with CS 10h and DS 18h, interrupts off, RSI = boot_params. And where its interrupts arrive.
 */
#define MSR_EOI 0x80b

    .section .text.start, "ax"
    .globl bench_start
    .type bench_start, @function
bench_start:
    rdtsc                       /* the first instruction, for boot.handover */
    shl $32, %rdx
    or %rdx, %rax
    mov %rax, start_ticks
    mov $stack_end, %esp
    xor %ebp, %ebp
    mov %rsi, %rdi
    call main
    ud2
    .size bench_start, . - bench_start

/*
 * The shortest handlers that are correct: RAX, RCX and RDX belong to them while interrupts are on (every
 * measured loop says that it changes them). The interrupt's own instructions are part of the figure.
 */
    .text
    .macro end_of_interrupt
    mov $MSR_EOI, %ecx
    xor %eax, %eax
    xor %edx, %edx
    wrmsr
    iretq
    .endm

    .globl interrupt_ipi
    .type interrupt_ipi, @function
interrupt_ipi:
    incq interrupt_count
    end_of_interrupt
    .size interrupt_ipi, . - interrupt_ipi

    .globl interrupt_timer
    .type interrupt_timer, @function
interrupt_timer:
    rdtsc                       /* its lateness is what is measured: first of all */
    mov %eax, interrupt_ticks
    mov %edx, interrupt_ticks + 4
    incq interrupt_count
    end_of_interrupt
    .size interrupt_timer, . - interrupt_timer

/* One stub for each exception; SDM Vol. 3, 6.15 says which of them push an error code. */
    .altmacro
    .macro exception_stub vector
    .balign 16
exception_\vector:
    .if (\vector < 8) || (\vector == 9) || (\vector == 15) || (\vector == 16) || \
        ((\vector > 17) && (\vector != 21) && (\vector != 29) && (\vector != 30))
    push $0
    .endif
    mov $\vector, %edi
    jmp exception_found
    .endm

exception_found:
    pop %rsi
    mov (%rsp), %rdx
    jmp exception

    .globl exception_stubs
    .balign 16
exception_stubs:
    .set i, 0
    .rept 32
    exception_stub %i
    .set i, i + 1
    .endr

    .bss
    .balign 16
    .skip 16384
stack_end:
    .globl start_ticks, interrupt_ticks, interrupt_count
start_ticks:
    .skip 8
interrupt_ticks:
    .skip 8
interrupt_count:
    .skip 8

    .section .note.GNU-stack, "", @progbits
