/* Exceptions and interrupts: vectors, and what the entry code and guest exits call. */
#ifndef BULKHEAD_CPU_INTERRUPT_H
#define BULKHEAD_CPU_INTERRUPT_H

#include <stdint.h>
#include <stdnoreturn.h>

struct arch_frame;
struct cpu;

/* SDM Vol. 3, 6.3.1, table 6-1 "Exceptions and Interrupts" */
enum exception {
    EXCEPTION_DIVIDE = 0,
    EXCEPTION_DEBUG = 1,
    EXCEPTION_NMI = 2,
    EXCEPTION_BREAKPOINT = 3,
    EXCEPTION_OVERFLOW = 4,
    EXCEPTION_BOUND = 5,
    EXCEPTION_INVALID_OPCODE = 6,
    EXCEPTION_DEVICE_NOT_AVAILABLE = 7,
    EXCEPTION_DOUBLE_FAULT = 8,
    EXCEPTION_INVALID_TSS = 10,
    EXCEPTION_SEGMENT_NOT_PRESENT = 11,
    EXCEPTION_STACK = 12,
    EXCEPTION_PROTECTION = 13,
    EXCEPTION_PAGE_FAULT = 14,
    EXCEPTION_FLOATING_POINT = 16,
    EXCEPTION_ALIGNMENT = 17,
    EXCEPTION_MACHINE_CHECK = 18,
    EXCEPTION_SIMD = 19,
    EXCEPTION_VIRTUALIZATION = 20,
    EXCEPTION_CONTROL_PROTECTION = 21,
    EXCEPTION_COUNT = 32
};

/* The PIC is masked, but a spurious interrupt of it can come all the same: at these. */
#define VECTOR_PIC          0x20u
#define VECTOR_DEVICE_FIRST 0x30u
#define VECTOR_DEVICE_LAST  0xefu
#define VECTOR_KICK         0xf0u
#define VECTOR_TIMER        0xf1u
#define VECTOR_APIC_ERROR   0xfeu
#define VECTOR_SPURIOUS     0xffu

/* Handles and acknowledges a maskable interrupt. The caller then looks at cpu->reschedule. Called
 * by the entry code, and at guest exits with the vector that the exit acknowledged. */
void interrupt_dispatch(uint8_t vector);

/* An NMI made a guest exit: handles it and unblocks NMIs. */
void interrupt_nmi(void);

/* Writes the gates, on the boot CPU, once; loads them, on every CPU. */
void interrupt_init(void);
void interrupt_load(void);

/* Tells what NMIs have come since the last call; where locks may be taken. */
void interrupt_report_nmis(struct cpu *cpu);

#endif
