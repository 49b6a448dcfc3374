/*
 * Mutual exclusion between threads of one partition. Uncontended: one atomic instruction to lock,
 * one to unlock. Contended: the waiter sleeps on its own event, and the lock is handed to it.
 */
#ifndef BULKHEAD_LIB_MUTEX_H
#define BULKHEAD_LIB_MUTEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A thread that waits, in the queue of a mutex. */
struct mutex_waiter {
    struct mutex_waiter *next;
    uint32_t event; /* its own, or 0 */
    _Atomic bool has_lock;
};

struct mutex {
    _Atomic uint32_t state; /* enum in mutex.c; 0: free */
    _Atomic uint32_t guard; /* held for a few instructions while the queue is changed */
    struct mutex_waiter *first, *last;
};

#define MUTEX_INITIALIZER \
    { 0, 0, 0, 0 }

void mutex_lock(struct mutex *mutex);
bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

#endif
