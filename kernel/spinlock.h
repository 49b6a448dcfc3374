/*
 * Ticket spinlock. Interrupts are off in the kernel, so taking one is all there is to it.
 *
 * Lock order (a lock may be taken while those above it are held, never the other way round):
 *   1. kernel_lock       objects' creation, destruction, mapping, handle tables. Not on the exit,
 * call, event and switch paths. While waiting for it a CPU serves cpu_call requests.
 *   2. event.lock
 *   3. vcpu.halt_lock
 *   4. cpu.queue_lock    one CPU's run queue and timer queue
 *   5. log.lock, frame.lock
 */
#ifndef BULKHEAD_KERNEL_SPINLOCK_H
#define BULKHEAD_KERNEL_SPINLOCK_H

#include <stdint.h>

struct spinlock {
    uint32_t next;    /* ticket for who comes next */
    uint32_t serving; /* ticket of the holder */
};

void spinlock_acquire(struct spinlock *lock);
void spinlock_release(struct spinlock *lock);

#endif
