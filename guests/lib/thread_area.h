/* What lives at a thread's pointer (FS): for the library's own parts. */
#ifndef BULKHEAD_LIB_THREAD_AREA_H
#define BULKHEAD_LIB_THREAD_AREA_H

#include <reent.h>

#include "guests/lib/mutex.h"
#include "guests/lib/start_info.h"
#include "kernel/abi/types.h"

#define THREAD_AREA_SIZE START_THREAD_AREA_SIZE /* bytes at the thread pointer, above the stack */

struct thread_area {
    struct thread_area *self; /* at FS:0 */
    struct _reent reent;
    handle_t thread;
    handle_t event; /* for waiting in mutexes and sleeping; 0: not yet made */
    struct mutex_waiter waiter;
    void (*function)(void *argument);
    void *argument;
};
_Static_assert(sizeof(struct thread_area) <= THREAD_AREA_SIZE, "fits what creators provide");

/* The calling thread's. */
struct thread_area *thread_area(void);
/* Makes memory a thread's area. */
void thread_area_init(struct thread_area *area, handle_t thread);

#endif
