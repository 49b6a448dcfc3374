/* Handles: none can be forged, used after closing or made stronger; giving and taking. */
#include <string.h>

#include "abi/syscalls.h"
#include "tests/kernel/child.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define TABLE_END 8192u /* beyond any handle */

static void only_what_was_given(void) {
    struct partition_info own;
    struct object_info info;
    uint32_t count = 0;
    memset(&own, 0, sizeof own);
    tap_need(sys_partition_info(HANDLE_PARTITION, &own), "partition_info");
    for (uint32_t handle = 0; handle < TABLE_END; handle++)
        count += sys_handle_info(handle, &info) == 0;
    for (uint32_t bit = 13; bit < 32; bit++)
        tap_check_result(sys_handle_info(HANDLE_PARTITION | 1u << bit, &info), -STATUS_BAD_HANDLE,
                         "handle 1 with bit %u", (unsigned)bit);
    tap_check_equal(count, own.handle_count, "numbers that name something");
    tap_point("no number names anything but the handles that were given");
}

static void fixed_handles(void) {
    static const enum object_type types[] = {OBJECT_PARTITION, OBJECT_SPACE, OBJECT_THREAD,
                                             OBJECT_SYSTEM,    OBJECT_PORTS, OBJECT_POOL};
    for (uint32_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct object_info info;
        memset(&info, 0, sizeof info);
        tap_check_result(sys_handle_info(i + 1, &info), 0, "handle_info");
        tap_check_equal(info.type, types[i], "type of handle %u", (unsigned)i + 1);
        tap_check_equal(info.rights, RIGHTS_ALL, "rights of handle %u", (unsigned)i + 1);
    }
    tap_point("the first partition's handles are the documented ones");
}

static void closed_twice(handle_t event) {
    struct object_info info, again;
    int64_t handle = tap_need(sys_handle_duplicate(event, RIGHTS_SAME, 0), "duplicate");
    tap_check_result(sys_handle_close((handle_t)handle), 0, "first close");
    tap_check_result(sys_handle_close((handle_t)handle), -STATUS_BAD_HANDLE, "second close");
    tap_check_result(sys_event_signal((handle_t)handle, 1), -STATUS_BAD_HANDLE, "use after it");
    memset(&info, 0, sizeof info);
    memset(&again, 0, sizeof again);
    int64_t one = sys_handle_duplicate(event, RIGHTS_SAME, 0);
    int64_t two = sys_handle_duplicate(event, RIGHTS_SAME, 0);
    sys_handle_info((handle_t)one, &info);
    sys_handle_close((handle_t)one);
    tap_check_result(sys_handle_info((handle_t)two, &again), 0, "the other handle lives on");
    tap_check_equal(again.id, info.id, "both named the same object");
    sys_handle_close((handle_t)two);
    tap_point("a handle is closed once; others to the same object live on");
}

static void rights_only_shrink(handle_t event) {
    for (uint32_t bit = 0; bit < 13; bit++) {
        uint32_t right = 1u << bit;
        struct object_info info;
        memset(&info, 0, sizeof info);
        int64_t weak = sys_handle_duplicate(event, right | RIGHT_DUPLICATE, 0);
        if (tap_need(weak, "duplicate with few rights") < 0)
            continue;
        sys_handle_info((handle_t)weak, &info);
        tap_check_equal(info.rights, right | RIGHT_DUPLICATE, "rights of the copy");
        for (uint32_t other = 0; other < 32; other++) {
            bool is_more = (1u << other & ~(right | RIGHT_DUPLICATE)) != 0;
            int64_t copy = sys_handle_duplicate((handle_t)weak, 1u << other, 0);
            tap_check(is_more ? copy == -STATUS_BAD_RIGHTS : copy > 0,
                      "right %#x from rights %#x: %lld", 1u << other, right | RIGHT_DUPLICATE,
                      (long long)copy);
            if (copy > 0)
                sys_handle_close((handle_t)copy);
        }
        int64_t same = sys_handle_duplicate((handle_t)weak, RIGHTS_SAME, 0);
        memset(&info, 0, sizeof info);
        sys_handle_info((handle_t)same, &info);
        tap_check_equal(info.rights, right | RIGHT_DUPLICATE, "RIGHTS_SAME");
        sys_handle_close((handle_t)same);
        sys_handle_close((handle_t)weak);
    }
    tap_point("copies never have a right that the original lacks");
}

static void badges(handle_t event) {
    int64_t badged = sys_handle_duplicate(event, RIGHTS_SAME, 0x6);
    if (tap_need(badged, "badge") >= 0) {
        struct object_info info;
        memset(&info, 0, sizeof info);
        sys_handle_info((handle_t)badged, &info);
        tap_check_equal(info.badge, 0x6, "badge");
        tap_check_result(sys_handle_duplicate((handle_t)badged, RIGHTS_SAME, 1), -STATUS_INVALID,
                         "a badge on a badged handle");
        int64_t copy = sys_handle_duplicate((handle_t)badged, RIGHTS_SAME, 0);
        sys_event_wait(event, INT64_MAX, DEADLINE_NOW);
        tap_check_result(sys_event_signal((handle_t)copy, UINT64_MAX), 0, "signal all bits");
        tap_check_result(sys_event_wait(event, INT64_MAX, DEADLINE_NOW), 0x6,
                         "only the badge's bits arrive, through a copy too");
        sys_handle_close((handle_t)copy);
        sys_handle_close((handle_t)badged);
    }
    tap_point("a badge limits what a handle can signal, and stays with its copies");
}

/* argument: an event handle with SIGNAL only, one with a badge. */
static void child_uses_what_it_got(volatile struct board *board) {
    handle_t signal_only = (handle_t)board->argument[0];
    handle_t badged = (handle_t)board->argument[1];
    struct object_info info;
    board->value[0] = (uint64_t)sys_event_wait(signal_only, 1, DEADLINE_NOW);
    board->value[1] = (uint64_t)sys_handle_duplicate(signal_only, RIGHTS_SAME, 0);
    board->value[2] = (uint64_t)sys_event_signal(signal_only, 0x10);
    board->value[3] = (uint64_t)sys_event_signal(badged, 0xff00);
    uint64_t count = 0;
    for (uint32_t handle = 0; handle < TABLE_END; handle++)
        count += sys_handle_info(handle, &info) == 0;
    board->value[4] = count;
    sys_partition_exit(0);
}

static void granting(handle_t event) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    int64_t badged = tap_need(sys_handle_duplicate(event, RIGHTS_SAME, 0x500), "badge");
    child.board->argument[0] = child_give(&child, event, RIGHT_SIGNAL);
    child.board->argument[1] = child_give(&child, (handle_t)badged, RIGHT_SIGNAL);
    sys_event_wait(event, INT64_MAX, DEADLINE_NOW);
    if (child_start(&child, child_uses_what_it_got)) {
        struct partition_info info = child_await_end(&child);
        tap_check_equal(info.state, PARTITION_STOPPED, "the child's state");
        tap_check_result((int64_t)child.board->value[0], -STATUS_BAD_RIGHTS, "wait without WAIT");
        tap_check_result((int64_t)child.board->value[1], -STATUS_BAD_RIGHTS, "no DUPLICATE");
        tap_check_result((int64_t)child.board->value[2], 0, "signal");
        tap_check_result((int64_t)child.board->value[3], 0, "signal with a badge");
        tap_check_result(sys_event_wait(event, INT64_MAX, DEADLINE_NOW), 0x510, "what arrived");
        tap_check_equal(child.board->value[4], info.handle_count, "handles that the child finds");
    }
    sys_handle_close((handle_t)badged);
    tap_point("a granted handle works with exactly the rights that were granted");

    uint32_t given = (uint32_t)child.board->argument[0];
    int64_t taken = sys_handle_take(child.partition, given, RIGHTS_SAME);
    struct object_info info, own;
    memset(&info, 0, sizeof info);
    memset(&own, 1, sizeof own);
    sys_handle_info(event, &own);
    if (tap_need(taken, "handle_take") >= 0) {
        sys_handle_info((handle_t)taken, &info);
        tap_check_equal(info.id, own.id, "it is the same object");
        tap_check_equal(info.rights, RIGHT_SIGNAL, "its rights");
        sys_handle_close((handle_t)taken);
    }
    tap_check_result(sys_handle_take(child.partition, given, RIGHTS_ALL), -STATUS_BAD_RIGHTS,
                     "take more than it has");
    tap_check_result(sys_handle_take(child.partition, 0, RIGHTS_SAME), -STATUS_BAD_HANDLE,
                     "take handle 0");
    tap_check_result(sys_handle_take(child.partition, TABLE_END, RIGHTS_SAME), -STATUS_BAD_HANDLE,
                     "take what is not there");
    tap_point("handle_take finds what a partition holds, with no more rights");
    child_destroy(&child);
}

static void gone_with_their_owner(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    int64_t event = tap_need(sys_event_create(child.partition), "event of the child");
    int64_t region = tap_need(sys_region_create(child.partition, PAGE_SIZE), "region of the child");
    int64_t partition = sys_handle_duplicate(child.partition, RIGHTS_SAME, 0);
    struct object_info info;
    tap_check_result(sys_partition_destroy(child.partition), 0, "destroy");
    tap_check_result(sys_handle_info((handle_t)event, &info), -STATUS_BAD_HANDLE, "event");
    tap_check_result(sys_handle_info((handle_t)region, &info), -STATUS_BAD_HANDLE, "region");
    tap_check_result(sys_handle_info((handle_t)partition, &info), -STATUS_BAD_HANDLE, "partition");
    tap_check_result(sys_handle_info(child.space, &info), -STATUS_BAD_HANDLE, "space");
    child.partition = child.space = 0;
    child_destroy(&child);
    tap_point("handles to what a destroyed partition owned are closed everywhere");
}

/* What every partition finds at its start: see HANDLE_PARTITION and those that follow. */
static void child_looks_for_itself(volatile struct board *board) {
    static const enum object_type types[] = {OBJECT_PARTITION, OBJECT_SPACE, OBJECT_THREAD};
    for (uint32_t i = 0; i < 3; i++) {
        struct object_info info = {0};
        board->value[i] = sys_handle_info(i + 1, &info) == 0 && info.type == types[i];
    }
    board->value[3] = (uint64_t)sys_event_create(HANDLE_PARTITION);
    board->value[4] = (uint64_t)sys_space_unmap(HANDLE_SPACE, CHILD_WINDOW, PAGE_SIZE);
    struct thread_state state;
    board->value[5] = (uint64_t)sys_thread_get_state(HANDLE_THREAD, &state);
    sys_partition_exit(0);
}

static void a_partition_finds_itself(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_map(&child, CHILD_WINDOW, PAGE_SIZE, MAP_READ, NULL) &&
        child_start(&child, child_looks_for_itself)) {
        child_await_end(&child);
        for (uint32_t i = 0; i < 3; i++)
            tap_check(child.board->value[i] == 1, "handle %u", (unsigned)i + 1);
        tap_check((int64_t)child.board->value[3] > 0, "it can create an event");
        tap_check((int64_t)child.board->value[4] == 0, "it can unmap in its space");
        tap_check((int64_t)child.board->value[5] == 0, "it can look at its thread");
    }
    tap_point("a partition finds handles to itself, its space and its first thread");
    child_destroy(&child);
}

void test_handles(void) {
    only_what_was_given();
    fixed_handles();
    int64_t event = sys_event_create(HANDLE_PARTITION);
    if (tap_need(event, "event") >= 0) {
        closed_twice((handle_t)event);
        rights_only_shrink((handle_t)event);
        badges((handle_t)event);
        granting((handle_t)event);
        sys_handle_close((handle_t)event);
    }
    gone_with_their_owner();
    a_partition_finds_itself();
}
