/*
 * Threads of the own partition. Each has a stack with an unmapped page below it, and its own state
 * of the C library (errno and the like) in the memory at its thread pointer (FS).
 */
#ifndef BULKHEAD_LIB_THREAD_H
#define BULKHEAD_LIB_THREAD_H

#include <stdint.h>

#include "guests/lib/mutex.h"
#include "kernel/abi/types.h"

#define THREAD_STACK_SIZE 65536u

/* A handle to the new thread, or the negative of an enum status. stack_size 0: THREAD_STACK_SIZE.
 * cpu: THREAD_ANY_CPU or a number. The stack is kept until the partition ends. */
int64_t thread_start(void (*function)(void *argument), void *argument, uint64_t stack_size,
                     uint32_t cpu);

/* The calling thread's handle. */
handle_t thread_handle(void);
/* Its own event, or 0 if none could be made. Bits: */
handle_t thread_event(void);
#define THREAD_EVENT_WAKE  0x1ull /* mutexes */
#define THREAD_EVENT_SLEEP 0x2ull /* never set: what a sleep waits for */
/* Its place in the queue of a mutex: it waits for one at a time. */
struct mutex_waiter *thread_waiter(void);

#endif
