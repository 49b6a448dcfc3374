/* What entry.S and start.S offer to C, and what they call. */
#ifndef BULKHEAD_CPU_ENTRY_H
#define BULKHEAD_CPU_ENTRY_H

#include <stdint.h>
#include <stdnoreturn.h>

#include "arch_types.h"
#include "kernel/abi/boot_info.h"

/* ---- in assembly */

void syscall_entry(void);                 /* in kernel_entry_page */
void syscall_entry_guarded(void);         /* the same with what speculation wants done */
extern const uint8_t kernel_entry_page[]; /* linker.ld */
extern const uint8_t interrupt_stubs[256][16];
extern uint8_t boot_cpu_block[ARCH_CPU_BLOCK_SIZE];

noreturn void entry_sysret(struct arch_frame *frame);
noreturn void entry_iret(struct arch_frame *frame);
noreturn void entry_continue_from_user(struct arch_frame *frame, uint64_t stack);
void secondary_start(void);

/* ---- called by assembly */

noreturn void boot_start(const struct boot_info *info);
noreturn void smp_secondary(void);
noreturn void interrupt_from_user(struct arch_frame *frame);
void interrupt_from_kernel(struct arch_frame *frame);
void interrupt_on_own_stack(struct arch_frame *frame);
/* The running thread goes on, by whichever way is safe for its frame. */
noreturn void thread_resume_current(void);

#endif
