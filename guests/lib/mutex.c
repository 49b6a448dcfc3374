/*
 * The mutex. The queue of waiters goes through their thread areas, under a guard that is held for a
 * few instructions; a lock that somebody waits for is never free: unlocking hands it to the first
 * waiter.
 */
#include "guests/lib/mutex.h"

#include <stddef.h>

#include "abi/syscalls.h"
#include "guests/lib/thread.h"

enum { STATE_FREE = 0, STATE_LOCKED = 1, STATE_WAITED_FOR = 2 };

static void guard_take(struct mutex *mutex) {
    while (atomic_exchange_explicit(&mutex->guard, 1, memory_order_acquire))
        sys_thread_yield();
}

static void guard_release(struct mutex *mutex) {
    atomic_store_explicit(&mutex->guard, 0, memory_order_release);
}

bool mutex_try_lock(struct mutex *mutex) {
    uint32_t expected = STATE_FREE;
    return atomic_compare_exchange_strong_explicit(&mutex->state, &expected, STATE_LOCKED,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void wait(struct mutex *mutex) {
    struct mutex_waiter *self = thread_waiter();

    self->next = NULL;
    self->event = thread_event();
    atomic_store_explicit(&self->has_lock, false, memory_order_relaxed);

    guard_take(mutex);
    if (atomic_exchange_explicit(&mutex->state, STATE_WAITED_FOR, memory_order_acquire) ==
        STATE_FREE) {
        guard_release(mutex);
        return;
    }
    if (mutex->last)
        mutex->last->next = self;
    else
        mutex->first = self;
    mutex->last = self;
    guard_release(mutex);

    /* Without an event (no quota left for one) the thread asks again and again. */
    while (!atomic_load_explicit(&self->has_lock, memory_order_acquire)) {
        if (self->event == 0 || sys_event_wait(self->event, THREAD_EVENT_WAKE, DEADLINE_NEVER) < 0)
            sys_thread_yield();
    }
}

void mutex_lock(struct mutex *mutex) {
    if (!mutex_try_lock(mutex))
        wait(mutex);
}

void mutex_unlock(struct mutex *mutex) {
    uint32_t expected = STATE_LOCKED;
    if (atomic_compare_exchange_strong_explicit(&mutex->state, &expected, STATE_FREE,
                                                memory_order_release, memory_order_relaxed))
        return;

    guard_take(mutex);
    struct mutex_waiter *next = mutex->first;
    if (next) {
        mutex->first = next->next;
        if (!mutex->first)
            mutex->last = NULL;
    } else {
        atomic_store_explicit(&mutex->state, STATE_FREE, memory_order_release);
    }
    guard_release(mutex);
    if (!next)
        return;
    /* Once it has the lock it may wait for another one: the event's handle is read before. */
    handle_t event = next->event;
    atomic_store_explicit(&next->has_lock, true, memory_order_release);
    if (event)
        sys_event_signal(event, THREAD_EVENT_WAKE);
}
