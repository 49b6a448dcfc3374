/* Constants of C that assembly needs. Never linked: kernel/build.mk makes a header of its assembly.
 */
#include <stddef.h>

#include "abi/syscall_numbers.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/smp.h"
#include "kernel/cpu.h"
#include "kernel/thread.h"

#define OFFSET(name, value) __asm__ volatile("->OFFSET " #name " %0" : : "i"((long)(value)))

void offsets(void);
void offsets(void) {
    OFFSET(OFFSET_CPU_FRAME_END, offsetof(struct cpu, arch.frame_end));
    OFFSET(OFFSET_CPU_STACK_TOP, offsetof(struct cpu, arch.stack_top));
    OFFSET(OFFSET_CPU_SCRATCH, offsetof(struct cpu, arch.scratch));
    OFFSET(OFFSET_CPU_RESCHEDULE, offsetof(struct cpu, reschedule));
    OFFSET(OFFSET_THREAD_KERNEL_STACK, offsetof(struct thread, arch.kernel_stack));
    OFFSET(FRAME_SIZE, sizeof(struct arch_frame));
    OFFSET(FRAME_RAX, offsetof(struct arch_frame, rax));
    OFFSET(FRAME_RDI, offsetof(struct arch_frame, rdi));
    OFFSET(FRAME_RSI, offsetof(struct arch_frame, rsi));
    OFFSET(FRAME_RDX, offsetof(struct arch_frame, rdx));
    OFFSET(FRAME_R8, offsetof(struct arch_frame, r8));
    OFFSET(FRAME_R9, offsetof(struct arch_frame, r9));
    OFFSET(FRAME_R10, offsetof(struct arch_frame, r10));
    OFFSET(FRAME_VECTOR, offsetof(struct arch_frame, vector));
    OFFSET(FRAME_RIP, offsetof(struct arch_frame, rip));
    OFFSET(FRAME_CS, offsetof(struct arch_frame, cs));
    OFFSET(FRAME_RFLAGS, offsetof(struct arch_frame, rflags));
    OFFSET(FRAME_RSP, offsetof(struct arch_frame, rsp));
    OFFSET(CPU_BLOCK_SIZE, ARCH_CPU_BLOCK_SIZE);
    OFFSET(VECTOR_OF_SYSCALL, FRAME_SYSCALL);
    OFFSET(SYSTEM_CALL_COUNT, SYS_COUNT);
    OFFSET(EFER_INDEX, MSR_EFER);
    OFFSET(SPEC_CTRL_INDEX, MSR_SPEC_CTRL);
    OFFSET(PRED_CMD_INDEX, MSR_PRED_CMD);
    OFFSET(FLUSH_CMD_INDEX, MSR_FLUSH_CMD);
    OFFSET(START_CR3, offsetof(struct smp_start, cr3));
    OFFSET(START_CR4, offsetof(struct smp_start, cr4));
    OFFSET(START_STACK, offsetof(struct smp_start, stack));
    OFFSET(START_ENTRY, offsetof(struct smp_start, entry));
    OFFSET(START_EFER, offsetof(struct smp_start, efer));
    OFFSET(START_OFFSET, SMP_START_OFFSET);
}
