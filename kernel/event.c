/* Events. The lock covers bits and waiter; a thread is woken after it is released. */
#include "kernel/event.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/sched.h"
#include "kernel/thread.h"

enum status event_create(struct partition *partition, struct event **result) {
    struct event *event = object_create(OBJECT_EVENT, partition);
    if (event == NULL)
        return STATUS_QUOTA;
    *result = event;
    return STATUS_OK;
}

/* Ends the wait of a thread that is the waiter, under the event's lock. */
static void finish_wait(struct event *event, struct thread *thread, int64_t result) {
    event->waiter = NULL;
    thread->waits_for = NULL;
    thread->wait = WAIT_FOR_NOTHING;
    arch_thread_set_result(thread, result);
}

void event_signal(struct event *event, uint64_t bits) {
    spinlock_acquire(&event->lock);
    event->bits |= bits;
    struct thread *waiter = event->waiter;
    if (waiter != NULL && (event->bits & waiter->wait_mask) != 0) {
        uint64_t taken = event->bits & waiter->wait_mask;
        event->bits &= ~taken;
        finish_wait(event, waiter, (int64_t)taken);
    } else {
        waiter = NULL;
    }
    spinlock_release(&event->lock);
    if (waiter != NULL) {
        timer_stop(&waiter->timer);
        sched_wake(waiter);
    }
}

/* The deadline of a wait. The event may have been signalled, or have died, meanwhile. */
void event_wait_expired(struct thread *thread) {
    struct event *event = __atomic_load_n(&thread->waits_for, __ATOMIC_ACQUIRE);
    if (event == NULL)
        return;
    spinlock_acquire(&event->lock);
    bool is_waiter = event->waiter == thread;
    if (is_waiter)
        finish_wait(event, thread, -STATUS_TIMED_OUT);
    spinlock_release(&event->lock);
    if (is_waiter)
        sched_wake(thread);
}

int64_t event_wait(struct thread *thread, struct event *event, uint64_t mask,
                   uint64_t deadline_ns) {
    spinlock_acquire(&event->lock);
    uint64_t taken = event->bits & mask;
    if (taken != 0) {
        event->bits &= ~taken;
        spinlock_release(&event->lock);
        return (int64_t)taken;
    }
    int64_t result = -STATUS_OK;
    if (event->is_dead)
        result = -STATUS_GONE;
    else if (event->waiter != NULL)
        result = -STATUS_BUSY;
    else if (deadline_ns == DEADLINE_NOW)
        result = -STATUS_TIMED_OUT;
    if (result != 0) {
        spinlock_release(&event->lock);
        return result;
    }
    thread->wait_mask = mask;
    thread->wait = WAIT_FOR_EVENT;
    thread->waits_for = event;
    event->waiter = thread;
    sched_set_waiting(thread);
    /* Before the lock is gone: who signals stops the timer, and must find it started. */
    timer_start(&thread->timer, cpu_self(), clock_deadline_ticks(deadline_ns));
    spinlock_release(&event->lock);
    sched_wait();
}

void event_forget_waiter(struct thread *thread) {
    struct event *event = thread->waits_for;
    if (event == NULL)
        return;
    spinlock_acquire(&event->lock);
    if (event->waiter == thread)
        finish_wait(event, thread, -STATUS_GONE);
    spinlock_release(&event->lock);
}

void event_destroy(struct event *event) {
    spinlock_acquire(&event->lock);
    event->is_dead = true;
    struct thread *waiter = event->waiter;
    if (waiter != NULL)
        finish_wait(event, waiter, -STATUS_GONE);
    spinlock_release(&event->lock);
    if (waiter != NULL) {
        timer_stop(&waiter->timer);
        sched_wake(waiter);
    }
}
