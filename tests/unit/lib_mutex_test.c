/* units: guests/lib/mutex.c */
/* The mutex between real threads of the host, with events made of condition variables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "abi/syscall_numbers.h"
#include "abi/syscalls.h"
#include "guests/lib/mutex.h"
#include "guests/lib/thread.h"

#define THREADS 6u
#define ROUNDS  20000u

static struct event {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t bits;
} events[THREADS + 1];

static _Thread_local handle_t own_event;
static _Thread_local struct mutex_waiter own_waiter;
static _Atomic unsigned wait_count;

handle_t thread_event(void) {
    return own_event;
}

struct mutex_waiter *thread_waiter(void) {
    return &own_waiter;
}

static int64_t event_wait(struct event *event, uint64_t mask) {
    atomic_fetch_add(&wait_count, 1);
    pthread_mutex_lock(&event->lock);
    while ((event->bits & mask) == 0)
        pthread_cond_wait(&event->changed, &event->lock);
    uint64_t bits = event->bits & mask;
    event->bits &= ~mask;
    pthread_mutex_unlock(&event->lock);
    return (int64_t)bits;
}

static int64_t event_signal(struct event *event, uint64_t bits) {
    pthread_mutex_lock(&event->lock);
    event->bits |= bits;
    pthread_cond_signal(&event->changed);
    pthread_mutex_unlock(&event->lock);
    return 0;
}

int64_t fake_syscall(uint64_t number, const uint64_t argument[6]) {
    switch (number) {
    case SYS_thread_yield: sched_yield(); return 0;
    case SYS_event_wait: return event_wait(&events[argument[0]], argument[1]);
    case SYS_event_signal: return event_signal(&events[argument[0]], argument[1]);
    default: return -STATUS_BAD_CALL;
    }
}

static struct mutex mutex = MUTEX_INITIALIZER;
static volatile unsigned counter, inside;
static _Atomic bool is_wrong;

static void *work(void *argument) {
    own_event = (handle_t)(uintptr_t)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        mutex_lock(&mutex);
        if (inside++ != 0)
            is_wrong = true;
        counter = counter + 1;
        if (i % 64 == 0)
            sched_yield(); /* so that others come and wait */
        inside--;
        mutex_unlock(&mutex);
    }
    return NULL;
}

static void run(bool has_events) {
    pthread_t threads[THREADS];
    counter = 0;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(has_events ? i + 1 : 0)),
                         0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counter, THREADS * ROUNDS);
    assert_false(is_wrong);
    assert_true(mutex_try_lock(&mutex));
    mutex_unlock(&mutex);
}

static void one_thread_at_a_time(void **state) {
    (void)state;
    run(true);
    assert_true(wait_count > 0);
}

static void threads_without_an_event_get_their_turn(void **state) {
    (void)state;
    unsigned before = wait_count;
    run(false);
    assert_int_equal(wait_count, before);
}

static void try_lock_does_not_wait(void **state) {
    (void)state;
    assert_true(mutex_try_lock(&mutex));
    assert_false(mutex_try_lock(&mutex));
    mutex_unlock(&mutex);
    assert_true(mutex_try_lock(&mutex));
    mutex_unlock(&mutex);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(try_lock_does_not_wait),
        cmocka_unit_test(one_thread_at_a_time),
        cmocka_unit_test(threads_without_an_event_get_their_turn),
    };
    for (unsigned i = 0; i <= THREADS; i++) {
        pthread_mutex_init(&events[i].lock, NULL);
        pthread_cond_init(&events[i].changed, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
