/* Threads: start, end, taking turns, and the time slice. */
#include "abi/syscalls.h"
#include "tests/kernel/child.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define MILLISECOND 1000000ull
#define TURN_COUNT  100
#define TAKERS      4
#define SPINNERS    3

/* board->value of the tests below */
#define READY   0
#define COUNT   1 /* and behind it one a thread */
#define WORST   20
#define RELEASE 40

static volatile struct board *the_board(void) {
    return (volatile struct board *)CHILD_BOARD;
}

static void child_exits(volatile struct board *board) {
    board->survived = BOARD_MAGIC;
    sys_thread_exit(board->argument[0]);
}

static void suspended(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    child.board->argument[0] = 9;
    if (child_thread(&child, child_exits, 0, THREAD_ANY_CPU, THREAD_SUSPENDED, 0)) {
        struct thread_state state = {0};
        child_sleep(5 * MILLISECOND);
        tap_check_equal(child.board->survived, 0, "it has not run");
        tap_check_equal(child_info(&child).state, PARTITION_CREATED, "the partition's state");
        tap_check_result(sys_thread_get_state(child.thread, &state), 0, "thread_get_state");
        tap_check_equal(state.state, THREAD_STATE_SUSPENDED, "the thread's state");
        tap_check_equal(state.instruction, (uint64_t)(uintptr_t)child_exits, "its instruction");
        tap_check_equal(state.registers[7], CHILD_BOARD, "its argument");
        tap_check_result(sys_thread_resume(child.thread), 0, "resume");
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "the partition's state at the end");
        tap_check_equal((uint64_t)(int64_t)info.exit_code, 9, "its exit code");
        tap_check_equal(child.board->survived, BOARD_MAGIC, "it has run");
        tap_check_equal(info.thread_count, 0, "threads at the end");
    }
    child_destroy(&child);
    tap_point("a suspended thread runs when it is resumed, not before");
}

/* The thread's argument is its number + 1. */
static void child_takes_turns(volatile struct board *argument) {
    volatile struct board *board = the_board();
    uint64_t self = (uint64_t)(uintptr_t)argument - 1;
    __atomic_add_fetch(&board->value[READY], 1, __ATOMIC_SEQ_CST);
    while (board->value[READY] < TAKERS)
        sys_thread_yield();
    for (uint32_t i = 0; i < TURN_COUNT; i++) {
        board->value[COUNT + self]++;
        for (uint32_t other = 0; other < TAKERS; other++) {
            uint64_t lead = board->value[COUNT + self] - board->value[COUNT + other];
            if (lead <= TURN_COUNT && lead > board->value[WORST])
                board->value[WORST] = lead;
        }
        sys_thread_yield();
    }
    sys_thread_exit(self);
}

static void taking_turns(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    bool good = true;
    for (uint64_t i = 0; i < TAKERS; i++)
        good = good && child_thread(&child, child_takes_turns, i + 1, 0, 0, 0);
    if (good) {
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "state");
        for (uint32_t i = 0; i < TAKERS; i++)
            tap_check_equal(child.board->value[COUNT + i], TURN_COUNT, "turns of thread %u",
                            (unsigned)i);
        /* A slice that ends between two yields gives one turn more. */
        tap_check(child.board->value[WORST] <= 4, "one was %llu turns ahead",
                  (unsigned long long)child.board->value[WORST]);
    }
    child_destroy(&child);
    tap_point("threads of one CPU that yield take turns");
}

static void child_counts(volatile struct board *argument) {
    volatile struct board *board = the_board();
    uint64_t self = (uint64_t)(uintptr_t)argument - 1;
    while (board->value[RELEASE] == 0)
        board->value[COUNT + self]++;
    sys_thread_exit(0);
}

/* Nobody gives the CPU away: the timer must. */
static void time_slices(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    bool good = true;
    for (uint64_t i = 0; i < SPINNERS; i++)
        good = good && child_thread(&child, child_counts, i + 1, 0, 0, 0);
    if (good) {
        uint64_t smallest = UINT64_MAX, largest = 0;
        child_sleep(250 * MILLISECOND);
        for (uint32_t i = 0; i < SPINNERS; i++) {
            uint64_t count = child.board->value[COUNT + i];
            smallest = count < smallest ? count : smallest;
            largest = count > largest ? count : largest;
        }
        tap_check(smallest > 0, "a thread has not run at all");
        tap_check(largest / 6 <= smallest, "shares differ: %llu and %llu",
                  (unsigned long long)smallest, (unsigned long long)largest);
        child.board->value[RELEASE] = 1;
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "state");
        tap_check(info.cpu_time_ns > 50 * MILLISECOND, "CPU time: %llu ns",
                  (unsigned long long)info.cpu_time_ns);
        tap_check(info.wait_time_ns > 50 * MILLISECOND, "waiting time: %llu ns",
                  (unsigned long long)info.wait_time_ns);
    }
    child_destroy(&child);
    tap_point("threads of one CPU that never yield share it by time");
}

/* The last thread's code is the partition's. */
static void child_exits_in_order(volatile struct board *argument) {
    volatile struct board *board = the_board();
    uint64_t self = (uint64_t)(uintptr_t)argument - 1;
    while (board->value[RELEASE] == 0 || board->value[READY] != self)
        sys_thread_yield();
    board->value[READY]++;
    sys_thread_exit(100 + self);
}

static void last_thread_decides(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    bool good = true;
    for (uint64_t i = 0; i < 8; i++)
        good = good && child_thread(&child, child_exits_in_order, i + 1, 0, 0, 0);
    child.board->value[RELEASE] = 1;
    if (good) {
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "state");
        tap_check_equal((uint64_t)(int64_t)info.exit_code, 107, "exit code");
    }
    child_destroy(&child);
    tap_point("a partition stops with its last thread's code");
}

static void child_makes_a_thread(volatile struct board *board) {
    const struct thread_config config = {
        .entry = (uint64_t)(uintptr_t)child_exits,
        .stack = CHILD_WINDOW + PAGE_SIZE - 8,
        .argument = CHILD_BOARD,
        .cpu = THREAD_ANY_CPU,
    };
    for (uint32_t i = 0; i < 50; i++) {
        board->survived = 0;
        int64_t thread = sys_thread_create((handle_t)board->argument[1],
                                           (handle_t)board->argument[2], &config);
        if (thread < 0)
            sys_partition_exit((uint64_t)-thread);
        while (board->survived == 0)
            sys_thread_yield();
        struct thread_state state = {0};
        while (state.state != THREAD_STATE_DEAD)
            sys_thread_get_state((handle_t)thread, &state);
        sys_handle_close((handle_t)thread);
        board->value[0]++;
    }
    struct partition_info info;
    sys_partition_info((handle_t)board->argument[1], &info);
    board->value[1] = info.thread_count;
    sys_partition_exit(0);
}

static void threads_of_its_own(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    child.board->argument[1] = child_give(&child, child.partition, RIGHTS_SAME);
    child.board->argument[2] = child_give(&child, child.space, RIGHTS_SAME);
    if (child_map(&child, CHILD_WINDOW, PAGE_SIZE, MAP_READ | MAP_WRITE, NULL) &&
        child_start(&child, child_makes_a_thread)) {
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "state");
        tap_check_equal((uint64_t)(int64_t)info.exit_code, 0, "exit code");
        tap_check_equal(child.board->value[0], 50, "threads that came and went");
        tap_check_equal(child.board->value[1], 1, "threads left");
    }
    child_destroy(&child);
    tap_point("a partition makes threads of its own, which come and go");
}

void test_thread(void) {
    suspended();
    taking_turns();
    time_slices();
    last_thread_decides();
    threads_of_its_own();
}
