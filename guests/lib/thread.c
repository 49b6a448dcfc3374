/* Threads with guarded stacks. Makes system calls; keeps nothing of its own. */
#include "guests/lib/thread.h"

#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "guests/lib/thread_area.h"

struct thread_area *thread_area(void) {
    struct thread_area *area;
    __asm__("movq %%fs:0, %0" : "=r"(area));
    return area;
}

handle_t thread_handle(void) {
    return thread_area()->thread;
}

handle_t thread_event(void) {
    struct thread_area *area = thread_area();
    if (area->event == 0) {
        int64_t event = sys_event_create(HANDLE_PARTITION);
        area->event = event > 0 ? (handle_t)event : 0;
    }
    return area->event;
}

struct mutex_waiter *thread_waiter(void) {
    return &thread_area()->waiter;
}

void thread_area_init(struct thread_area *area, handle_t thread) {
    memset(area, 0, sizeof(*area));
    area->self = area;
    area->thread = thread;
    _REENT_INIT_PTR(&area->reent);
}

/* The first function of a thread that thread_start made. */
static void thread_first(struct thread_area *area) {
    area->function(area->argument);
    sys_thread_exit(0);
}

int64_t thread_start(void (*function)(void *argument), void *argument, uint64_t stack_size,
                     uint32_t cpu) {
    void *base;
    uint64_t size = (stack_size ? stack_size : THREAD_STACK_SIZE) + THREAD_AREA_SIZE;
    int64_t result;

    size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    /* The page below is never mapped: map.h leaves one behind each mapping. */
    result = map_memory(size, &base);
    if (result < 0)
        return result;

    struct thread_area *area = (struct thread_area *)(void *)((uint8_t *)base + size -
                                                              THREAD_AREA_SIZE);
    thread_area_init(area, 0);
    area->function = function;
    area->argument = argument;

    struct thread_config config = {
        .entry = (uint64_t)(uintptr_t)thread_first,
        /* As behind a call instruction: the return address's place is empty. */
        .stack = (uint64_t)(uintptr_t)area - 8,
        .argument = (uint64_t)(uintptr_t)area,
        .thread_pointer = (uint64_t)(uintptr_t)area,
        .cpu = cpu,
        .flags = THREAD_SUSPENDED,
    };
    result = sys_thread_create(HANDLE_PARTITION, HANDLE_SPACE, &config);
    if (result < 0) {
        map_undo(base);
        return result;
    }
    area->thread = (handle_t)result;
    int64_t resumed = sys_thread_resume(area->thread);
    return resumed < 0 ? resumed : result;
}
