/* The objects of the tests of arguments. */
#include "tests/kernel/objects.h"

#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define PLACEHOLDER_MASK 0xffff000000000000ull

static void never_runs(volatile struct board *board) {
    (void)board;
    sys_partition_exit(1);
}

static bool keep(struct objects *objects, enum object_type type, int64_t handle, const char *what) {
    if (tap_need(handle, what) < 0)
        return false;
    objects->handle[type] = (handle_t)handle;
    return true;
}

static bool make_page(struct objects *objects) {
    int64_t region = sys_region_create(HANDLE_PARTITION, PAGE_SIZE);
    if (tap_need(region, "region") < 0)
        return false;
    int64_t result = map_region((handle_t)region, 0, PAGE_SIZE, MAP_READ | MAP_WRITE,
                                &objects->page);
    if (result >= 0)
        result = map_region((handle_t)region, 0, PAGE_SIZE, MAP_READ, &objects->read_only);
    sys_handle_close((handle_t)region);
    return tap_need(result, "page for arguments") >= 0;
}

static bool make_guest(struct objects *objects) {
    if (!suite.has_guests)
        return true;
    int64_t space = sys_space_create(objects->child.partition, SPACE_GUEST);
    if (tap_need(space, "guest space") < 0)
        return false;
    struct guest_config config;
    memset(&config, 0, sizeof config);
    config.vcpu_limit = 1;
    int64_t guest = sys_guest_create(objects->child.partition, (handle_t)space, &config);
    sys_handle_close((handle_t)space);
    return keep(objects, OBJECT_GUEST, guest, "guest");
}

static bool make(struct objects *objects) {
    struct child *child = &objects->child;
    if (!child_create(child, 4 * CHILD_QUOTA) ||
        !child_thread(child, never_runs, 0, THREAD_ANY_CPU, THREAD_SUSPENDED, 0))
        return false;
    objects->handle[OBJECT_PARTITION] = child->partition;
    objects->handle[OBJECT_THREAD] = child->thread;
    objects->handle[OBJECT_SPACE] = child->space;
    objects->handle[OBJECT_SYSTEM] = HANDLE_SYSTEM;
    objects->handle[OBJECT_PORTS] = HANDLE_PORTS;
    objects->handle[OBJECT_POOL] = HANDLE_POOL;
    return keep(objects, OBJECT_REGION, sys_region_create(child->partition, PAGE_SIZE), "region") &&
           keep(objects, OBJECT_EVENT, sys_event_create(child->partition), "event") &&
           make_guest(objects) && make_page(objects);
}

bool objects_make(struct objects *objects) {
    memset(objects, 0, sizeof *objects);
    if (make(objects))
        return true;
    objects_drop(objects);
    return false;
}

void objects_drop(struct objects *objects) {
    static const enum object_type own[] = {OBJECT_REGION, OBJECT_EVENT, OBJECT_GUEST};
    for (uint32_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (objects->handle[own[i]] != 0)
            sys_handle_close(objects->handle[own[i]]);
    if (objects->page != NULL)
        map_undo(objects->page);
    if (objects->read_only != NULL)
        map_undo(objects->read_only);
    child_destroy(&objects->child);
}

static bool is_object(uint64_t argument) {
    return (argument & PLACEHOLDER_MASK) == ARGUMENT_OBJECT(0);
}

uint64_t objects_argument(const struct objects *objects, uint64_t argument) {
    if (is_object(argument))
        return objects->handle[argument & ~PLACEHOLDER_MASK];
    return argument == ARGUMENT_PAGE ? (uint64_t)(uintptr_t)objects->page : argument;
}

bool objects_have(const struct objects *objects, const uint64_t *arguments) {
    for (uint32_t i = 0; i < 6; i++)
        if (is_object(arguments[i]) && objects_argument(objects, arguments[i]) == 0)
            return false;
    return true;
}
