/*
 * The C library's locks. Those that it names itself are here; the others (of streams) it makes and
 * drops. All of them are recursive: whose lock it is is compared by the thread's memory.
 */
#include <stddef.h>
#include <stdlib.h>
#include <sys/lock.h>

#include "guests/lib/mutex.h"
#include "guests/lib/thread_area.h"

struct __lock {
    struct mutex mutex;
    struct thread_area *_Atomic owner;
    unsigned depth;
};

struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

/* A lock that could not be made: every stream without its own shares this one. */
static struct __lock spare;

void __retarget_lock_init_recursive(_LOCK_T *lock) {
    *lock = calloc(1, sizeof(**lock));
    if (!*lock)
        *lock = &spare;
}

void __retarget_lock_close_recursive(_LOCK_T lock) {
    if (lock != &spare)
        free(lock);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock) {
    struct thread_area *self = thread_area();
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) != self) {
        mutex_lock(&lock->mutex);
        atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
    }
    lock->depth++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock) {
    struct thread_area *self = thread_area();
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) != self) {
        if (!mutex_try_lock(&lock->mutex))
            return 0;
        atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
    }
    lock->depth++;
    return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock) {
    if (--lock->depth > 0)
        return;
    atomic_store_explicit(&lock->owner, NULL, memory_order_relaxed);
    mutex_unlock(&lock->mutex);
}

void __retarget_lock_init(_LOCK_T *lock) {
    __retarget_lock_init_recursive(lock);
}

void __retarget_lock_close(_LOCK_T lock) {
    __retarget_lock_close_recursive(lock);
}

void __retarget_lock_acquire(_LOCK_T lock) {
    __retarget_lock_acquire_recursive(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock) {
    return __retarget_lock_try_acquire_recursive(lock);
}

void __retarget_lock_release(_LOCK_T lock) {
    __retarget_lock_release_recursive(lock);
}
