/* Child partitions. Keeps a table of boards; everything else belongs to the caller. */
#include "tests/kernel/child.h"

#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/elf_program.h"
#include "guests/lib/map.h"
#include "tests/kernel/tap.h"

#define MODULE "manager" /* the suite's own file */
#define SLEEP  (1ull << 62)

static struct {
    struct elf_program elf;
    handle_t file;   /* the module */
    handle_t boards; /* one page each */
    struct board *board;
    handle_t event;
    bool is_used[CHILD_LIMIT];
} children;

static bool open_own_file(void) {
    struct module_info info = {0};
    for (uint32_t i = 0;; i++) {
        int64_t module = sys_system_open_module(HANDLE_SYSTEM, i, &info);
        if (tap_need(module, "own file among the boot modules") < 0)
            return false;
        if (strcmp(info.name, MODULE) == 0) {
            children.file = (handle_t)module;
            break;
        }
        sys_handle_close((handle_t)module);
    }
    void *file;
    if (tap_need(map_region(children.file, 0, info.length, MAP_READ, &file), "map own file") < 0)
        return false;
    const char *fault = elf_program_read(file, info.length, CHILD_BOARD, &children.elf);
    map_undo(file);
    return tap_check(fault == NULL, "own file: %s", fault);
}

bool child_setup(void) {
    if (!open_own_file())
        return false;
    int64_t boards = sys_region_create(HANDLE_PARTITION, CHILD_LIMIT * sizeof(struct board));
    int64_t event = sys_event_create(HANDLE_PARTITION);
    if (tap_need(boards, "boards") < 0 || tap_need(event, "event") < 0)
        return false;
    children.boards = (handle_t)boards;
    children.event = (handle_t)event;
    void *address;
    int64_t result = map_region(children.boards, 0, CHILD_LIMIT * sizeof(struct board),
                                MAP_READ | MAP_WRITE, &address);
    children.board = address;
    return tap_need(result, "map the boards") >= 0;
}

handle_t child_boards(void) {
    return children.boards;
}

handle_t child_event(void) {
    return children.event;
}

static bool take_slot(struct child *child) {
    for (uint32_t i = 0; i < CHILD_LIMIT; i++)
        if (!children.is_used[i]) {
            children.is_used[i] = true;
            child->slot = i;
            child->board = &children.board[i];
            memset(&children.board[i], 0, sizeof(struct board));
            sys_event_wait(children.event, 1ull << i, DEADLINE_NOW);
            return true;
        }
    return tap_check(false, "too many children");
}

/* Code and constants, straight from the file. */
static int64_t map_image(const struct child *child) {
    for (uint32_t i = 0; i < children.elf.segment_count; i++) {
        const struct elf_segment *segment = &children.elf.segment[i];
        if ((segment->flags & MAP_WRITE) != 0)
            continue;
        int64_t result = sys_space_map(child->space, children.file,
                                       segment->file_offset - segment->data_offset,
                                       segment->address, segment->size, segment->flags);
        if (result < 0)
            return result;
    }
    return sys_space_map(child->space, children.boards, child->slot * sizeof(struct board),
                         CHILD_BOARD, sizeof(struct board), MAP_READ | MAP_WRITE);
}

bool child_create_with(struct child *child, const struct partition_config *limits) {
    *child = (struct child){0};
    if (!take_slot(child))
        return false;
    struct partition_config config = *limits;
    snprintf(config.name, sizeof config.name, "child%u", (unsigned)child->slot);
    config.event = children.event;
    config.event_bits = 1ull << child->slot;
    int64_t result = sys_partition_create(HANDLE_PARTITION, &config);
    child->partition = result < 0 ? 0 : (handle_t)result;
    if (result >= 0)
        result = sys_space_create(child->partition, SPACE_PROGRAM);
    child->space = result < 0 ? 0 : (handle_t)result;
    if (result >= 0)
        result = map_image(child);
    if (tap_need(result, "create a child") >= 0)
        return true;
    child_destroy(child);
    return false;
}

bool child_create(struct child *child, uint64_t quota) {
    const struct partition_config config = {.memory_quota = quota};
    return child_create_with(child, &config);
}

bool child_map(struct child *child, uint64_t address, uint64_t size, uint32_t flags, void **here) {
    int64_t region = sys_region_create(child->partition, size);
    if (tap_need(region, "memory for a child") < 0)
        return false;
    int64_t result = sys_space_map(child->space, (handle_t)region, 0, address, size, flags);
    if (result >= 0 && here != NULL)
        result = map_region((handle_t)region, 0, size, MAP_READ | MAP_WRITE, here);
    sys_handle_close((handle_t)region);
    return tap_need(result, "map memory of a child") >= 0;
}

bool child_thread(struct child *child, child_function function, uint64_t argument, uint32_t cpu,
                  uint32_t flags, uint64_t thread_pointer) {
    uint64_t top = CHILD_STACKS + (child->thread_count + 1) * (uint64_t)CHILD_STACK_STEP;
    if (!tap_check(child->thread_count < CHILD_THREAD_LIMIT, "too many threads in a child") ||
        !child_map(child, top - CHILD_STACK_SIZE, CHILD_STACK_SIZE, MAP_READ | MAP_WRITE, NULL))
        return false;
    const struct thread_config config = {
        .entry = (uint64_t)(uintptr_t)function,
        .stack = top - 8, /* as behind a call */
        .argument = argument != 0 ? argument : CHILD_BOARD,
        .thread_pointer = thread_pointer,
        .cpu = cpu,
        .flags = flags,
    };
    int64_t thread = sys_thread_create(child->partition, child->space, &config);
    if (tap_need(thread, "thread in a child") < 0)
        return false;
    if (child->thread != 0)
        sys_handle_close(child->thread);
    child->thread = (handle_t)thread;
    child->thread_count++;
    return true;
}

bool child_start(struct child *child, child_function function) {
    return child_thread(child, function, 0, THREAD_ANY_CPU, 0, 0);
}

handle_t child_give(struct child *child, handle_t handle, uint32_t rights) {
    int64_t theirs = tap_need(sys_handle_grant(child->partition, handle, rights), "give a handle");
    return theirs < 0 ? 0 : (handle_t)theirs;
}

struct partition_info child_info(const struct child *child) {
    struct partition_info info;
    memset(&info, 0, sizeof info);
    tap_need(sys_partition_info(child->partition, &info), "partition_info");
    return info;
}

static bool has_ended(const struct partition_info *info) {
    return info->state == PARTITION_STOPPED || info->state == PARTITION_FAULTED;
}

struct partition_info child_await_end(const struct child *child) {
    uint64_t deadline = clock_now_ns() + CHILD_PATIENCE_NS;
    struct partition_info info = child_info(child);
    while (!has_ended(&info) && clock_now_ns() < deadline) {
        sys_event_wait(children.event, 1ull << child->slot, deadline);
        info = child_info(child);
    }
    return info;
}

bool child_await_value(const volatile uint64_t *value, uint64_t wanted) {
    uint64_t deadline = clock_now_ns() + CHILD_PATIENCE_NS;
    while (*value < wanted) {
        if (clock_now_ns() > deadline)
            return false;
        sys_thread_yield();
    }
    return true;
}

void child_destroy(struct child *child) {
    if (child->thread != 0)
        sys_handle_close(child->thread);
    if (child->space != 0)
        sys_handle_close(child->space);
    if (child->partition != 0) {
        tap_need(sys_partition_destroy(child->partition), "destroy a child");
        sys_handle_close(child->partition);
    }
    if (child->board != NULL)
        children.is_used[child->slot] = false;
    *child = (struct child){0};
}

int64_t child_run(child_function function, uint64_t first_argument) {
    struct child child;
    int64_t result = -1;
    if (!child_create(&child, CHILD_QUOTA))
        return -1;
    child.board->argument[0] = first_argument;
    if (child_start(&child, function)) {
        struct partition_info info = child_await_end(&child);
        if (info.state == PARTITION_STOPPED)
            result = info.exit_code;
    }
    child_destroy(&child);
    return result;
}

void child_sleep(uint64_t ns) {
    sys_event_wait(children.event, SLEEP, clock_now_ns() + ns);
}
