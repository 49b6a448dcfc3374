/* The scheduler: which thread runs on a CPU, and for how long. */
#ifndef BULKHEAD_KERNEL_SCHED_H
#define BULKHEAD_KERNEL_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

struct cpu;
struct thread;

/* The CPU on which a new thread shall run: the one with fewest. */
struct cpu *sched_choose_cpu(uint32_t wanted);

/* Makes a thread ready on its CPU, from any CPU; kicks that CPU if it should look. */
void sched_wake(struct thread *thread);

/* The running thread is still ready but gives way to others; picks the next and runs it. */
noreturn void sched_run(void);

/* Goes back to the running thread, unless another shall run first. */
noreturn void sched_resume(void);

/* The running thread is about to wait: from here on sched_wake wakes it. Before anybody can learn
 * of it. */
void sched_set_waiting(struct thread *thread);

/* The running thread waits (sched_set_waiting), or has been woken since; picks the next and runs
 * it. */
noreturn void sched_wait(void);

/* Takes a thread that must not run (its partition is paused or ends) out of its queue. Its CPU, if
 * it runs there, has been told by cpu_call. */
void sched_hold(struct thread *thread);
void sched_release(struct thread *thread);

/* The thread, which is in no queue, will never be in one again: waking it does nothing. */
void sched_end(struct thread *thread);

/* Waits until no CPU has the (held) thread's state loaded. Not for the running thread. */
void sched_await_off_cpu(const struct thread *thread);

/* Charges the running thread's time up to now. */
void sched_charge(struct cpu *cpu);

#endif
