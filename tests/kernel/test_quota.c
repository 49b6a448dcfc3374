/*
 * Memory and other limits: whatever object a partition is filled with, the call that goes too far
 * says QUOTA, the suite and a neighbour notice nothing, and destroying gives all back.
 */
#include <stdio.h>

#include "abi/syscalls.h"
#include "tests/kernel/accounts.h"
#include "tests/kernel/child.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define SMALL_QUOTA 0x20000ull /* 32 pages */
#define MADE_LIMIT  4000u

static handle_t made[MADE_LIMIT];

/* Each makes one more object that `child` pays; a handle, 0, or the negative of a status. */
static int64_t one_region(struct child *child, uint32_t n) {
    (void)n;
    return sys_region_create(child->partition, PAGE_SIZE);
}

static int64_t one_event(struct child *child, uint32_t n) {
    (void)n;
    return sys_event_create(child->partition);
}

static int64_t one_space(struct child *child, uint32_t n) {
    (void)n;
    return sys_space_create(child->partition, SPACE_PROGRAM);
}

static int64_t one_thread(struct child *child, uint32_t n) {
    const struct thread_config config = {
        .entry = 0x400000, .stack = n + 1, .cpu = THREAD_ANY_CPU, .flags = THREAD_SUSPENDED};
    return sys_thread_create(child->partition, child->space, &config);
}

/* The suite's own board, each time in a page table of its own: only the tables cost. */
static int64_t one_mapping(struct child *child, uint32_t n) {
    static handle_t region;
    if (n == 0)
        region = (handle_t)sys_region_create(HANDLE_PARTITION, PAGE_SIZE);
    int64_t result = sys_space_map(child->space, region, 0, 0x100000000ull + n * 0x40000000ull,
                                   PAGE_SIZE, MAP_READ);
    if (result < 0)
        sys_handle_close(region);
    return result;
}

static int64_t one_partition(struct child *child, uint32_t n) {
    struct partition_config config = {.memory_quota = 0};
    snprintf(config.name, sizeof config.name, "grandchild%u", (unsigned)n);
    return sys_partition_create(child->partition, &config);
}

static const struct {
    const char *name;
    int64_t (*make)(struct child *child, uint32_t n);
} rows[] = {
    {"regions",       one_region   },
    {"events",        one_event    },
    {"spaces",        one_space    },
    {"threads",       one_thread   },
    {"mappings",      one_mapping  },
    {"subpartitions", one_partition},
};

static void neighbour_is_well(struct child *neighbour, const char *what) {
    int64_t region = sys_region_create(neighbour->partition, 4 * PAGE_SIZE);
    tap_check(region > 0, "%s: the neighbour gets memory (%lld)", what, (long long)region);
    if (region > 0)
        sys_handle_close((handle_t)region);
}

static void fill(uint32_t row, struct child *neighbour) {
    struct accounts before = accounts_read();
    struct child child;
    const struct partition_config limits = {.memory_quota = SMALL_QUOTA, .thread_limit = 10000};
    if (!child_create_with(&child, &limits))
        return;
    uint32_t count = 0;
    int64_t result;
    while ((result = rows[row].make(&child, count)) >= 0 && count < MADE_LIMIT)
        made[count++] = (handle_t)result;
    tap_check_result(result, -STATUS_QUOTA, "%s: the one too many, after %u", rows[row].name,
                     (unsigned)count);
    struct partition_info info = child_info(&child);
    tap_check(info.memory_used <= info.memory_quota, "%s: used %llu of %llu", rows[row].name,
              (unsigned long long)info.memory_used, (unsigned long long)info.memory_quota);
    /* Failing again and again costs nothing. */
    for (uint32_t i = 0; i < 20 && rows[row].make != one_mapping; i++)
        tap_check_result(rows[row].make(&child, count), -STATUS_QUOTA, "%s: again", rows[row].name);
    tap_check_equal(child_info(&child).memory_used, info.memory_used, "%s: after failures",
                    rows[row].name);
    neighbour_is_well(neighbour, rows[row].name);
    if (rows[row].make == one_partition)
        while (count > 0) {
            sys_partition_destroy(made[--count]);
            sys_handle_close(made[count]);
        }
    while (count > 0 && made[--count] != 0)
        sys_handle_close(made[count]);
    child_destroy(&child);
    accounts_check(&before, rows[row].name);
    tap_point("a quota used up by %s hurts only its owner, and all comes back", rows[row].name);
}

static void closing_gives_back(void) {
    struct child child;
    if (!child_create(&child, SMALL_QUOTA))
        return;
    uint64_t empty = child_info(&child).memory_used;
    for (uint32_t round = 0; round < 3; round++) {
        uint32_t count = 0;
        int64_t event;
        while ((event = sys_event_create(child.partition)) > 0 && count < MADE_LIMIT)
            made[count++] = (handle_t)event;
        while (count > 0)
            sys_handle_close(made[--count]);
        tap_check_equal(child_info(&child).memory_used, empty, "memory after round %u",
                        (unsigned)round);
    }
    child_destroy(&child);
    tap_point("closing the last handle gives an object's memory back at once");
}

static void child_never_runs(volatile struct board *board) {
    (void)board;
    ((volatile struct board *)CHILD_BOARD)->survived = BOARD_MAGIC;
    sys_thread_exit(0);
}

/* argument: a handle to its own partition. Creates until its handle table is full. */
static void child_fills_its_table(volatile struct board *board) {
    handle_t self = (handle_t)board->argument[0];
    int64_t result;
    while ((result = sys_event_create(self)) > 0)
        board->value[0]++;
    board->value[1] = (uint64_t)result;
    struct partition_info info = {0};
    sys_partition_info(self, &info);
    uint64_t used = info.memory_used;
    const struct partition_config grandchild = {.name = "none", .memory_quota = 0};
    const struct thread_config thread = {.entry = (uint64_t)(uintptr_t)child_never_runs,
                                         .stack = CHILD_STACK_BOTTOM,
                                         .cpu = THREAD_ANY_CPU};
    for (uint32_t i = 0; i < 50; i++) {
        board->value[2] += sys_event_create(self) == -STATUS_QUOTA;
        board->value[2] += sys_region_create(self, PAGE_SIZE) == -STATUS_QUOTA;
        board->value[2] += sys_handle_duplicate(self, RIGHTS_SAME, 0) == -STATUS_QUOTA;
        board->value[2] += sys_partition_create(self, &grandchild) == -STATUS_QUOTA;
        board->value[2] += sys_thread_create(self, HANDLE_SPACE, &thread) == -STATUS_QUOTA;
    }
    sys_partition_info(self, &info);
    board->value[3] = info.memory_used - used;
    board->value[4] = info.thread_count;
    sys_partition_exit(0);
}

static void handle_limit(void) {
    struct child child;
    const struct partition_config limits = {.memory_quota = CHILD_QUOTA, .handle_limit = 40};
    if (!child_create_with(&child, &limits))
        return;
    child.board->argument[0] = child_give(&child, child.partition, RIGHTS_SAME);
    if (child_start(&child, child_fills_its_table)) {
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "the child's state");
        tap_check_equal(info.handle_count, 40, "handles in its table");
        tap_check_result((int64_t)child.board->value[1], -STATUS_QUOTA, "the first refusal");
        tap_check_equal(child.board->value[2], 250, "refusals");
        tap_check_equal(child.board->value[4], 1, "threads");
        tap_check_equal(child.board->survived, 0, "a thread that was refused ran");
        tap_check_equal(child.board->value[3], 0, "memory lost by refused creations");
        tap_check_result(sys_handle_grant(child.partition, child_event(), RIGHT_SIGNAL),
                         -STATUS_QUOTA, "nor can it be given one");
    }
    child_destroy(&child);
    tap_point("a full handle table refuses every new handle and loses nothing");
}

static void thread_limit(void) {
    struct child child;
    const struct partition_config limits = {.memory_quota = CHILD_QUOTA, .thread_limit = 5};
    if (!child_create_with(&child, &limits))
        return;
    uint32_t count = 0;
    int64_t thread;
    while ((thread = one_thread(&child, count)) > 0 && count < 10)
        made[count++] = (handle_t)thread;
    tap_check_result(thread, -STATUS_QUOTA, "the thread too many");
    tap_check_equal(count, 5, "threads");
    while (count > 0)
        sys_handle_close(made[--count]);
    child_destroy(&child);
    tap_point("a partition's thread limit holds");
}

/* argument: a handle to its own partition, one to its sibling's. */
static void child_wants_more(volatile struct board *board) {
    const struct partition_config wish = {.memory_quota = 64 * CHILD_QUOTA, .thread_limit = 1000};
    for (uint32_t i = 0; i < 2; i++)
        board->value[i] = (uint64_t)sys_partition_set_limits((handle_t)board->argument[i], &wish);
    sys_partition_exit(0);
}

static void only_who_pays_sets_limits(void) {
    struct child child, sibling;
    struct partition_config wish = {.memory_quota = 2 * CHILD_QUOTA};
    struct accounts before = accounts_read();
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_create(&sibling, CHILD_QUOTA)) {
        child.board->argument[0] = child_give(&child, child.partition, RIGHTS_SAME);
        child.board->argument[1] = child_give(&child, sibling.partition, RIGHTS_SAME);
        if (child_start(&child, child_wants_more)) {
            child_await_end(&child);
            tap_check_result((int64_t)child.board->value[0], -STATUS_DENIED, "its own limits");
            tap_check_result((int64_t)child.board->value[1], -STATUS_DENIED, "its sibling's");
            tap_check_equal(child_info(&child).memory_quota, CHILD_QUOTA, "its quota");
            tap_check_equal(child_info(&sibling).memory_quota, CHILD_QUOTA, "the sibling's quota");
        }
        tap_check_result(sys_partition_set_limits(HANDLE_PARTITION, &wish), -STATUS_DENIED,
                         "the suite's own limits");
        tap_check_result(sys_partition_set_limits(sibling.partition, &wish), 0, "more for a child");
        tap_check_equal(child_info(&sibling).memory_quota, 2 * CHILD_QUOTA, "its quota then");
        wish.memory_quota = PAGE_SIZE;
        tap_check_result(sys_partition_set_limits(sibling.partition, &wish), -STATUS_QUOTA,
                         "less than it uses");
        wish.memory_quota = UINT64_MAX & ~(PAGE_SIZE - 1);
        tap_check_result(sys_partition_set_limits(sibling.partition, &wish), -STATUS_QUOTA,
                         "more than there is");
        wish.memory_quota = CHILD_QUOTA;
        tap_check_result(sys_partition_set_limits(sibling.partition, &wish), 0, "less again");
        child_destroy(&sibling);
    }
    child_destroy(&child);
    accounts_check(&before, "after changes of limits");
    tap_point("limits are changed by who pays for them, by nobody else");
}

void test_quota(void) {
    struct child neighbour;
    if (!child_create(&neighbour, CHILD_QUOTA))
        return;
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        fill(i, &neighbour);
    child_destroy(&neighbour);
    closing_gives_back();
    handle_limit();
    thread_limit();
    only_who_pays_sets_limits();
}
