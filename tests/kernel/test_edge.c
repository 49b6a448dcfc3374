/*
 * System calls at the edges: the last two bytes of a program's addresses (CVE-2012-0217), with
 * every flag that ring 3 can set, and with a GS base in the kernel.
 */
#include <string.h>

#include "abi/syscall_numbers.h"
#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/map.h"
#include "tests/kernel/child.h"
#include "tests/kernel/children.h"
#include "tests/kernel/cpu.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define MILLISECOND 1000000ull
#define LAST_PAGE   (SPACE_PROGRAM_END - PAGE_SIZE)

/* movl $BOARD_MAGIC, CHILD_BOARD */
#define CODE_ARRIVE       0xc7, 0x04, 0x25, 0x00, 0x00, 0x00, 0x01, 0x4b, 0x4f, 0x4f, 0x4b
#define CODE_CALL(number) 0xb8, (number)&0xff, (number) >> 8, 0, 0, 0x0f, 0x05
_Static_assert(CHILD_BOARD == 0x01000000 && BOARD_MAGIC == 0x4b4f4f4b, "as in CODE_ARRIVE");

static const struct {
    const char *what;
    uint8_t length;
    uint8_t code[40];
} rows[] = {
    {"a call that returns at once",    18, {CODE_ARRIVE, CODE_CALL(SYS_null)}        },
    {"a number that is no call",       18, {CODE_ARRIVE, CODE_CALL(0x7fff)}          },
    {"a call that gives the CPU away", 18, {CODE_ARRIVE, CODE_CALL(SYS_thread_yield)}},
 /* mov $1, %esi; mov board->argument[0], %rdx */
    {"a call that waits",
     31,                                   {CODE_ARRIVE, 0xbe, 1, 0, 0, 0, 0x48, 0x8b, 0x14, 0x25, 0x10, 0x00, 0x00, 0x01,
      CODE_CALL(SYS_event_wait)}                                             },
    {"no call but a NOP",              12, {CODE_ARRIVE, 0x90}                       },
};

static void at_the_end(uint32_t row) {
    struct child child;
    void *page;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    int64_t event = tap_need(sys_event_create(child.partition), "event");
    handle_t theirs = child_give(&child, (handle_t)event, RIGHT_WAIT);
    int64_t region = tap_need(sys_region_create(child.partition, PAGE_SIZE), "region");
    if (region > 0 &&
        tap_need(map_region((handle_t)region, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &page),
                 "map it here") >= 0) {
        memcpy((uint8_t *)page + PAGE_SIZE - rows[row].length, rows[row].code, rows[row].length);
        tap_need(sys_space_map(child.space, (handle_t)region, 0, LAST_PAGE, PAGE_SIZE,
                               MAP_READ | MAP_EXECUTE),
                 "map it there");
        map_undo(page);
        child.board->argument[0] = clock_now_ns() + 2 * MILLISECOND;
        uint64_t entry = SPACE_PROGRAM_END - rows[row].length;
        if (child_thread(&child, (child_function)(uintptr_t)entry, theirs, THREAD_ANY_CPU, 0, 0)) {
            struct partition_info info = child_await_end(&child);
            tap_check_equal(child.board->arrived, BOARD_MAGIC, "%s: tried", rows[row].what);
            tap_check_equal(info.state, PARTITION_FAULTED, "%s: state", rows[row].what);
            tap_check(info.fault.kind == FAULT_PROTECTION || info.fault.kind == FAULT_MEMORY,
                      "%s: kind %u", rows[row].what, info.fault.kind);
            tap_check_equal(info.fault.instruction, SPACE_PROGRAM_END, "%s: place", rows[row].what);
        }
        sys_handle_close((handle_t)region);
    }
    sys_handle_close((handle_t)event);
    child_destroy(&child);
}

static void child_competes(volatile struct board *board) {
    while (board->argument[0] == 0)
        board->value[0]++;
    sys_partition_exit(0);
}

#define FLAG_TRAP      0x100
#define FLAG_DIRECTION 0x400
#define FLAG_NESTED    0x4000
#define FLAG_ALIGNMENT 0x40000
#define FLAG_IDENTITY  0x200000
#define FLAGS_PLAIN    0x202

static void with_flags(uint64_t flags) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    child.board->argument[0] = FLAGS_PLAIN | flags;
    if (child_thread(&child, children_flags, 0, 0, 0, 0)) {
        struct partition_info info = child_await_end(&child);
        tap_check_equal(child.board->arrived, BOARD_MAGIC, "flags %#llx: tried",
                        (unsigned long long)flags);
        if ((flags & FLAG_TRAP) != 0) {
            tap_check_equal(info.state, PARTITION_FAULTED, "TF: state");
            tap_check_equal(info.fault.kind, FAULT_DEBUG, "TF: kind");
        } else {
            tap_check_equal(info.state, PARTITION_STOPPED, "flags %#llx: state",
                            (unsigned long long)flags);
            tap_check_equal(child.board->value[0], FLAGS_PLAIN | flags, "flags behind a call");
            tap_check_equal(child.board->value[1], FLAGS_PLAIN | flags, "flags behind a switch");
        }
    }
    child_destroy(&child);
}

static void flags(void) {
    static const uint64_t sets[] = {
        0,
        0x8d5, /* the arithmetic ones */
        FLAG_DIRECTION,
        FLAG_NESTED,
        FLAG_ALIGNMENT,
        FLAG_IDENTITY,
        FLAG_DIRECTION | FLAG_NESTED | FLAG_ALIGNMENT | FLAG_IDENTITY,
        FLAG_TRAP,
        FLAG_TRAP | FLAG_DIRECTION | FLAG_NESTED | FLAG_ALIGNMENT,
    };
    for (uint32_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        with_flags(sets[i]);
    tap_point("calls and interrupts with AC, NT, DF and the others set keep them; TF is a fault");
}

/* The kernel copies and clears by string instructions: not by the caller's direction. */
static void direction(void) {
    struct object_info straight, backwards[3];
    memset(&straight, 0, sizeof straight);
    memset(backwards, 0, sizeof backwards);
    tap_check_result(sys_handle_info(HANDLE_PARTITION, &straight), 0, "handle_info");
    tap_check_result(cpu_call_backwards(SYS_handle_info, HANDLE_PARTITION,
                                        (uint64_t)(uintptr_t)&backwards[1]),
                     0, "handle_info with DF set");
    tap_check(memcmp(&straight, &backwards[1], sizeof straight) == 0, "its result");
    const uint64_t *around = (const uint64_t *)(const void *)backwards;
    for (uint32_t i = 0; i < sizeof straight / 8; i++)
        tap_check(around[i] == 0 && around[2 * sizeof straight / 8 + i] == 0, "word %u beside it",
                  (unsigned)i);
    static const char line[] = "the test writes a line backwards";
    tap_check_result(cpu_call_backwards(SYS_log_write, (uint64_t)(uintptr_t)line, sizeof line - 1),
                     0, "log_write with DF set");
    int64_t region = cpu_call_backwards(SYS_region_create, HANDLE_PARTITION, 16 * PAGE_SIZE);
    if (tap_need(region, "region_create with DF set") >= 0) {
        struct object_info info;
        cpu_call_backwards(SYS_region_info, (uint64_t)region, (uint64_t)(uintptr_t)&info);
        sys_handle_close((handle_t)region);
    }
    tap_point("the kernel copies and clears forwards whatever the caller's direction flag");
}

static void gs_base(void) {
    static const uint64_t bases[] = {0xffffffff80000000ull, 0xffff800000000000ull, UINT64_MAX, 1};
    if (!suite.has_fsgsbase) {
        tap_skip("a GS base in the kernel", "the processor has no FSGSBASE");
        return;
    }
    for (uint32_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            return;
        child.board->argument[0] = bases[i];
        child.board->argument[1] = 12; /* each gives the competitor a slice */
        if (child_thread(&child, children_gs_base, 0, 0, 0, 0)) {
            tap_check_equal(child_await_end(&child).state, PARTITION_STOPPED, "state");
            tap_check_equal(child.board->value[0], bases[i], "the base at the end");
        }
        child_destroy(&child);
    }
    tap_point("a GS base in the kernel changes nothing in calls, switches and interrupts");
}

void test_edge(void) {
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        at_the_end(i);
    tap_point("SYSCALL as the last two bytes below the canonical boundary faults in ring 3");
    direction();

    /* Somebody to share the CPU with, so that the timer interrupts. */
    struct child competitor;
    if (!child_create(&competitor, CHILD_QUOTA))
        return;
    if (child_thread(&competitor, child_competes, 0, 0, 0, 0)) {
        flags();
        gs_base();
        competitor.board->argument[0] = 1;
        tap_check_equal(child_await_end(&competitor).state, PARTITION_STOPPED, "competitor");
    }
    child_destroy(&competitor);
}
