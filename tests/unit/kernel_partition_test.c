/* Partitions and what they own: quotas, handles, mappings, threads, events, and that destruction
 * returns every page. */
/* units: tests/fake/kernel.units */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "kernel/event.h"
#include "kernel/frame.h"
#include "kernel/partition.h"
#include "kernel/region.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/thread.h"
#include "tests/fake/fake_arch.h"

static struct partition *root;

static struct partition_config config_of(const char *name, uint64_t pages) {
    struct partition_config config = {.memory_quota = pages * PAGE_SIZE};
    strncpy(config.name, name, sizeof config.name - 1);
    return config;
}

static struct partition *make(const char *name, uint64_t pages) {
    struct partition_config config = config_of(name, pages);
    struct partition *partition = NULL;
    assert_int_equal(partition_create(root, &config, &partition), STATUS_OK);
    return partition;
}

static void destroy(struct partition *partition) {
    enum status status;
    do {
        status = partition_destroy(partition);
        object_reap();
    } while (status == STATUS_BUSY);
    assert_int_equal(status, STATUS_OK);
}

static int set_up(void **state) {
    (void)state;
    fake_start();
    struct partition_config config = config_of("root", 8000);
    assert_int_equal(partition_create(&kernel_partition, &config, &root), STATUS_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    object_reap();
    fake_stop();
    return 0;
}

static void refuses_impossible_configurations(void **state) {
    (void)state;
    struct partition *partition;
    struct partition_config config = config_of("", 10);
    assert_int_equal(partition_create(root, &config, &partition), STATUS_INVALID);
    config = config_of("Capital", 10);
    assert_int_equal(partition_create(root, &config, &partition), STATUS_INVALID);
    memset(config.name, 'a', sizeof config.name);
    assert_int_equal(partition_create(root, &config, &partition), STATUS_INVALID);
    config = config_of("a", 10);
    config.memory_quota++;
    assert_int_equal(partition_create(root, &config, &partition), STATUS_INVALID);
    config = config_of("a", 10);
    config.weight = 65536;
    assert_int_equal(partition_create(root, &config, &partition), STATUS_INVALID);
    config = config_of("a", 10);
    config.cap = 101; /* one CPU */
    assert_int_equal(partition_create(root, &config, &partition), STATUS_INVALID);
    config = config_of("root", 10);
    assert_int_equal(partition_create(root, &config, &partition), STATUS_EXISTS);
    config = config_of("a", 8001);
    assert_int_equal(partition_create(root, &config, &partition), STATUS_QUOTA);
    config = config_of("a", UINT64_MAX / PAGE_SIZE);
    assert_int_equal(partition_create(root, &config, &partition), STATUS_QUOTA);
    assert_int_equal(root->used_pages, 1); /* its handle table */
}

/* One of everything, shared with another partition, running threads included. */
static void fill(struct partition *partition, struct partition *peer) {
    struct space *space;
    struct region *region;
    struct event *event;
    struct thread *thread;
    handle_t handle;
    assert_int_equal(space_create(partition, SPACE_PROGRAM, &space), STATUS_OK);
    assert_int_equal(region_create(partition, 5 * PAGE_SIZE, &region), STATUS_OK);
    while (!region_clear_some(region))
        ;
    assert_int_equal(space_map(space, region, 0, 0x400000, 5 * PAGE_SIZE, MAP_READ), STATUS_OK);
    assert_int_equal(event_create(partition, &event), STATUS_OK);
    struct thread_config config = {.entry = 0x400000, .stack = 0x500000, .cpu = THREAD_ANY_CPU};
    assert_int_equal(thread_create(partition, space, &config, &thread), STATUS_OK);
    assert_int_equal(handle_insert(partition, &space->object, RIGHTS_ALL, 0, &handle), STATUS_OK);
    assert_int_equal(handle_insert(peer, &event->object, RIGHT_SIGNAL, 4, &handle), STATUS_OK);
    assert_int_equal(handle_insert(peer, &region->object, RIGHTS_ALL, 0, &handle), STATUS_OK);
    object_put(&space->object);
    object_put(&region->object);
    object_put(&event->object);
    object_put(&thread->object);
    object_reap();
}

static void destruction_returns_every_page(void **state) {
    (void)state;
    struct partition *peer = make("peer", 100);
    fill(peer, root);
    uint64_t frames = frame_free_count(), used = root->used_pages;
    uint64_t kernel = kernel_partition.kernel_pages, peer_used = peer->used_pages;
    for (int i = 0; i < 3000; i++) {
        struct partition *partition = make("victim", 200);
        fill(partition, peer);
        object_put(&partition->object);
        destroy(partition);
        assert_int_equal(frame_free_count(), frames);
        assert_int_equal(root->used_pages, used);
        assert_int_equal(kernel_partition.kernel_pages, kernel);
    }
    assert_int_equal(peer->used_pages, peer_used);
}

static void quota_is_a_wall(void **state) {
    (void)state;
    struct partition *small = make("small", 20);
    uint64_t frames = frame_free_count();
    struct region *region;
    assert_int_equal(region_create(small, 20 * PAGE_SIZE, &region), STATUS_QUOTA);
    assert_int_equal(region_create(small, 1ull << 60, &region), STATUS_QUOTA);
    assert_int_equal(region_create(small, 0, &region), STATUS_INVALID);
    assert_int_equal(region_create(small, 4095, &region), STATUS_INVALID);
    object_reap();
    assert_int_equal(small->used_pages, 1); /* its handle table */
    assert_int_equal(frame_free_count(), frames);
    /* Kernel objects count too: events until nothing is left, and root does not feel it. */
    uint64_t root_used = root->used_pages;
    struct event *event;
    int count = 0;
    while (event_create(small, &event) == STATUS_OK)
        count++;
    assert_true(count > 100 && count < 20 * 32);
    assert_int_equal(small->used_pages, 20);
    assert_int_equal(root->used_pages, root_used);
}

static void mapping_is_checked(void **state) {
    (void)state;
    struct partition *partition = make("maps", 100);
    struct space *space;
    struct region *region;
    assert_int_equal(space_create(partition, SPACE_DEVICE, &space), STATUS_UNSUPPORTED);
    assert_int_equal(space_create(partition, SPACE_PROGRAM, &space), STATUS_OK);
    assert_int_equal(region_create(partition, 4 * PAGE_SIZE, &region), STATUS_OK);
    const uint64_t at = 0x10000;
    static const struct {
        uint64_t offset, address, length;
        uint32_t flags;
        enum status expected;
    } row[] = {
        {0,                 0,                             PAGE_SIZE,     MAP_READ,                           STATUS_INVALID},
        {0,                 0x10001,                       PAGE_SIZE,     MAP_READ,                           STATUS_INVALID},
        {1,                 0x10000,                       PAGE_SIZE,     MAP_READ,                           STATUS_INVALID},
        {0,                 0x10000,                       PAGE_SIZE + 1, MAP_READ,                           STATUS_INVALID},
        {0,                 0x10000,                       0,             MAP_READ,                           STATUS_INVALID},
        {0,                 0x10000,                       5 * PAGE_SIZE, MAP_READ,                           STATUS_INVALID},
        {4 * PAGE_SIZE,     0x10000,                       PAGE_SIZE,     MAP_READ,                           STATUS_INVALID},
        {UINT64_MAX - 4095, 0x10000,                       2 * PAGE_SIZE, MAP_READ,                           STATUS_INVALID},
        {0,                 SPACE_PROGRAM_END,             PAGE_SIZE,     MAP_READ,                           STATUS_INVALID},
        {0,                 SPACE_PROGRAM_END - PAGE_SIZE, 2 * PAGE_SIZE, MAP_READ,                           STATUS_INVALID},
        {0,                 UINT64_MAX - 4095,             2 * PAGE_SIZE, MAP_READ,                           STATUS_INVALID},
        {0,                 0x10000,                       PAGE_SIZE,     MAP_WRITE,                          STATUS_INVALID},
        {0,                 0x10000,                       PAGE_SIZE,     MAP_READ | MAP_WRITE | MAP_EXECUTE, STATUS_INVALID},
        {0,                 0x10000,                       PAGE_SIZE,     MAP_READ | 0x100,                   STATUS_INVALID},
        {0,                 0x10000,                       2 * PAGE_SIZE, MAP_READ,                           STATUS_OK     },
        {0,                 0x11000,                       PAGE_SIZE,     MAP_READ,                           STATUS_EXISTS },
        {0,                 0xf000,                        2 * PAGE_SIZE, MAP_READ,                           STATUS_EXISTS },
        {0,                 0x12000,                       PAGE_SIZE,     MAP_READ,                           STATUS_OK     },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        assert_int_equal(space_map(space, region, row[i].offset, row[i].address, row[i].length,
                                   row[i].flags),
                         row[i].expected);
    assert_int_equal(space_unmap(space, at, PAGE_SIZE), STATUS_INVALID); /* cuts a mapping */
    assert_int_equal(space_unmap(space, at, 4 * PAGE_SIZE), STATUS_NOT_FOUND);
    uint32_t flushes = fake_flushes;
    assert_int_equal(space_unmap(space, at, 3 * PAGE_SIZE), STATUS_OK);
    assert_true(fake_flushes > flushes);
    assert_true(list_is_empty(&region->mappings));
}

static void handles_are_the_only_way(void **state) {
    (void)state;
    struct partition *partition = make("handles", 100);
    struct event *event;
    assert_int_equal(event_create(partition, &event), STATUS_OK);
    handle_t handle;
    assert_int_equal(handle_insert(partition, &event->object, RIGHT_SIGNAL, 6, &handle), STATUS_OK);
    struct handle_reference got;
    assert_int_equal(handle_lookup(partition, handle, OBJECT_EVENT, RIGHT_SIGNAL, &got), STATUS_OK);
    assert_ptr_equal(got.object, &event->object);
    assert_int_equal(got.badge, 6);
    assert_int_equal(handle_lookup(partition, handle, OBJECT_EVENT, RIGHT_WAIT, &got),
                     STATUS_BAD_RIGHTS);
    assert_int_equal(handle_lookup(partition, handle, OBJECT_REGION, 0, &got), STATUS_BAD_HANDLE);
    for (handle_t forged = 0; forged < 5000; forged++)
        if (forged != handle && forged != HANDLE_PARTITION)
            assert_int_equal(handle_lookup(partition, forged, OBJECT_NONE, 0, &got),
                             STATUS_BAD_HANDLE);
    assert_int_equal(handle_lookup(partition, UINT32_MAX, OBJECT_NONE, 0, &got), STATUS_BAD_HANDLE);
    assert_int_equal(handle_close(partition, handle), STATUS_OK);
    assert_int_equal(handle_close(partition, handle), STATUS_BAD_HANDLE);
    assert_int_equal(handle_lookup(partition, handle, OBJECT_NONE, 0, &got), STATUS_BAD_HANDLE);
}

static void handle_tables_have_a_limit(void **state) {
    (void)state;
    struct partition *partition = make("limit", 100);
    partition->handles.limit = 300;
    struct event *event;
    assert_int_equal(event_create(partition, &event), STATUS_OK);
    handle_t handle = 0;
    for (int i = 0; i < 299; i++) /* one names the partition itself */
        assert_int_equal(handle_insert(partition, &event->object, 0, 0, &handle), STATUS_OK);
    assert_int_equal(handle_insert(partition, &event->object, 0, 0, &handle), STATUS_QUOTA);
    handle_t last = handle;
    assert_int_equal(handle_close(partition, last), STATUS_OK);
    assert_int_equal(handle_insert(partition, &event->object, 0, 0, &handle), STATUS_OK);
    assert_int_equal(handle, last);
}

/* ---- threads and events, through the scheduler */

static struct thread *start_thread(struct partition *partition) {
    struct space *space;
    struct thread *thread;
    struct thread_config config = {.entry = 0x400000, .cpu = 0};
    assert_int_equal(space_create(partition, SPACE_PROGRAM, &space), STATUS_OK);
    assert_int_equal(thread_create(partition, space, &config, &thread), STATUS_OK);
    return thread;
}

static void call_sched_run(void *unused) {
    (void)unused;
    sched_run();
}

struct wait {
    struct thread *thread;
    struct event *event;
    uint64_t mask, deadline;
    int64_t result;
};

static void call_wait(void *argument) {
    struct wait *wait = argument;
    wait->result = event_wait(wait->thread, wait->event, wait->mask, wait->deadline);
}

static void events_wake_who_waits(void **state) {
    (void)state;
    struct partition *partition = make("events", 100);
    struct event *event;
    assert_int_equal(event_create(partition, &event), STATUS_OK);
    struct thread *thread = start_thread(partition);
    assert_ptr_equal(fake_run(call_sched_run, NULL), thread);

    event_signal(event, 5);
    struct wait wait = {thread, event, 4, DEADLINE_NEVER, 0};
    assert_null(fake_run(call_wait, &wait));
    assert_false(fake_went_idle());
    assert_int_equal(wait.result, 4); /* bit 0 stays */
    assert_int_equal(event->bits, 1);

    wait.deadline = DEADLINE_NOW;
    fake_run(call_wait, &wait);
    assert_int_equal(wait.result, -STATUS_TIMED_OUT);

    wait.deadline = DEADLINE_NEVER;
    fake_run(call_wait, &wait);
    assert_true(fake_went_idle());
    event_signal(event, 2); /* not wanted */
    assert_null(fake_run(call_sched_run, NULL));
    event_signal(event, 12);
    assert_ptr_equal(fake_run(call_sched_run, NULL), thread);
    assert_true(thread->arch.has_result);
    assert_int_equal(thread->arch.result, 4);
    assert_int_equal(event->bits, 1 | 2 | 8);
}

static void call_timer(void *unused) {
    (void)unused;
    kernel_timer_expired();
    sched_run();
}

static void deadlines_end_waits(void **state) {
    (void)state;
    struct partition *partition = make("deadline", 100);
    struct event *event;
    assert_int_equal(event_create(partition, &event), STATUS_OK);
    struct thread *thread = start_thread(partition);
    fake_run(call_sched_run, NULL);
    struct wait wait = {thread, event, 1, 5000, 0};
    fake_run(call_wait, &wait);
    assert_true(fake_went_idle());
    assert_int_equal(cpu_self()->arch.timer_deadline,
                     1000 + 5000); /* 1 ns a tick, started at 1,000 */
    fake_advance_ticks(4999);
    assert_null(fake_run(call_timer, NULL));
    fake_advance_ticks(1);
    assert_ptr_equal(fake_run(call_timer, NULL), thread);
    assert_int_equal(thread->arch.result, -STATUS_TIMED_OUT);
    /* A signal that comes first stops the timer: the next wait is not ended by the old deadline. */
    wait.deadline = 20000;
    fake_run(call_wait, &wait);
    event_signal(event, 1);
    assert_ptr_equal(fake_run(call_sched_run, NULL), thread);
    wait.deadline = DEADLINE_NEVER;
    fake_run(call_wait, &wait);
    fake_advance_ticks(100000);
    assert_null(fake_run(call_timer, NULL));
}

static void two_threads_take_turns(void **state) {
    (void)state;
    struct partition *partition = make("turns", 200);
    struct thread *first = start_thread(partition), *second = start_thread(partition);
    struct thread *running = fake_run(call_sched_run, NULL);
    assert_true(running == first || running == second);
    for (int i = 0; i < 10; i++) {
        fake_advance_ticks(10000000); /* a slice */
        struct thread *next = fake_run(call_timer, NULL);
        assert_true(next != running);
        assert_true(next == first || next == second);
        running = next;
    }
    assert_true(partition->cpu_ticks >= 90000000);
}

static struct event *idle_event;

static void interrupt_after_long(void) {
    fake_advance_ticks(1000000);
    event_signal(idle_event, 1);
}

/* The one thread of a CPU waits for long: the CPU idles meanwhile, at nobody's expense. */
static void idle_time_is_charged_to_nobody(void **state) {
    (void)state;
    struct partition *partition = make("idle", 100);
    assert_int_equal(event_create(partition, &idle_event), STATUS_OK);
    struct thread *thread = start_thread(partition);
    fake_run(call_sched_run, NULL);
    struct wait wait = {thread, idle_event, 1, DEADLINE_NEVER, 0};
    uint64_t idle_before = cpu_self()->idle_ticks;
    fake_on_idle = interrupt_after_long;
    assert_ptr_equal(fake_run(call_wait, &wait), thread);
    assert_int_equal(partition->cpu_ticks, 0);
    assert_int_equal(cpu_self()->idle_ticks - idle_before, 1000000);
}

static void paused_threads_do_not_run(void **state) {
    (void)state;
    struct partition *partition = make("pause", 100);
    struct thread *thread = start_thread(partition);
    assert_int_equal(partition_pause(partition), STATUS_OK);
    assert_null(fake_run(call_sched_run, NULL));
    assert_int_equal(partition_pause(partition), STATUS_OK);
    assert_int_equal(partition_resume(partition), STATUS_OK);
    assert_ptr_equal(fake_run(call_sched_run, NULL), thread);
    partition_stop(root, PARTITION_STOPPED, 3);
    assert_int_equal(root->exit_code, 3);
    assert_int_equal(partition_pause(root), STATUS_BAD_STATE);
}

static void destroyed_events_free_their_waiter(void **state) {
    (void)state;
    struct partition *partition = make("waiter", 100), *owner = make("owner", 100);
    struct event *event;
    assert_int_equal(event_create(owner, &event), STATUS_OK);
    handle_t handle;
    assert_int_equal(handle_insert(partition, &event->object, RIGHT_WAIT, 0, &handle), STATUS_OK);
    object_put(&event->object);
    struct thread *thread = start_thread(partition);
    fake_run(call_sched_run, NULL);
    struct wait wait = {thread, event, 1, DEADLINE_NEVER, 0};
    fake_run(call_wait, &wait);
    destroy(owner);
    assert_ptr_equal(fake_run(call_sched_run, NULL), thread);
    assert_int_equal(thread->arch.result, -STATUS_GONE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(refuses_impossible_configurations),
        TEST(destruction_returns_every_page),
        TEST(quota_is_a_wall),
        TEST(mapping_is_checked),
        TEST(handles_are_the_only_way),
        TEST(handle_tables_have_a_limit),
        TEST(events_wake_who_waits),
        TEST(deadlines_end_waits),
        TEST(two_threads_take_turns),
        TEST(idle_time_is_charged_to_nobody),
        TEST(paused_threads_do_not_run),
        TEST(destroyed_events_free_their_waiter),
    };
    return cmocka_run_group_tests_name("kernel/partition", tests, NULL, NULL);
}
