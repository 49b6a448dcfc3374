/* The documented errors that are neither handles nor pointers, call by call. */
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "tests/kernel/objects.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define WANT(result, status) tap_check_result((result), -(int64_t)(status), "%s", #result)

static void partitions(struct objects *objects) {
    handle_t child = objects->handle[OBJECT_PARTITION];
    struct partition_config good = {.name = "arguments", .memory_quota = 0x10000};
    struct partition_config config = good;
    struct partition_info info;

    strcpy(config.name, "child0");
    memset(&info, 0, sizeof info);
    sys_partition_info(child, &info);
    memcpy(config.name, info.name, sizeof config.name);
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_EXISTS);
    static const char *const names[] = {"", "Upper", "with space", "sl/ash", "\x80", "new\nline"};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        memset(config.name, 0, sizeof config.name);
        strcpy(config.name, names[i]);
        tap_check_result(sys_partition_create(HANDLE_PARTITION, &config), -STATUS_INVALID,
                         "partition_create: name %u", (unsigned)i);
    }
    memset(config.name, 'a', sizeof config.name); /* without its end */
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_INVALID);
    config = good;
    config.memory_quota = 0x10001;
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_INVALID);
    config.memory_quota = UINT64_MAX & ~(PAGE_SIZE - 1);
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_QUOTA);
    config.memory_quota = info.memory_quota;
    WANT(sys_partition_create(child, &config), STATUS_QUOTA);
    config = good;
    config.weight = 65536;
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_INVALID);
    config = good;
    config.cap = UINT32_MAX;
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_INVALID);
    config = good;
    config.handle_limit = UINT32_MAX;
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_INVALID);
    config = good;
    config.event = 0x7fffffff;
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_BAD_HANDLE);
    config.event = HANDLE_PARTITION;
    WANT(sys_partition_create(HANDLE_PARTITION, &config), STATUS_BAD_HANDLE);
    WANT(sys_partition_destroy(HANDLE_PARTITION), STATUS_DENIED);
    WANT(sys_partition_list(HANDLE_SYSTEM, UINT64_MAX, &info), STATUS_NOT_FOUND);
    tap_point("partitions: documented errors");
}

static void threads(struct objects *objects) {
    struct child *child = &objects->child;
    const struct thread_config good = {
        .entry = 0x400000, .stack = 0x400000, .cpu = THREAD_ANY_CPU, .flags = THREAD_SUSPENDED};
    struct thread_config config = good;
    config.entry = SPACE_PROGRAM_END;
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config.entry = UINT64_MAX;
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config = good;
    config.stack = 0xffff800000000000ull;
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config = good;
    config.thread_pointer = 0xffffffff80000000ull;
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config.thread_pointer = 0x8000000000000000ull; /* not canonical: loading it would fault */
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config = good;
    config.cpu = suite.cpu_count;
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config.cpu = UINT32_MAX - 1;
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config = good;
    config.flags = 2;
    WANT(sys_thread_create(child->partition, child->space, &config), STATUS_INVALID);
    config = good;
    WANT(sys_thread_create(child->partition, HANDLE_SPACE, &config), STATUS_INVALID);
    if (objects->handle[OBJECT_GUEST] != 0) {
        int64_t guest_space = sys_space_create(child->partition, SPACE_GUEST);
        if (tap_need(guest_space, "guest space") >= 0) {
            WANT(sys_thread_create(child->partition, (handle_t)guest_space, &config),
                 STATUS_INVALID);
            sys_handle_close((handle_t)guest_space);
        }
    }
    WANT(sys_thread_resume(child->thread), STATUS_OK);
    child_await_end(child);
    WANT(sys_thread_resume(child->thread), STATUS_BAD_STATE);
    WANT(sys_thread_create(child->partition, child->space, &good), STATUS_BAD_STATE);
    WANT(sys_partition_pause(child->partition), STATUS_BAD_STATE);
    WANT(sys_partition_resume(child->partition), STATUS_BAD_STATE);
    tap_point("threads: documented errors");
}

static void memory(const struct objects *objects) {
    handle_t partition = objects->handle[OBJECT_PARTITION];
    handle_t space = objects->handle[OBJECT_SPACE];
    handle_t region = objects->handle[OBJECT_REGION];
    WANT(sys_space_create(partition, SPACE_DEVICE + 1), STATUS_INVALID);
    WANT(sys_space_create(partition, UINT32_MAX), STATUS_INVALID);
    WANT(sys_region_create(partition, 0), STATUS_INVALID);
    WANT(sys_region_create(partition, 1), STATUS_INVALID);
    WANT(sys_region_create(partition, PAGE_SIZE + 1), STATUS_INVALID);
    WANT(sys_region_create(partition, UINT64_MAX), STATUS_INVALID);
    WANT(sys_region_create(partition, UINT64_MAX & ~(PAGE_SIZE - 1)), STATUS_QUOTA);
    WANT(sys_region_create(partition, 1ull << 63), STATUS_QUOTA);
    WANT(sys_region_create(HANDLE_PARTITION, 1ull << 46), STATUS_QUOTA);

    const uint64_t at = 0x30000000;
    const uint32_t rw = MAP_READ | MAP_WRITE;
    WANT(sys_space_map(space, region, 0, at, PAGE_SIZE, rw | MAP_EXECUTE), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, at, PAGE_SIZE, 0), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, at, PAGE_SIZE, rw | 0x8), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, at, PAGE_SIZE, rw | 0x80000000u), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, at, 0, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, at, 1, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, 1, at, PAGE_SIZE, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, at + 1, PAGE_SIZE, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, at, 2 * PAGE_SIZE, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, PAGE_SIZE, at, PAGE_SIZE, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, UINT64_MAX & ~(PAGE_SIZE - 1), at, 2 * PAGE_SIZE, rw),
         STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, 0, PAGE_SIZE, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, SPACE_PROGRAM_END, PAGE_SIZE, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, 0xffff800000000000ull, PAGE_SIZE, rw), STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, UINT64_MAX & ~(PAGE_SIZE - 1), PAGE_SIZE, rw),
         STATUS_INVALID);
    WANT(sys_space_map(space, region, 0, CHILD_BOARD, PAGE_SIZE, rw), STATUS_EXISTS);
    WANT(sys_space_unmap(space, at, PAGE_SIZE), STATUS_NOT_FOUND);
    WANT(sys_space_unmap(space, at, 0), STATUS_INVALID);
    WANT(sys_space_unmap(space, at + 1, PAGE_SIZE), STATUS_INVALID);
    WANT(sys_space_unmap(space, at, 1), STATUS_INVALID);
    WANT(sys_space_unmap(space, 0xffffffff80000000ull, PAGE_SIZE), STATUS_INVALID);
    WANT(sys_space_unmap(space, CHILD_BOARD, 2 * PAGE_SIZE), STATUS_NOT_FOUND);
    tap_point("spaces and regions: documented errors");
}

static void events_and_ports(const struct objects *objects) {
    handle_t event = objects->handle[OBJECT_EVENT];
    handle_t thread = objects->handle[OBJECT_THREAD];
    WANT(sys_event_wait(event, 0, DEADLINE_NOW), STATUS_INVALID);
    WANT(sys_event_wait(event, 1ull << 63, DEADLINE_NOW), STATUS_INVALID);
    WANT(sys_event_wait(event, UINT64_MAX, DEADLINE_NOW), STATUS_INVALID);
    WANT(sys_event_wait(event, 1, DEADLINE_NOW), STATUS_TIMED_OUT);
    WANT(sys_event_wait(event, 1, 1), STATUS_TIMED_OUT); /* long ago */

    WANT(sys_ports_create(HANDLE_PORTS, 0x2f8, 0), STATUS_INVALID);
    WANT(sys_ports_create(HANDLE_PORTS, 0xffff, 2), STATUS_INVALID);
    WANT(sys_ports_create(HANDLE_PORTS, 0x10000, 1), STATUS_INVALID);
    WANT(sys_ports_create(HANDLE_PORTS, UINT32_MAX, 2), STATUS_INVALID);
    WANT(sys_ports_create(HANDLE_PORTS, 0x20, 2), STATUS_DENIED); /* the PIC */
    WANT(sys_ports_create(HANDLE_PORTS, 0, 0x10000), STATUS_DENIED);
    WANT(sys_ports_open(HANDLE_PORTS, thread), STATUS_DENIED);
    int64_t ports = sys_ports_create(HANDLE_PORTS, 0x2f8, 8);
    if (tap_need(ports, "ports") >= 0) {
        WANT(sys_ports_create((handle_t)ports, 0x2f7, 2), STATUS_INVALID);
        WANT(sys_ports_create((handle_t)ports, 0x2ff, 2), STATUS_INVALID);
        WANT(sys_ports_open((handle_t)ports, thread), STATUS_OK);
        WANT(sys_ports_open((handle_t)ports, thread), STATUS_EXISTS);
        sys_handle_close((handle_t)ports);
    }
    /* Seven more ranges, and no eighth. */
    for (uint32_t i = 0; i < 8; i++) {
        ports = sys_ports_create(HANDLE_PORTS, 0x5000 + 2 * i, 1);
        if (tap_need(ports, "ports") < 0)
            continue;
        tap_check_result(sys_ports_open((handle_t)ports, thread), i < 7 ? 0 : -STATUS_QUOTA,
                         "ports_open: range %u of a thread", (unsigned)i + 2);
        sys_handle_close((handle_t)ports);
    }
    tap_point("events and ports: documented errors");
}

static void system_calls(const struct objects *objects) {
    char buffer[512];
    struct module_info module;
    handle_t event = objects->handle[OBJECT_EVENT];
    WANT(sys_interrupt_bind(HANDLE_SYSTEM, 16, 0, event, 1), STATUS_INVALID);
    WANT(sys_interrupt_bind(HANDLE_SYSTEM, UINT32_MAX, INTERRUPT_GLOBAL, event, 1), STATUS_INVALID);
    WANT(sys_interrupt_bind(HANDLE_SYSTEM, 4, 2, event, 1), STATUS_INVALID);
    WANT(sys_interrupt_acknowledge(HANDLE_SYSTEM, 9, 0), STATUS_NOT_FOUND);
    WANT(sys_system_open_module(HANDLE_SYSTEM, UINT32_MAX, &module), STATUS_NOT_FOUND);
    WANT(sys_system_log_position(HANDLE_SYSTEM, 2), STATUS_INVALID);
    WANT(sys_system_shutdown(HANDLE_SYSTEM, SHUTDOWN_HALT + 1, 0), STATUS_INVALID);
    WANT(sys_system_shutdown(HANDLE_SYSTEM, UINT32_MAX, 0), STATUS_INVALID);
    memset(buffer, 'x', sizeof buffer);
    WANT(sys_system_random(buffer, 257), STATUS_INVALID);
    WANT(sys_system_random(buffer, UINT64_MAX), STATUS_INVALID);
    WANT(sys_log_write(buffer, 257), STATUS_INVALID);
    WANT(sys_log_write(buffer, UINT64_MAX), STATUS_INVALID);
    WANT(sys_log_write(buffer, 0), STATUS_OK);
    if (!suite.has_guests) {
        struct guest_config config;
        memset(&config, 0, sizeof config);
        WANT(sys_guest_create(objects->handle[OBJECT_PARTITION], objects->handle[OBJECT_SPACE],
                              &config),
             STATUS_UNSUPPORTED);
        WANT(sys_space_create(objects->handle[OBJECT_PARTITION], SPACE_GUEST), STATUS_UNSUPPORTED);
    }
    tap_point("the system: documented errors");
}

void test_arguments(void) {
    struct objects objects;
    if (objects_make(&objects)) {
        partitions(&objects);
        memory(&objects);
        events_and_ports(&objects);
        system_calls(&objects);
        threads(&objects); /* ends the child */
        objects_drop(&objects);
    }
}
