/*
 * A boot of its own: the suite, in the manager's place, faults on purpose. The kernel starts it
 * anew; it knows by the list of partitions that it has lived before, and finds what it shared with
 * the partition that ran on. Each life ends by another fault; the last one reports.
 */
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/map.h"
#include "guests/lib/thread.h"
#include "tests/kernel/accounts.h"
#include "tests/kernel/child.h"
#include "tests/kernel/cpu.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define SURVIVOR     "child0"
#define SEARCH_LIMIT 64u
#define LIVES        4u
#define MILLISECOND  1000000ull

/* board->value: what is handed from life to life */
#define COUNTER  0
#define LIFE     1
#define POINTS   2
#define FAILURES 3
#define SEEN     4 /* the counter at the end of the last life */
#define USED     5 /* the suite's memory in life 2 */
#define FREE     6 /* the computer's */

static void child_counts(volatile struct board *board) {
    for (;;) {
        board->value[COUNTER]++;
        sys_thread_yield();
    }
}

/* ---- the ends of a life */

static void use_no_pointer(void *argument) {
    volatile uint64_t *volatile nowhere = (volatile uint64_t *)16;
    (void)argument;
    *nowhere = 1;
}

static void use_a_privilege(void *argument) {
    (void)argument;
    cpu_halt();
}

/* Down the stack, into the page below it. */
static void overflow(void *argument) {
    volatile char local = 0;
    volatile char *here = &local;
    (void)argument;
    for (;;) {
        here -= 512;
        *here = 1;
    }
}

static void (*const ends[LIVES])(void *) = {NULL, use_no_pointer, use_a_privilege, overflow};

static void end_life(volatile struct board *board) {
    board->value[POINTS] = tap_points();
    board->value[FAILURES] = tap_failures();
    board->value[SEEN] = board->value[COUNTER];
    uint64_t life = board->value[LIFE];
    board->value[LIFE] = life + 1;
    /* The last of them on a thread beside the main one. */
    if (life + 1 == LIVES)
        thread_start(ends[life], (void *)(uintptr_t)1, 0, THREAD_ANY_CPU);
    else
        ends[life](NULL);
    for (;;)
        clock_sleep_until(clock_now_ns() + MILLISECOND);
}

/* ---- finding what was */

static int64_t find_survivor(struct partition_info *info) {
    uint64_t after = 0;
    for (;;) {
        int64_t handle = sys_partition_list(HANDLE_SYSTEM, after, info);
        if (handle < 0 || strcmp(info->name, SURVIVOR) == 0)
            return handle;
        sys_handle_close((handle_t)handle);
        after = info->id;
    }
}

/* The region of boards is what it holds beside itself. */
static volatile struct board *find_board(handle_t survivor) {
    for (handle_t theirs = 1; theirs < SEARCH_LIMIT; theirs++) {
        struct object_info info;
        int64_t handle = sys_handle_take(survivor, theirs, RIGHTS_SAME);
        if (handle < 0)
            continue;
        memset(&info, 0, sizeof info);
        sys_handle_info((handle_t)handle, &info);
        void *board;
        bool found = info.type == OBJECT_REGION &&
                     map_region((handle_t)handle, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &board) >= 0;
        sys_handle_close((handle_t)handle);
        if (found)
            return board;
    }
    return NULL;
}

static void first_life(void) {
    struct child child;
    tap_open(0, 0);
    if (child_setup() && child_create(&child, CHILD_QUOTA)) {
        child_give(&child, child_boards(), RIGHT_READ | RIGHT_WRITE | RIGHT_MAP);
        child.board->value[LIFE] = 1;
        if (child_start(&child, child_counts) &&
            child_await_value(&child.board->value[COUNTER], 10)) {
            tap_point("first life: a partition is made");
            end_life(child.board);
        }
    }
    tap_point("first life: a partition could not be made");
    tap_close();
}

static void check_own_start(uint64_t life) {
    static const enum object_type types[] = {OBJECT_PARTITION, OBJECT_SPACE, OBJECT_THREAD,
                                             OBJECT_SYSTEM,    OBJECT_PORTS, OBJECT_POOL};
    for (uint32_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct object_info info;
        memset(&info, 0, sizeof info);
        sys_handle_info(i + 1, &info);
        tap_check_equal(info.type, types[i], "handle %u", (unsigned)i + 1);
    }
    tap_point("life %u: the kernel has started the faulted manager anew with its handles",
              (unsigned)life);
}

static void check_survivor(volatile struct board *board, const struct partition_info *info,
                           uint64_t life) {
    tap_check_equal(info->state, PARTITION_RUNNING, "its state");
    uint64_t now = board->value[COUNTER];
    tap_check(now > board->value[SEEN], "it stood still while the manager was down");
    tap_check(child_await_value(&board->value[COUNTER], now + 10), "it stands still now");
    tap_point("life %u: the partition ran on and is found with what it shares", (unsigned)life);
}

static void check_accounts(volatile struct board *board, uint64_t life) {
    struct accounts now = accounts_read();
    if (life == 2) {
        board->value[USED] = now.used;
        board->value[FREE] = now.free;
    } else {
        tap_check_equal(now.used, board->value[USED], "the manager's memory");
        tap_check_equal(now.free, board->value[FREE], "free memory");
    }
    accounts_audit("after a restart");
    tap_point("life %u: a restart loses no memory, the audit finds nothing", (unsigned)life);
}

static void later_life(handle_t survivor, const struct partition_info *info) {
    volatile struct board *board = find_board(survivor);
    tap_open(board == NULL ? 0 : (uint32_t)board->value[POINTS],
             board == NULL ? 0 : (uint32_t)board->value[FAILURES]);
    if (board == NULL) {
        tap_check(false, "the shared board is not to be found");
        tap_point("a later life");
        tap_close();
        return;
    }
    uint64_t life = board->value[LIFE];
    check_own_start(life);
    check_survivor(board, info, life);
    check_accounts(board, life);
    if (life < LIVES)
        end_life(board);
    tap_check_result(sys_partition_destroy(survivor), 0, "destroy the survivor");
    accounts_audit("at the end");
    tap_point("the survivor can be destroyed by a later life");
    tap_close();
}

void restart_main(void) {
    struct partition_info info = {0};
    int64_t survivor = find_survivor(&info);
    if (survivor < 0)
        first_life();
    else
        later_life((handle_t)survivor, &info);
}
