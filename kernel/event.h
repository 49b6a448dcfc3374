/* Events: 64 bits that others set and one waiter takes. */
#ifndef BULKHEAD_KERNEL_EVENT_H
#define BULKHEAD_KERNEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/object.h"
#include "kernel/spinlock.h"

struct thread;

struct event {
    struct object object;
    struct spinlock lock;
    uint64_t bits;
    struct thread *waiter; /* under lock, as the others */
    bool is_dead;          /* nobody may begin to wait: who looked it up before it died is late */
};

enum status event_create(struct partition *partition, struct event **result);
void event_signal(struct event *event, uint64_t bits);
/* Returns the bits taken, or an error; or does not return: the thread waits, and the result is its
 * call's. */
int64_t event_wait(struct thread *thread, struct event *event, uint64_t mask, uint64_t deadline_ns);
/* The deadline of a thread's wait has passed. */
void event_wait_expired(struct thread *thread);
/* The waiter gets GONE. */
void event_destroy(struct event *event);
/* The thread stops waiting, because it ends. */
void event_forget_waiter(struct thread *thread);

#endif
