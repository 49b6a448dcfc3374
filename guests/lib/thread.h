/*
 * Threads of the own partition. Each has a stack with an unmapped page below it, and its own state
 * of the C library (errno and the like) in the memory at its thread pointer (FS).
 */
#ifndef BULKHEAD_LIB_THREAD_H
#define BULKHEAD_LIB_THREAD_H

#include <reent.h>
#include <stdint.h>

#include "guests/lib/mutex.h"
#include "guests/lib/start_info.h"
#include "kernel/abi/types.h"

#define THREAD_AREA_SIZE  START_THREAD_AREA_SIZE /* bytes at the thread pointer, above the stack */
#define THREAD_STACK_SIZE 65536u

/* What lives at the thread pointer. */
struct thread_area {
    struct thread_area *self; /* at FS:0 */
    struct _reent reent;
    handle_t thread;
    struct mutex_waiter waiter; /* it waits for one mutex at a time */
    handle_t event;             /* for waiting in mutexes and sleeping; 0: not yet made */
    void (*function)(void *argument);
    void *argument;
};
_Static_assert(sizeof(struct thread_area) <= THREAD_AREA_SIZE, "fits what creators provide");

/* A handle to the new thread, or the negative of an enum status. stack_size 0: THREAD_STACK_SIZE.
 * cpu: THREAD_ANY_CPU or a number. The stack is kept until the partition ends. */
int64_t thread_start(void (*function)(void *argument), void *argument, uint64_t stack_size,
                     uint32_t cpu);

/* The calling thread's. */
struct thread_area *thread_self(void);
handle_t thread_handle(void);
/* Its own event, or 0 if none could be made. Bits: */
handle_t thread_event(void);
#define THREAD_EVENT_WAKE  0x1ull /* mutexes */
#define THREAD_EVENT_SLEEP 0x2ull /* never set: what a sleep waits for */

/* Makes the memory at the first thread's pointer usable; called by the start-up code only. */
void thread_area_init(struct thread_area *area, handle_t thread);

#endif
