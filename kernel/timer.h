/* Per-CPU timers, sorted by deadline; the hardware's timer is set to the first or to the slice's
 * end. */
#ifndef BULKHEAD_KERNEL_TIMER_H
#define BULKHEAD_KERNEL_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/list.h"

struct cpu;
struct timer;

typedef void (*timer_function)(struct timer *timer);

struct timer {
    struct list link;        /* in cpu->timers; empty: not armed */
    uint64_t deadline;       /* ticks */
    timer_function function; /* called with interrupts off and no lock held, on the timer's CPU */
    struct cpu *cpu;
};

void timer_init(struct timer *timer, timer_function function);
void timer_start(struct timer *timer, struct cpu *cpu, uint64_t deadline_ticks);
/* True: it was armed and its function has not been called. */
bool timer_stop(struct timer *timer);
/* Calls what is due on this CPU, then sets the hardware's timer. */
void timer_run(struct cpu *cpu);
/* Sets the hardware's timer of the running CPU to its next deadline. */
void timer_arm(struct cpu *cpu);

/* Conversions by the measured rate of the TSC. Deadlines that do not fit become "never". */
void clock_init(uint64_t ticks_per_second);
uint64_t clock_ticks_to_ns(uint64_t ticks);
uint64_t clock_ns_to_ticks(uint64_t ns);
uint64_t clock_now_ns(void);
/* An absolute deadline in nanoseconds since the kernel's start, as a value of arch_ticks(). */
uint64_t clock_deadline_ticks(uint64_t deadline_ns);

#endif
