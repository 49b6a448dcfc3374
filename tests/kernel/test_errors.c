/*
 * Every argument of every call that is a handle: a handle that names nothing, something closed,
 * something of another type, more than 32 bits; and one that lacks exactly the right that is
 * needed.
 */
#include "abi/syscall_numbers.h"
#include "abi/syscalls.h"
#include "tests/kernel/objects.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define P         ARGUMENT_OBJECT(OBJECT_PARTITION)
#define T         ARGUMENT_OBJECT(OBJECT_THREAD)
#define S         ARGUMENT_OBJECT(OBJECT_SPACE)
#define R         ARGUMENT_OBJECT(OBJECT_REGION)
#define G         ARGUMENT_OBJECT(OBJECT_GUEST)
#define O         ARGUMENT_OBJECT(OBJECT_PORTS)
#define E         ARGUMENT_OBJECT(OBJECT_EVENT)
#define Y         ARGUMENT_OBJECT(OBJECT_SYSTEM)
#define PAGE      ARGUMENT_PAGE
#define SERIAL    0x2f8
#define ANYWHERE  0x30000000
#define RW        (MAP_READ | MAP_WRITE)
#define NO_HANDLE 0x7fffffffu

/* The argument at `index` needs `right`; type OBJECT_NONE: an object of any type will do. */
struct row {
    uint16_t call;
    uint8_t index;
    uint8_t type;
    uint32_t right;
    const char *name;
    uint64_t argument[6];
};

#define ROW(call, index, type, right, ...)                \
    {                                                     \
        SYS_##call, index, OBJECT_##type, right, #call, { \
            __VA_ARGS__                                   \
        }                                                 \
    }

/* The other arguments are such that nothing but the handle is wrong. */
static const struct row rows[] = {
    ROW(handle_duplicate, 0, NONE, RIGHT_DUPLICATE, E, RIGHTS_SAME, 0),
    ROW(handle_grant, 0, PARTITION, RIGHT_MANAGE, P, E, RIGHTS_SAME),
    ROW(handle_grant, 1, NONE, RIGHT_GRANT, P, E, RIGHTS_SAME),
    ROW(handle_info, 0, NONE, 0, E, PAGE),
    ROW(handle_take, 0, PARTITION, RIGHT_MANAGE, P, 1, RIGHTS_SAME),
    ROW(partition_create, 0, PARTITION, RIGHT_MANAGE, P, PAGE),
    ROW(partition_info, 0, PARTITION, RIGHT_READ, P, PAGE),
    ROW(partition_list, 0, SYSTEM, RIGHT_READ, Y, 0, PAGE),
    ROW(partition_set_limits, 0, PARTITION, RIGHT_MANAGE, P, PAGE),
    ROW(partition_pause, 0, PARTITION, RIGHT_CONTROL, P),
    ROW(partition_resume, 0, PARTITION, RIGHT_CONTROL, P),
    ROW(partition_stop, 0, PARTITION, RIGHT_CONTROL, P, 0),
    ROW(partition_destroy, 0, PARTITION, RIGHT_MANAGE, P),
    ROW(thread_create, 0, PARTITION, RIGHT_MANAGE, P, S, PAGE),
    ROW(thread_create, 1, SPACE, RIGHT_MAP, P, S, PAGE),
    ROW(thread_resume, 0, THREAD, RIGHT_CONTROL, T),
    ROW(thread_get_state, 0, THREAD, RIGHT_READ, T, PAGE),
    ROW(space_create, 0, PARTITION, RIGHT_MANAGE, P, SPACE_PROGRAM),
    ROW(space_map, 0, SPACE, RIGHT_MAP, S, R, 0, ANYWHERE, PAGE_SIZE, RW),
    ROW(space_map, 1, REGION, RIGHT_READ, S, R, 0, ANYWHERE, PAGE_SIZE, MAP_READ),
    ROW(space_map, 1, REGION, RIGHT_WRITE, S, R, 0, ANYWHERE, PAGE_SIZE, RW),
    ROW(space_map, 1, REGION, RIGHT_EXECUTE, S, R, 0, ANYWHERE, PAGE_SIZE, MAP_READ | MAP_EXECUTE),
    ROW(space_unmap, 0, SPACE, RIGHT_MAP, S, CHILD_BOARD, PAGE_SIZE),
    ROW(region_create, 0, PARTITION, RIGHT_MANAGE, P, PAGE_SIZE),
    ROW(region_info, 0, REGION, RIGHT_READ, R, PAGE),
    ROW(event_create, 0, PARTITION, RIGHT_MANAGE, P),
    ROW(event_signal, 0, EVENT, RIGHT_SIGNAL, E, 1),
    ROW(event_wait, 0, EVENT, RIGHT_WAIT, E, 1, DEADLINE_NOW),
    ROW(ports_create, 0, PORTS, RIGHT_DUPLICATE, O, SERIAL, 8),
    ROW(ports_open, 0, PORTS, RIGHT_READ, O, T),
    ROW(ports_open, 0, PORTS, RIGHT_WRITE, O, T),
    ROW(ports_open, 1, THREAD, RIGHT_CONTROL, O, T),
    ROW(interrupt_bind, 0, SYSTEM, RIGHT_MANAGE, Y, 4, 0, E, 1),
    ROW(interrupt_bind, 3, EVENT, RIGHT_SIGNAL, Y, 4, 0, E, 1),
    ROW(interrupt_acknowledge, 0, SYSTEM, RIGHT_MANAGE, Y, 4, 0),
    ROW(guest_create_vcpu, 0, GUEST, RIGHT_MANAGE, G, 0, S, ANYWHERE),
    ROW(guest_create_vcpu, 2, SPACE, RIGHT_MAP, G, 0, S, ANYWHERE),
    ROW(guest_enter, 0, GUEST, RIGHT_ENTER, G, 0),
    ROW(guest_kick, 0, GUEST, RIGHT_CONTROL, G, 0),
    ROW(guest_get_state, 0, GUEST, RIGHT_READ, G, 0, PAGE),
    ROW(guest_set_state, 0, GUEST, RIGHT_CONTROL, G, 0, PAGE),
    ROW(guest_set_cpuid, 0, GUEST, RIGHT_CONTROL, G, PAGE, 0),
    ROW(guest_set_msr, 0, GUEST, RIGHT_CONTROL, G, PAGE, 0),
    ROW(guest_interrupt, 0, GUEST, RIGHT_CONTROL, G, 0xfee00000, 0x30),
    ROW(guest_signal, 0, GUEST, RIGHT_CONTROL, G, 0, 0, 0),
    ROW(guest_set_eoi_exits, 0, GUEST, RIGHT_CONTROL, G, PAGE),
    ROW(guest_access_apic, 0, GUEST, RIGHT_ENTER, G, 0, 0x20, 0, 0),
    ROW(guest_get_statistics, 0, GUEST, RIGHT_READ, G, 0, PAGE),
    ROW(system_info, 0, SYSTEM, RIGHT_READ, Y, PAGE),
    ROW(system_open_module, 0, SYSTEM, RIGHT_READ, Y, 0, PAGE),
    ROW(system_read_log, 0, SYSTEM, RIGHT_READ, Y, 0, PAGE, 16),
    ROW(system_log_position, 0, SYSTEM, RIGHT_READ, Y, 0),
    ROW(system_watch_log, 0, SYSTEM, RIGHT_READ, Y, E, 1),
    ROW(system_watch_log, 1, EVENT, RIGHT_SIGNAL, Y, E, 1),
    ROW(system_take_console, 0, SYSTEM, RIGHT_MANAGE, Y),
    ROW(system_shutdown, 0, SYSTEM, RIGHT_MANAGE, Y, SHUTDOWN_POWER_OFF, 1),
    ROW(system_audit, 0, SYSTEM, RIGHT_MANAGE, Y),
    ROW(system_speculation, 0, SYSTEM, RIGHT_READ, Y, 0, PAGE),
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static int64_t call(const struct objects *objects, const struct row *row, uint64_t handle) {
    uint64_t a[6];
    for (uint32_t i = 0; i < 6; i++)
        a[i] = objects_argument(objects, row->argument[i]);
    a[row->index] = handle;
    return syscall_raw6(row->call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void expect(const struct objects *objects, const struct row *row, uint64_t handle,
                   enum status status, const char *what) {
    tap_check_result(call(objects, row, handle), -(int64_t)status, "%s, argument %u: %s", row->name,
                     (unsigned)row->index, what);
}

static void names_nothing(const struct objects *objects) {
    /* The slot of a handle that was closed a moment ago. */
    int64_t closed = sys_handle_duplicate(HANDLE_PARTITION, RIGHTS_SAME, 0);
    sys_handle_close((handle_t)closed);
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        uint64_t good = objects_argument(objects, row->argument[row->index]);
        expect(objects, row, 0, STATUS_BAD_HANDLE, "handle 0");
        expect(objects, row, NO_HANDLE, STATUS_BAD_HANDLE, "a number beyond the table");
        expect(objects, row, UINT32_MAX, STATUS_BAD_HANDLE, "the largest number");
        expect(objects, row, good | 1ull << 32, STATUS_BAD_HANDLE, "a good handle plus 2^32");
        expect(objects, row, (uint64_t)closed, STATUS_BAD_HANDLE, "a closed handle");
    }
    const struct row close = {.call = SYS_handle_close, .name = "handle_close"};
    expect(objects, &close, 0, STATUS_BAD_HANDLE, "handle 0");
    expect(objects, &close, (uint64_t)closed, STATUS_BAD_HANDLE, "a closed handle");
    expect(objects, &close, UINT32_MAX, STATUS_BAD_HANDLE, "the largest number");
    expect(objects, &close, HANDLE_PARTITION | 1ull << 32, STATUS_BAD_HANDLE, "1 plus 2^32");
    tap_point("handles that name nothing give BAD_HANDLE (%u arguments of calls)",
              (unsigned)ROW_COUNT + 1);
}

static void names_another_type(const struct objects *objects) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        for (uint32_t type = 1; rows[i].type != OBJECT_NONE && type < OBJECT_TYPE_COUNT; type++) {
            if (type == rows[i].type || objects->handle[type] == 0)
                continue;
            expect(objects, &rows[i], objects->handle[type], STATUS_BAD_HANDLE, "another type");
            count++;
        }
    tap_point("handles to objects of another type give BAD_HANDLE (%u combinations)",
              (unsigned)count);
}

static void lacks_the_right(const struct objects *objects) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        if (row->right == 0 || !objects_have(objects, row->argument))
            continue;
        uint64_t good = objects_argument(objects, row->argument[row->index]);
        int64_t weak = sys_handle_duplicate((handle_t)good, RIGHTS_ALL & ~row->right, 0);
        if (tap_need(weak, "a handle without one right") < 0)
            continue;
        expect(objects, row, (uint64_t)weak, STATUS_BAD_RIGHTS, "all rights but the needed one");
        sys_handle_close((handle_t)weak);
        count++;
    }
    tap_point("handles that lack exactly the needed right give BAD_RIGHTS (%u)", (unsigned)count);
}

void test_errors(void) {
    struct objects objects;
    if (objects_make(&objects)) {
        names_nothing(&objects);
        names_another_type(&objects);
        lacks_the_right(&objects);
        objects_drop(&objects);
    }
}
