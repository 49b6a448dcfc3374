/* Threads: what the scheduler schedules. */
#ifndef BULKHEAD_KERNEL_THREAD_H
#define BULKHEAD_KERNEL_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "arch_types.h"
#include "kernel/abi/types.h"
#include "kernel/handle.h"
#include "kernel/object.h"
#include "kernel/timer.h"

#define THREAD_PORT_RANGES 8u

struct cpu;
struct event;
struct guest;
struct space;
struct vcpu;

struct thread_ports {
    uint16_t first;
    uint16_t last;
};

/* Why a thread waits. */
enum thread_wait {
    WAIT_FOR_NOTHING = 0,
    WAIT_FOR_EVENT = 1,
    WAIT_FOR_HALT = 2, /* its guest has halted */
};

struct thread {
    struct arch_thread arch; /* first: assembly finds it here */
    struct object object;
    struct list partition_link; /* in partition->threads */
    struct partition *partition;
    struct space *space;
    struct vcpu *vcpu;   /* the thread is inside this guest's vCPU: it goes there when it runs */
    struct guest *guest; /* counted: the one that it entered last */
    struct vcpu *entered_vcpu;          /* of it: the one that it entered last, ... */
    struct handle_memory entered_guest; /* ... by this handle; while that stays open */

    struct list queue_link; /* in a CPU's ready list */
    struct cpu *cpu;        /* whose queue it belongs to */
    bool is_pinned;
    uint8_t run_state;  /* enum thread_run_state */
    uint8_t wait;       /* enum thread_wait */
    bool yields;        /* goes behind all others of its CPU this time */
    bool is_held;       /* partition paused or stopped: not queued when it becomes ready */
    uint32_t is_on_cpu; /* 1 while some CPU has its state loaded; stored with release by that CPU */
    uint64_t ready_since;
    uint64_t cpu_ticks;

    struct event *waits_for;
    uint64_t wait_mask;
    struct timer timer; /* deadline of the wait */

    struct thread_ports ports[THREAD_PORT_RANGES];
    uint32_t port_range_count;
};

enum status thread_create(struct partition *partition, struct space *space,
                          const struct thread_config *config, struct thread **result);
/* Lets a suspended thread run. */
void thread_start(struct thread *thread);
/* The thread runs nowhere: it will never run again. Its memory stays until nothing counts on it. */
void thread_end(struct thread *thread);
/* Called when the last count goes. */
void thread_destroy(struct thread *thread);
/* The running thread ends; when it was the last, so does its partition. */
noreturn void thread_exit(uint64_t code);

#endif
