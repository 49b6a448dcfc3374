/* Per-CPU state of the portable kernel, and calls from one CPU to the others. */
#ifndef BULKHEAD_KERNEL_CPU_H
#define BULKHEAD_KERNEL_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "arch_types.h"
#include "kernel/list.h"
#include "kernel/spinlock.h"

struct thread;

/* Work that one CPU asks of another; lives on the asker's stack until done. */
typedef void (*cpu_function)(void *argument);

struct cpu {
    struct arch_cpu arch; /* first: assembly finds it here */
    uint32_t index;
    uint32_t apic_id;
    struct thread *current; /* runs, or was the last to run and has its state loaded; NULL: none */
    bool reschedule;        /* look for another thread before leaving the kernel */
    bool online;

    struct spinlock queue_lock;
    struct list ready;      /* struct thread.queue_link, first runs next */
    struct list timers;     /* struct timer.link by deadline */
    uint64_t timer_armed;   /* deadline in ticks that the hardware timer is set to */
    uint64_t slice_end;     /* ticks; UINT64_MAX while nobody else waits */
    uint64_t running_since; /* ticks: current's time is charged from here */
    uint64_t idle_ticks;
    uint32_t ready_count;
    uint32_t thread_count; /* that belong here */

    /* cpu_call: written by the asker under kernel_lock. */
    cpu_function call_function;
    void *call_argument;
    uint32_t call_requested; /* counts up by the asker */
    uint32_t call_done;      /* follows it */
};

/* The running CPU. */
static inline struct cpu *cpu_self(void) {
    return arch_cpu_self();
}

extern struct cpu **cpus; /* cpu_count of them, by index */
extern uint32_t cpu_count;

/* Runs function on every other online CPU and on this one; returns when all have. The caller holds
 * kernel_lock. When it returns, no CPU is inside a system call that began before. */
void cpu_call_all(cpu_function function, void *argument);
void cpu_call_one(struct cpu *cpu, cpu_function function, void *argument);

/* Does what other CPUs have asked of this one; called by whoever spins and by kernel_kicked(). */
void cpu_serve(void);

/*
 * The lock of management calls. Waits serving cpu_call requests. In a system call only: if the
 * calling thread is to be held meanwhile, the call starts anew when it is released.
 */
void kernel_lock_acquire(void);
/* Elsewhere. False: the lock is not taken, the running thread shall give way (sched_run). */
bool kernel_lock_acquire_unless_held(void);
void kernel_lock_release(void);

#endif
