/* Partitions: pausing, resuming, stopping, exit codes, and what is left for inspection. */
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "tests/kernel/child.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define MILLISECOND 1000000ull

static void child_counts(volatile struct board *board) {
    for (;;)
        board->value[0]++;
}

static void child_yields(volatile struct board *board) {
    for (;;) {
        board->value[0]++;
        sys_thread_yield();
    }
}

static void stands_still(const struct child *child, const char *what) {
    uint64_t before = child->board->value[0];
    child_sleep(15 * MILLISECOND);
    tap_check_equal(child->board->value[0], before, "%s: it stands still", what);
}

static void goes_on(const struct child *child, const char *what) {
    tap_check(child_await_value(&child->board->value[0], child->board->value[0] + 10),
              "%s: it runs", what);
}

static void pausing(child_function function, const char *what) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_start(&child, function)) {
        goes_on(&child, what);
        for (uint32_t i = 0; i < 5; i++) {
            tap_check_result(sys_partition_pause(child.partition), 0, "pause");
            tap_check_equal(child_info(&child).state, PARTITION_PAUSED, "state");
            stands_still(&child, what);
            tap_check_result(sys_partition_pause(child.partition), 0, "pause again");
            tap_check_result(sys_partition_resume(child.partition), 0, "resume");
            tap_check_equal(child_info(&child).state, PARTITION_RUNNING, "state");
            goes_on(&child, what);
            tap_check_result(sys_partition_resume(child.partition), 0, "resume again");
        }
        sys_partition_pause(child.partition);
        tap_check_result(sys_partition_stop(child.partition, 42), 0, "stop while paused");
        struct partition_info info = child_info(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "state after stop");
        tap_check_equal((uint64_t)(int64_t)info.exit_code, 42, "exit code");
        stands_still(&child, what);
        tap_check_result(sys_partition_stop(child.partition, 43), 0, "stop again");
        tap_check_equal((uint64_t)(int64_t)child_info(&child).exit_code, 42, "the first counts");
        tap_check_result(sys_partition_resume(child.partition), -STATUS_BAD_STATE, "resume");
        tap_check_result(sys_partition_pause(child.partition), -STATUS_BAD_STATE, "pause");
    }
    child_destroy(&child);
    tap_point("%s makes no progress while paused or stopped", what);
}

static void child_waits(volatile struct board *board) {
    handle_t event = (handle_t)board->argument[0];
    board->arrived = BOARD_MAGIC;
    board->value[1] = (uint64_t)sys_event_wait(event, 1, DEADLINE_NEVER);
    board->value[0]++;
    uint64_t deadline = (uint64_t)sys_clock_get() + 10 * MILLISECOND;
    board->value[2] = (uint64_t)sys_event_wait(event, 1, deadline);
    board->value[0]++;
    sys_partition_exit(0);
}

/* Signals and deadlines that come during a pause are there after it. */
static void pausing_a_waiter(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    int64_t event = tap_need(sys_event_create(HANDLE_PARTITION), "event");
    child.board->argument[0] = child_give(&child, (handle_t)event, RIGHT_WAIT);
    if (child_start(&child, child_waits)) {
        child_await_value(&child.board->arrived, BOARD_MAGIC);
        child_sleep(MILLISECOND);
        tap_check_result(sys_partition_pause(child.partition), 0, "pause");
        sys_event_signal((handle_t)event, 1);
        stands_still(&child, "a waiter that was signalled");
        tap_check_result(sys_partition_resume(child.partition), 0, "resume");
        tap_check(child_await_value(&child.board->value[0], 1), "the signal arrived");
        tap_check_equal(child.board->value[1], 1, "the bits");
        child_sleep(MILLISECOND);
        tap_check_result(sys_partition_pause(child.partition), 0, "pause");
        child_sleep(15 * MILLISECOND);
        stands_still(&child, "a waiter whose deadline passed");
        tap_check_result(sys_partition_resume(child.partition), 0, "resume");
        tap_check_equal(child_await_end(&child).state, PARTITION_STOPPED, "state");
        tap_check_result((int64_t)child.board->value[2], -STATUS_TIMED_OUT, "the deadline");
    }
    child_destroy(&child);
    sys_handle_close((handle_t)event);
    tap_point("signals and deadlines of a pause arrive after it");
}

static void child_exits(volatile struct board *board) {
    sys_partition_exit(board->argument[0]);
}

static void exit_codes(void) {
    static const struct {
        uint64_t code;
        int32_t seen;
    } rows[] = {
        {0,          0        },
        {1,          1        },
        {255,        255      },
        {INT32_MAX,  INT32_MAX},
        {UINT64_MAX, -1       },
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            return;
        child.board->argument[0] = rows[i].code;
        if (child_start(&child, child_exits)) {
            struct partition_info info = child_await_end(&child);
            tap_check_equal(info.state, PARTITION_STOPPED, "state");
            tap_check_equal((uint64_t)(int64_t)info.exit_code, (uint64_t)(int64_t)rows[i].seen,
                            "exit code");
            tap_check_equal(info.fault.kind, FAULT_NONE, "fault");
        }
        child_destroy(&child);
    }
    tap_point("partition_exit gives its code, and no fault");
}

static void child_dies(volatile struct board *board) {
    board->arrived = BOARD_MAGIC;
    *(volatile uint64_t *)0x123450 = 1;
    sys_partition_exit(1);
}

/* A faulted partition is there, with its memory, until it is destroyed. */
static void inspection(void) {
    struct child child;
    void *memory = NULL;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_map(&child, CHILD_WINDOW, PAGE_SIZE, MAP_READ | MAP_WRITE, &memory)) {
        strcpy(memory, "still there");
        if (child_start(&child, child_dies)) {
            struct partition_info info = child_await_end(&child);
            struct thread_state state = {0};
            tap_check_equal(info.state, PARTITION_FAULTED, "state");
            tap_check_equal(info.fault.kind, FAULT_MEMORY, "kind");
            tap_check_equal(info.fault.access, MAP_WRITE, "access");
            tap_check_equal(info.fault.address, 0x123450, "address");
            tap_check(info.fault.stack > CHILD_STACK_BOTTOM &&
                          info.fault.stack < CHILD_STACK_BOTTOM + CHILD_STACK_SIZE,
                      "stack %#llx", (unsigned long long)info.fault.stack);
            tap_check(info.memory_used > 0, "memory in use");
            tap_check_result(sys_thread_get_state(child.thread, &state), 0, "thread_get_state");
            tap_check_equal(state.state, THREAD_STATE_DEAD, "the thread");
            tap_check_equal(state.instruction, info.fault.instruction, "its instruction");
            tap_check(strcmp(memory, "still there") == 0, "memory");
        }
    }
    child_destroy(&child);
    if (memory != NULL)
        map_undo(memory);
    tap_point("a faulted partition stays for inspection until it is destroyed");
}

static void listing(void) {
    struct child child[4];
    struct partition_info info;
    uint64_t after = 0;
    uint32_t found = 0, count = 0;
    for (uint32_t i = 0; i < 4; i++)
        if (!child_create(&child[i], CHILD_QUOTA))
            return;
    for (;;) {
        int64_t handle = sys_partition_list(HANDLE_SYSTEM, after, &info);
        if (handle < 0) {
            tap_check_result(handle, -STATUS_NOT_FOUND, "the end of the list");
            break;
        }
        sys_handle_close((handle_t)handle);
        tap_check(info.id > after, "ids ascend");
        after = info.id;
        count++;
        for (uint32_t i = 0; i < 4; i++)
            found += strcmp(info.name, child_info(&child[i]).name) == 0;
    }
    int64_t reader = sys_handle_duplicate(HANDLE_SYSTEM, RIGHT_READ, 0);
    int64_t seen = sys_partition_list((handle_t)reader, 0, &info);
    struct object_info object;
    memset(&object, 0, sizeof object);
    sys_handle_info((handle_t)seen, &object);
    tap_check_equal(object.rights, RIGHT_READ, "rights by a handle that may only read");
    sys_handle_close((handle_t)seen);
    sys_handle_close((handle_t)reader);
    tap_check_equal(found, 4, "children in the list");
    tap_check_equal(count, 5, "partitions in the list");
    for (uint32_t i = 0; i < 4; i++)
        child_destroy(&child[i]);
    tap_point("partition_list finds every partition once");
}

/* Exit and destruction one right after the other, in many interleavings. */
static void destroying_at_any_time(void) {
    for (uint32_t i = 0; i < 60; i++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            return;
        if (child_start(&child, i % 3 == 0 ? child_counts : i % 3 == 1 ? child_exits : child_dies))
            for (uint32_t spin = 0; spin < i * 37; spin++)
                sys_null();
        child_destroy(&child);
    }
    tap_point("a partition can be destroyed at any moment of its life");
}

void test_lifecycle(void) {
    pausing(child_counts, "a thread that never enters the kernel");
    pausing(child_yields, "a thread that yields all the time");
    pausing_a_waiter();
    exit_codes();
    inspection();
    listing();
    destroying_at_any_time();
}
