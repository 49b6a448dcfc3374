/* Time for programs. */
#include "guests/lib/clock.h"

#include "abi/syscalls.h"
#include "guests/lib/thread.h"

uint64_t clock_now_ns(void) {
    return (uint64_t)sys_clock_get();
}

void clock_sleep_until(uint64_t deadline_ns) {
    handle_t event = thread_event();
    while (clock_now_ns() < deadline_ns) {
        if (event == 0 ||
            sys_event_wait(event, THREAD_EVENT_SLEEP, deadline_ns) != -STATUS_TIMED_OUT)
            sys_thread_yield();
    }
}
