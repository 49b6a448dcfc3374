/* Ticket spinlock over the compiler's atomics. */
#include "kernel/spinlock.h"

#include "kernel/arch.h"

void spinlock_acquire(struct spinlock *lock) {
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
        arch_cpu_relax();
}

void spinlock_release(struct spinlock *lock) {
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}
