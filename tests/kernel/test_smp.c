/* What only several CPUs can do to each other. */
#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/map.h"
#include "guests/lib/thread.h"
#include "tests/kernel/child.h"
#include "tests/kernel/cpu.h"
#include "tests/kernel/options.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define MILLISECOND 1000000ull
#define RW          (MAP_READ | MAP_WRITE)
#define AT          0x40000000ull
#define CPUS_USED   8u /* at most */

static uint32_t cpus(void) {
    return suite.cpu_count < CPUS_USED ? suite.cpu_count : CPUS_USED;
}

static uint32_t own_cpu(void) {
    struct thread_state state = {0};
    tap_need(sys_thread_get_state(thread_handle(), &state), "thread_get_state");
    return state.cpu;
}

/* Some CPU on which the suite does not run. */
static uint32_t other_cpu(uint32_t round) {
    uint32_t own = own_cpu();
    uint32_t cpu = round % suite.cpu_count;
    return cpu != own ? cpu : (cpu + 1) % suite.cpu_count;
}

static volatile struct board *the_board(void) {
    return (volatile struct board *)CHILD_BOARD;
}

/* ---- running at the same time */

static void child_counts(volatile struct board *argument) {
    uint64_t self = (uint64_t)(uintptr_t)argument - 1;
    for (;;)
        the_board()->value[self]++;
}

static bool start_everywhere(struct child *child, child_function function) {
    bool good = child_create(child, CHILD_QUOTA);
    for (uint32_t i = 0; i < cpus() && good; i++)
        good = child_thread(child, function, i + 1, i, 0, 0);
    return good;
}

static void pinned_threads(void) {
    struct child child;
    if (start_everywhere(&child, child_counts)) {
        struct thread_state state = {0};
        sys_thread_get_state(child.thread, &state);
        tap_check_equal(state.cpu, cpus() - 1, "CPU of the last thread");
        for (uint32_t i = 0; i < cpus(); i++)
            tap_check(child_await_value(&child.board->value[i], 1000), "the thread on CPU %u runs",
                      (unsigned)i);
    }
    child_destroy(&child);
    tap_point("threads run on the CPUs they are pinned to");
}

static uint64_t sum_of(const struct child *child, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += child->board->value[i];
    return sum;
}

static void child_yields(volatile struct board *argument) {
    uint64_t self = (uint64_t)(uintptr_t)argument - 1;
    for (;;) {
        the_board()->value[self]++;
        sys_thread_yield();
    }
}

/* Pauses come at any moment of the threads' way through kernel and scheduler. */
static void pause_again_and_again(struct child *child, uint32_t threads) {
    for (uint32_t round = 0; round < 60; round++) {
        uint32_t moving = round % (threads > 0 ? threads : 1);
        child_await_value(&child->board->value[moving], child->board->value[moving] + 1);
        for (uint32_t spin = 0; spin < round * 13; spin++)
            cpu_relax();
        tap_check_result(sys_partition_pause(child->partition), 0, "pause");
        uint64_t before = sum_of(child, threads);
        if (round % 20 == 0)
            child_sleep(5 * MILLISECOND);
        else
            for (uint32_t spin = 0; spin < 3000; spin++)
                cpu_relax();
        if (!tap_check_equal(sum_of(child, threads), before, "progress in pause %u",
                             (unsigned)round))
            break;
        tap_check_result(sys_partition_resume(child->partition), 0, "resume");
    }
    tap_check_result(sys_partition_stop(child->partition, 3), 0, "stop");
    uint64_t before = sum_of(child, threads);
    child_sleep(5 * MILLISECOND);
    tap_check_equal(sum_of(child, threads), before, "progress after stop");
}

static void pausing_everywhere(void) {
    struct child child;
    if (start_everywhere(&child, child_counts))
        pause_again_and_again(&child, cpus());
    child_destroy(&child);
    tap_point("no thread on any CPU runs once pause or stop has returned");

    bool good = child_create(&child, CHILD_QUOTA);
    for (uint32_t i = 0; i < 2 * cpus() && good; i++)
        good = child_thread(&child, child_yields, i + 1, i % cpus(), 0, 0);
    if (good)
        pause_again_and_again(&child, 2 * cpus());
    child_destroy(&child);
    tap_point("nor does one that was on its way to or from its CPU");
}

/* ---- ping and pong */

/* argument: own event, the other's event, rounds. */
static void child_answers(volatile struct board *board) {
    handle_t own = (handle_t)board->argument[0];
    handle_t other = (handle_t)board->argument[1];
    for (uint64_t i = 0; i < board->argument[2]; i++) {
        board->value[0] += (uint64_t)sys_event_wait(own, 1, DEADLINE_NEVER);
        sys_event_signal(other, 1);
    }
    sys_partition_exit(0);
}

static void ping_pong(void) {
    const uint64_t rounds = 500;
    for (uint32_t cpu = 1; cpu < cpus(); cpu++) {
        struct child left, right;
        int64_t ping = tap_need(sys_event_create(HANDLE_PARTITION), "event");
        int64_t pong = tap_need(sys_event_create(HANDLE_PARTITION), "event");
        if (child_create(&left, CHILD_QUOTA) && child_create(&right, CHILD_QUOTA)) {
            left.board->argument[0] = child_give(&left, (handle_t)ping, RIGHT_WAIT);
            left.board->argument[1] = child_give(&left, (handle_t)pong, RIGHT_SIGNAL);
            right.board->argument[0] = child_give(&right, (handle_t)pong, RIGHT_WAIT);
            right.board->argument[1] = child_give(&right, (handle_t)ping, RIGHT_SIGNAL);
            left.board->argument[2] = right.board->argument[2] = rounds;
            bool good = child_thread(&left, child_answers, 0, 0, 0, 0) &&
                        child_thread(&right, child_answers, 0, cpu, 0, 0);
            sys_event_signal((handle_t)ping, 1);
            if (good) {
                tap_check_equal(child_await_end(&left).state, PARTITION_STOPPED, "left");
                tap_check_equal(child_await_end(&right).state, PARTITION_STOPPED, "right");
                tap_check_equal(left.board->value[0], rounds, "left's wake-ups");
                tap_check_equal(right.board->value[0], rounds, "right's wake-ups");
            }
            child_destroy(&right);
        }
        child_destroy(&left);
        sys_handle_close((handle_t)ping);
        sys_handle_close((handle_t)pong);
    }
    tap_point("events go to and fro between CPUs, none lost, none double");
}

/* ---- closing against using */

#define USED_HANDLE 0  /* value: the handle that comes and goes */
#define FINISHED    1  /* value */
#define STRANGE     2  /* value: a result that must not be */
#define USES        10 /* value, one a user */

static void note(volatile struct board *board, int64_t result) {
    bool allowed = result >= 0 || result == -STATUS_BAD_HANDLE || result == -STATUS_TIMED_OUT ||
                   result == -STATUS_BUSY || result == -STATUS_GONE || result == -STATUS_QUOTA;
    if (!allowed)
        board->value[STRANGE] = (uint64_t)result;
}

/* argument: own partition, rounds. */
static void child_closes(volatile struct board *argument) {
    volatile struct board *board = the_board();
    handle_t self = (handle_t)board->argument[0];
    (void)argument;
    for (uint64_t i = 0; i < board->argument[1]; i++) {
        int64_t event = sys_event_create(self);
        note(board, event);
        if (event < 0)
            continue;
        board->value[USED_HANDLE] = (uint64_t)event;
        for (uint64_t spin = 0; spin < i % 64; spin++)
            cpu_relax();
        note(board, sys_handle_close((handle_t)event));
    }
    board->value[FINISHED] = 1;
    sys_thread_exit(0);
}

static void child_uses(volatile struct board *argument) {
    volatile struct board *board = the_board();
    uint64_t self = (uint64_t)(uintptr_t)argument;
    while (board->value[FINISHED] == 0) {
        handle_t event = (handle_t)board->value[USED_HANDLE];
        struct object_info info;
        note(board, sys_event_signal(event, 3));
        note(board, sys_event_wait(event, 1, DEADLINE_NOW));
        note(board, sys_event_wait(event, 4, (uint64_t)sys_clock_get() + 2000));
        note(board, sys_handle_info(event, &info));
        int64_t copy = sys_handle_duplicate(event, RIGHTS_SAME, 0);
        note(board, copy);
        if (copy > 0) {
            note(board, sys_event_signal((handle_t)copy, 1));
            sys_handle_close((handle_t)copy);
        }
        board->value[USES + self]++;
    }
    sys_thread_exit(0);
}

static void closing_against_using(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    child.board->argument[0] = child_give(&child, child.partition, RIGHTS_SAME);
    child.board->argument[1] = option("races", 300);
    bool good = child_thread(&child, child_closes, 1, 0, 0, 0);
    for (uint32_t i = 0; i < 2 * cpus() && good; i++)
        good = child_thread(&child, child_uses, i + 1, i % cpus(), 0, 0);
    if (good) {
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "state");
        tap_check_result((int64_t)child.board->value[STRANGE], 0, "a result that must not be");
    }
    child_destroy(&child);
    tap_point("a handle can be closed while other CPUs use it");
}

/* ---- an event that dies while somebody goes to wait for it */

/* argument: event; value[0] counts rounds. */
static void child_waits_for_ever(volatile struct board *board) {
    for (;;) {
        handle_t event = (handle_t)board->argument[0];
        if (event == 0) {
            cpu_relax();
            continue;
        }
        board->argument[0] = 0;
        board->value[1] = 1;
        board->value[2] = (uint64_t)sys_event_wait(event, 1, DEADLINE_NEVER);
        board->value[0]++;
    }
}

static void dying_against_waiting(void) {
    struct child waiter;
    if (!child_create(&waiter, CHILD_QUOTA))
        return;
    if (child_thread(&waiter, child_waits_for_ever, 0, other_cpu(1), 0, 0)) {
        for (uint32_t round = 0; round < 60; round++) {
            struct child owner;
            if (!child_create(&owner, CHILD_QUOTA))
                break;
            int64_t event = tap_need(sys_event_create(owner.partition), "event");
            handle_t theirs = child_give(&waiter, (handle_t)event, RIGHT_WAIT);
            waiter.board->value[1] = 0;
            waiter.board->argument[0] = theirs;
            child_await_value(&waiter.board->value[1], 1);
            for (uint32_t spin = 0; spin < round % 50; spin++)
                cpu_relax();
            child_destroy(&owner);
            if (!tap_check(child_await_value(&waiter.board->value[0], round + 1),
                           "in round %u the waiter waits for ever", (unsigned)round))
                break;
            int64_t result = (int64_t)waiter.board->value[2];
            tap_check(result == -STATUS_GONE || result == -STATUS_BAD_HANDLE, "it got %lld",
                      (long long)result);
        }
    }
    child_destroy(&waiter);
    tap_point("who goes to wait for a dying event on another CPU is told so");
}

/* ---- unmapping against touching */

#define OLD 0x01dull
#define NEW 0x5ec2e7ull

/* Reads a word again and again; value[0]: anything but OLD that it saw. */
static void child_touches(volatile struct board *board) {
    volatile uint64_t *word = (volatile uint64_t *)(AT + 0x40);
    for (;;) {
        uint64_t value = *word;
        if (value != OLD)
            board->value[0] = value;
        board->value[1]++;
    }
}

static void unmapping_against_touching(void) {
    for (uint32_t round = 0; round < 16; round++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            break;
        void *here;
        if (child_map(&child, AT, 16 * PAGE_SIZE, RW, &here)) {
            for (uint64_t i = 0; i < 16 * PAGE_SIZE / 8; i++)
                ((volatile uint64_t *)here)[i] = OLD;
            map_undo(here);
            if (child_thread(&child, child_touches, 0, other_cpu(round), 0, 0)) {
                child_await_value(&child.board->value[1], 100);
                tap_check_result(sys_space_unmap(child.space, AT, 16 * PAGE_SIZE), 0, "unmap");
                /* The pages are free now: the next owners write to them at once. */
                for (uint32_t i = 0; i < 4; i++)
                    if (tap_need(map_memory(16 * PAGE_SIZE, &here), "memory") >= 0) {
                        for (uint64_t word = 0; word < 16 * PAGE_SIZE / 8; word++)
                            ((volatile uint64_t *)here)[word] = NEW;
                        map_undo(here);
                    }
                struct partition_info info = child_await_end(&child);
                tap_check_equal(info.state, PARTITION_FAULTED, "state");
                tap_check_equal(info.fault.address, AT + 0x40, "address");
                tap_check_equal(child.board->value[0], 0, "what it saw beside its own");
            }
        }
        child_destroy(&child);
    }
    tap_point("memory unmapped on one CPU is gone on all before it is used anew");
}

/* ---- ends on another CPU */

static void child_exits(volatile struct board *board) {
    board->arrived = BOARD_MAGIC;
    sys_partition_exit(1);
}

static void child_faults(volatile struct board *board) {
    volatile uint64_t *volatile nowhere = (volatile uint64_t *)8;
    board->arrived = BOARD_MAGIC;
    *nowhere = 1;
    sys_partition_exit(1);
}

static void child_exits_its_thread(volatile struct board *board) {
    board->arrived = BOARD_MAGIC;
    sys_thread_exit(1);
}

static void destroying_against_ending(void) {
    static const child_function ends[] = {child_exits, child_faults, child_exits_its_thread};
    for (uint32_t round = 0; round < 150; round++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            break;
        if (child_thread(&child, ends[round % 3], 0, other_cpu(round), 0, 0)) {
            if (round % 4 != 0)
                child_await_value(&child.board->arrived, BOARD_MAGIC);
            for (uint32_t spin = 0; spin < (round / 3) % 40 * 20; spin++)
                cpu_relax();
        }
        child_destroy(&child);
    }
    tap_point("a partition that ends on one CPU can be destroyed on another at the same moment");
}

/* All wait for the start, then all fault at once. */
static void child_faults_with_others(volatile struct board *argument) {
    volatile struct board *board = the_board();
    uint64_t self = (uint64_t)(uintptr_t)argument;
    __atomic_add_fetch(&board->value[0], 1, __ATOMIC_SEQ_CST);
    while (board->value[0] < board->argument[0])
        cpu_relax();
    *(volatile uint64_t *)(self * 16) = 1;
    sys_partition_exit(1);
}

static void faulting_everywhere(void) {
    for (uint32_t round = 0; round < 20; round++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            break;
        child.board->argument[0] = cpus();
        bool good = true;
        for (uint32_t i = 0; i < cpus() && good; i++)
            good = child_thread(&child, child_faults_with_others, i + 1, i, 0, 0);
        if (good) {
            struct partition_info info = child_await_end(&child);
            tap_check_equal(info.state, PARTITION_FAULTED, "state");
            tap_check(info.fault.address >= 16 && info.fault.address <= 16 * cpus() &&
                          info.fault.address % 16 == 0,
                      "address %#llx", (unsigned long long)info.fault.address);
        }
        child_destroy(&child);
    }
    tap_point("threads of all CPUs that fault at once end their partition once");
}

void test_smp(void) {
    if (suite.cpu_count < 2) {
        tap_skip("races between CPUs", "there is one CPU");
        return;
    }
    pinned_threads();
    pausing_everywhere();
    ping_pong();
    closing_against_using();
    dying_against_waiting();
    unmapping_against_touching();
    destroying_against_ending();
    faulting_everywhere();
}
