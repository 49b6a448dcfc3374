/* Events: bits, masks, deadlines, the one waiter, and the end of an event that is waited for. */
#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "tests/kernel/child.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define MILLISECOND 1000000ull

static void bits_and_masks(handle_t event) {
    tap_check_result(sys_event_signal(event, 0x15), 0, "signal");
    tap_check_result(sys_event_wait(event, 0x6, DEADLINE_NOW), 0x4, "take what the mask covers");
    tap_check_result(sys_event_wait(event, 0x6, DEADLINE_NOW), -STATUS_TIMED_OUT, "it is cleared");
    tap_check_result(sys_event_signal(event, 0x1), 0, "signal a bit that is set");
    tap_check_result(sys_event_wait(event, 0xff, DEADLINE_NOW), 0x11, "the others stayed, once");
    tap_check_result(sys_event_signal(event, 0), 0, "signal nothing");
    tap_check_result(sys_event_wait(event, INT64_MAX, DEADLINE_NOW), -STATUS_TIMED_OUT, "nothing");
    for (uint32_t bit = 0; bit < 63; bit++) {
        sys_event_signal(event, 1ull << bit);
        tap_check_result(sys_event_wait(event, 1ull << bit, DEADLINE_NEVER), (int64_t)(1ull << bit),
                         "bit %u", (unsigned)bit);
    }
    tap_point("bits are set, taken by mask and cleared");
}

static void deadlines(handle_t event) {
    for (uint64_t wait = MILLISECOND / 2; wait <= 8 * MILLISECOND; wait *= 4) {
        uint64_t start = clock_now_ns();
        int64_t result = sys_event_wait(event, 1, start + wait);
        uint64_t took = clock_now_ns() - start;
        tap_check_result(result, -STATUS_TIMED_OUT, "wait until a deadline");
        tap_check(took >= wait, "it came %llu ns too early", (unsigned long long)(wait - took));
        tap_check(took < wait + 2000 * MILLISECOND, "it took %llu ns instead of %llu",
                  (unsigned long long)took, (unsigned long long)wait);
    }
    tap_point("a wait ends at its deadline, not before");
}

/* argument: event. */
static void child_waits(volatile struct board *board) {
    board->arrived = BOARD_MAGIC;
    board->value[0] = (uint64_t)sys_event_wait((handle_t)board->argument[0], 0xf0, DEADLINE_NEVER);
    board->value[1] = (uint64_t)sys_event_wait((handle_t)board->argument[0], 0xf00, DEADLINE_NEVER);
    sys_partition_exit(5);
}

/* Gives it the time to go from its mark into the wait. */
static void await_wait(struct child *child) {
    tap_check(child_await_value(&child->board->arrived, BOARD_MAGIC), "the child arrived");
    struct thread_state state = {0};
    for (uint32_t i = 0; i < 1000 && state.state != THREAD_STATE_WAITING; i++) {
        child_sleep(MILLISECOND / 10);
        sys_thread_get_state(child->thread, &state);
    }
    tap_check_equal(state.state, THREAD_STATE_WAITING, "the child's thread waits");
}

static void one_waiter(handle_t event) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    child.board->argument[0] = child_give(&child, event, RIGHT_WAIT);
    if (child_start(&child, child_waits)) {
        await_wait(&child);
        tap_check_result(sys_event_wait(event, 1, DEADLINE_NEVER), -STATUS_BUSY, "second waiter");
        tap_check_result(sys_event_signal(event, 0x100f), 0, "bits that it does not want");
        await_wait(&child);
        tap_check_result(sys_event_signal(event, 0x30), 0, "bits that it wants");
        for (uint32_t i = 0; i < 1000 && child.board->value[0] == 0; i++)
            child_sleep(MILLISECOND / 10);
        tap_check_equal(child.board->value[0], 0x30, "what it took");
        tap_check_result(sys_event_signal(event, 0x700), 0, "the next bits");
        struct partition_info info = child_await_end(&child);
        tap_check_equal(child.board->value[1], 0x700, "what it took then");
        tap_check_equal((uint64_t)(int64_t)info.exit_code, 5, "exit code");
        tap_check_result(sys_event_wait(event, INT64_MAX, DEADLINE_NOW), 0x100f, "what was left");
    }
    child_destroy(&child);
    tap_point("one thread waits at a time, and takes what it wants");
}

static void event_dies(void) {
    struct child owner, waiter;
    if (!child_create(&owner, CHILD_QUOTA))
        return;
    if (child_create(&waiter, CHILD_QUOTA)) {
        int64_t event = tap_need(sys_event_create(owner.partition), "event");
        waiter.board->argument[0] = child_give(&waiter, (handle_t)event, RIGHT_WAIT);
        if (child_start(&waiter, child_waits)) {
            await_wait(&waiter);
            child_destroy(&owner);
            tap_check_equal((uint64_t)(int64_t)child_await_end(&waiter).exit_code, 5, "it went on");
            tap_check_result((int64_t)waiter.board->value[0], -STATUS_GONE, "what it was told");
            tap_check_result((int64_t)waiter.board->value[1], -STATUS_BAD_HANDLE, "its handle");
        }
        child_destroy(&waiter);
    }
    if (owner.partition != 0)
        child_destroy(&owner);
    tap_point("who waits for an event that dies is told GONE");
}

/* argument: event to signal. A partition that dies while it waits leaves the event usable. */
static void waiter_dies(handle_t event) {
    for (uint32_t i = 0; i < 20; i++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            return;
        child.board->argument[0] = child_give(&child, event, RIGHT_WAIT);
        if (child_start(&child, child_waits)) {
            if (i % 2 == 0)
                await_wait(&child);
            else
                child_await_value(&child.board->arrived, BOARD_MAGIC);
        }
        child_destroy(&child);
        tap_check_result(sys_event_signal(event, 0x40), 0, "signal");
        tap_check_result(sys_event_wait(event, 0x40, clock_now_ns() + 1000 * MILLISECOND), 0x40,
                         "wait after a waiter's death");
    }
    tap_point("a waiter that is destroyed leaves the event to others");
}

void test_event(void) {
    int64_t event = sys_event_create(HANDLE_PARTITION);
    if (tap_need(event, "event") < 0)
        return;
    bits_and_masks((handle_t)event);
    deadlines((handle_t)event);
    one_waiter((handle_t)event);
    waiter_dies((handle_t)event);
    sys_handle_close((handle_t)event);
    event_dies();
}
