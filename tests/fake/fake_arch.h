/*
 * An architecture that exists only in memory: "physical memory" is an array, time is a number that
 * tests move, and running a thread jumps back into the test.
 */
#ifndef BULKHEAD_TESTS_FAKE_ARCH_H
#define BULKHEAD_TESTS_FAKE_ARCH_H

#include <setjmp.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"

#define FAKE_MEMORY_SIZE (64ull << 20)
#define FAKE_CPU_LIMIT   4u

/* Fresh memory, one CPU (more with fake_add_cpu), time 0; and the portable kernel set up in it. */
void fake_start(void);
void fake_stop(void);
void fake_select_cpu(uint32_t index);
void fake_add_cpu(void);
void fake_advance_ticks(uint64_t ticks);

/* Runs call(argument) as kernel code of the current thread; returns the thread that the kernel went
 * on with when it did not return (NULL: it returned, or the CPU went idle). */
struct thread *fake_run(void (*call)(void *argument), void *argument);
bool fake_went_idle(void);

/* Makes kernel_panic jump here: true after a panic. */
extern jmp_buf fake_panic_point;
extern bool fake_panic_is_expected;
extern uint32_t fake_flushes;

/* Called once in place of the next halt, as an interrupt that ends it would be. */
extern void (*fake_on_idle)(void);

#endif
