/*
 * The manager gets every page that is free and handles to the system. When it faults, its threads
 * and its program space go, and a fresh copy starts in the same partition: what it had given to
 * others (console rings, events) stays alive as long as they use it.
 */
#include "kernel/manager.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/elf.h"
#include "kernel/frame.h"
#include "kernel/interrupt.h"
#include "kernel/log.h"
#include "kernel/module.h"
#include "kernel/partition.h"
#include "kernel/ports.h"
#include "kernel/region.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/system.h"
#include "kernel/thread.h"
#include "kernel/timer.h"

#define MODULE               "manager"
#define STACK_SIZE           0x20000ull
#define STACK_END            (SPACE_PROGRAM_END - 0x10000ull)
#define KERNEL_RESERVE_PAGES 256u /* for the kernel's own objects */
#define RESTART_LIMIT        5u
#define RESTART_DELAY_NS     100000000ull

static struct ports all_ports = {.first = 0, .count = 0x10000};
static struct timer restart_timer;
static uint32_t restarts;

static void must(enum status status, const char *what) {
    if (status != STATUS_OK)
        kernel_panic(NULL, "the manager cannot start: %s (error %d)", what, (int)status);
}

static void clear_all(struct region *region) {
    while (!region_clear_some(region))
        ;
}

/* Copies into a region of the kernel's making. */
static void fill(struct region *region, const char *from, uint64_t length) {
    uint64_t offset = 0;
    while (offset < length) {
        uint64_t run;
        char *to = arch_memory_at(region_physical(region, offset, &run));
        if (run > length - offset)
            run = length - offset;
        memcpy(to, from + offset, run);
        offset += run;
    }
}

static void map_new(struct space *space, uint64_t address, uint64_t size, uint32_t flags,
                    const char *contents, uint64_t contents_length) {
    struct region *region;
    size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    must(region_create(manager_partition, size, &region), "no memory for its program");
    clear_all(region);
    fill(region, contents, contents_length);
    must(space_map(space, region, 0, address, size, flags), "its segments overlap");
    object_put(&region->object); /* the mapping counts on it */
}

static uint64_t load_program(struct space *space) {
    uint64_t length, entry;
    const char *file = module_find(MODULE, &length);
    if (file == NULL)
        kernel_panic(NULL, "the manager cannot start: there is no file \\bulkhead\\" MODULE
                           " on the boot volume; put it there");
    const char *error = elf_check(file, length, &entry);
    if (error != NULL)
        kernel_panic(NULL, "the manager cannot start: \\bulkhead\\" MODULE ": %s", error);
    for (uint32_t i = 0; i < elf_segment_count(file); i++) {
        struct elf_segment segment = elf_segment(file, i);
        map_new(space, segment.address, segment.memory_size, segment.flags,
                file + segment.file_offset, segment.file_size);
    }
    map_new(space, STACK_END - STACK_SIZE, STACK_SIZE, MAP_READ | MAP_WRITE, NULL, 0);
    return entry;
}

static void give_handle(struct object *object, handle_t expected) {
    handle_t handle;
    must(handle_insert(manager_partition, object, RIGHTS_ALL, 0, &handle), "no handles");
    if (handle != expected)
        kernel_panic(NULL, "the manager's handles are out of order");
}

/* A fresh program in the (empty) manager partition. */
static void launch(void) {
    struct space *space;
    must(space_create(manager_partition, SPACE_PROGRAM, &space), "no memory for its space");
    struct thread_config config = {
        .entry = load_program(space),
        .stack = STACK_END - 16,
        .cpu = 0,
        .flags = THREAD_SUSPENDED,
    };
    struct thread *thread;
    must(thread_create(manager_partition, space, &config, &thread), "no memory for its thread");
    give_handle(&system_object, HANDLE_SYSTEM);
    give_handle(&all_ports.object, HANDLE_PORTS);
    give_handle(&pool_object, HANDLE_POOL);
    object_put(&space->object);
    object_put(&thread->object);
    thread_start(thread);
}

/* Runs on a kernel path of CPU 0 with no lock held. */
static void restart(struct timer *timer) {
    if (!kernel_lock_acquire_unless_held()) {
        timer_start(timer, cpu_self(), arch_ticks() + clock_ns_to_ticks(RESTART_DELAY_NS));
        return;
    }
    log_line("the manager starts anew; running partitions run on");
    partition_empty(manager_partition);
    object_reap();
    manager_partition->state = PARTITION_CREATED;
    launch();
    object_reap();
    kernel_lock_release();
}

void manager_restart_later(void) {
    if (++restarts > RESTART_LIMIT)
        kernel_panic(NULL, "the manager has failed %u times", restarts);
    timer_start(&restart_timer, cpus[0], arch_ticks() + clock_ns_to_ticks(RESTART_DELAY_NS));
}

void manager_start(void) {
    object_init_static(&all_ports.object, OBJECT_PORTS);
    timer_init(&restart_timer, restart);
    struct partition_config config = {
        .name = "manager",
        .memory_quota = (frame_free_count() - KERNEL_RESERVE_PAGES) * PAGE_SIZE,
        .handle_limit = HANDLE_PAGE_LIMIT * HANDLE_PAGE_ENTRIES,
    };
    must(partition_create(&kernel_partition, &config, &manager_partition), "no memory");
    launch();
}
