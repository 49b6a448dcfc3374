#include "arch/x86_64/cpu/interrupt.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/fault.h"
#include "arch/x86_64/cpu/machine_check.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/tables.h"
#include "arch/x86_64/cpu/timer.h"
#include "arch/x86_64/cpu/xstate.h"
#include "arch/x86_64/mm/copy.h"
#include "arch/x86_64/platform/lines.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/sched.h"

/* SDM Vol. 3, 6.14.1 "64-Bit Mode IDT" */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM Vol. 3, 6.14.1");

#define GATE_INTERRUPT 0x8e /* present, 64-bit interrupt gate: clears IF */
#define GATE_RING_3    0x60 /* INT n in ring 3 may use it */

static struct gate gates[256] __attribute__((section(".sealed"), aligned(4096)));

/* Exceptions whose stack must be good whatever happened (entry.S names them too). */
static const uint8_t own_stack[EXCEPTION_COUNT] = {
    [EXCEPTION_NMI] = TASK_IST_NMI,
    [EXCEPTION_DOUBLE_FAULT] = TASK_IST_DOUBLE,
    [EXCEPTION_MACHINE_CHECK] = TASK_IST_MACHINE,
    /* MOV SS delays #DB past a SYSCALL, to where RSP is still the user's (CVE-2018-8897). */
    [EXCEPTION_DEBUG] = TASK_IST_DEBUG,
};

void interrupt_init(void) {
    for (uint32_t vector = 0; vector < 256; vector++) {
        uint64_t address = (uint64_t)interrupt_stubs[vector];
        bool is_open = vector == EXCEPTION_BREAKPOINT || vector == EXCEPTION_OVERFLOW;
        gates[vector] = (struct gate){
            .offset_low = (uint16_t)address,
            .offset_middle = (uint16_t)(address >> 16),
            .offset_high = (uint32_t)(address >> 32),
            .selector = SELECTOR_KERNEL_CODE,
            .ist = vector < EXCEPTION_COUNT ? own_stack[vector] : 0,
            .type = GATE_INTERRUPT | (is_open ? GATE_RING_3 : 0),
        };
    }
}

void interrupt_load(void) {
    struct descriptor_pointer pointer = {sizeof gates - 1, (uint64_t)gates};
    asm_lidt(&pointer);
}

/* ---- maskable interrupts */

void interrupt_dispatch(uint8_t vector) {
    switch (vector) {
    case VECTOR_TIMER:
        apic_end_of_interrupt();
        timer_interrupt();
        break;
    case VECTOR_KICK:
        apic_end_of_interrupt();
        kernel_kicked();
        break;
    case VECTOR_SPURIOUS: /* has no end of interrupt: SDM Vol. 3, 11.9 "Spurious Interrupt" */
        break;
    case VECTOR_APIC_ERROR:
        apic_write(APIC_ERROR, 0);
        log_line("CPU %u: local APIC error %x", cpu_self()->index, apic_read(APIC_ERROR));
        apic_end_of_interrupt();
        break;
    default:
        if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST) {
            lines_interrupt(vector);
            apic_end_of_interrupt();
        } else if (vector < VECTOR_PIC || vector >= VECTOR_PIC + 16) {
            apic_end_of_interrupt();
        }
        break;
    }
    interrupt_report_nmis(cpu_self());
}

/* ---- ring 3 */

noreturn void interrupt_from_user(struct arch_frame *frame) {
    struct cpu *cpu = cpu_self();
    if (frame->vector >= EXCEPTION_COUNT) {
        interrupt_dispatch((uint8_t)frame->vector);
    } else if (frame->vector == EXCEPTION_DEVICE_NOT_AVAILABLE) {
        /* The thread is a VMM whose guest's state is still in the registers. */
        xstate_load_own(cpu, cpu->current->arch.xstate);
    } else {
        struct fault_info fault;
        fault_describe(frame, &fault);
        kernel_thread_fault(cpu->current, &fault);
    }
    if (cpu->reschedule)
        sched_run();
    thread_resume_current();
}

/* ---- ring 0 */

void interrupt_from_kernel(struct arch_frame *frame) {
    if (frame->vector >= EXCEPTION_COUNT) {
        interrupt_dispatch((uint8_t)frame->vector); /* only arch_cpu_idle has interrupts on */
        return;
    }
    uint64_t fixup = copy_fixup(frame->rip);
    bool is_access = frame->vector == EXCEPTION_PAGE_FAULT || frame->vector == EXCEPTION_PROTECTION;
    if (fixup != 0 && is_access) {
        frame->rip = fixup;
        return;
    }
    if (frame->vector == EXCEPTION_PAGE_FAULT)
        kernel_panic(frame, "page fault at %lx, error %lx", asm_read_cr2(), frame->error);
    kernel_panic(frame, "exception %lu (%s), error %lx", frame->vector,
                 fault_name((uint32_t)frame->vector), frame->error);
}

/*
 * NMIs do not nest. An IRET inside the handler would let the next one in, onto the same stack; but
 * the handler cannot fault: it touches only its stack and struct cpu, which are always mapped, and
 * takes no lock. The one exception that can interrupt it, #MC, does not return.
 */
static void handle_nmi(struct cpu *cpu) {
    if (cpu_is_halting())
        cpu_halt();
    __atomic_add_fetch(&cpu->arch.nmi_count, 1, __ATOMIC_RELAXED);
}

void interrupt_nmi(void) {
    asm_int_nmi();
}

void interrupt_report_nmis(struct cpu *cpu) {
    uint32_t count = cpu->arch.nmi_count;
    if (count == cpu->arch.nmi_reported)
        return;
    cpu->arch.nmi_reported = count;
    log_line("CPU %u: %u non-maskable interrupts of unknown origin so far", cpu->index, count);
}

/*
 * The kernel sets no breakpoints, so in ring 0 this is what ring 3 left pending (MOV SS, then
 * SYSCALL): nobody's business any more. In ring 3 it is the thread's fault, handled on the CPU's
 * stack as the others are.
 */
static void handle_debug(struct cpu *cpu, struct arch_frame *frame) {
    asm_write_dr6(DR6_NONE);
    if ((frame->cs & 3) == 0) {
        frame->rflags &= ~(uint64_t)RFLAGS_TF;
        return;
    }
    struct arch_frame *threads = (struct arch_frame *)cpu->arch.frame_end - 1;
    *threads = *frame;
    entry_continue_from_user(threads, cpu->arch.stack_top);
}

void interrupt_on_own_stack(struct arch_frame *frame) {
    struct cpu *cpu = cpu_self();
    switch (frame->vector) {
    case EXCEPTION_NMI: handle_nmi(cpu); break;
    case EXCEPTION_DEBUG: handle_debug(cpu, frame); break;
    case EXCEPTION_MACHINE_CHECK: machine_check_panic(frame);
    default: kernel_panic(frame, "double fault (page fault address %lx)", asm_read_cr2());
    }
}
