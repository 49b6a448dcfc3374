/* Every argument that points to the caller's memory, with every kind of bad pointer. */
#include <string.h>

#include "abi/syscall_numbers.h"
#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "tests/kernel/objects.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define P    ARGUMENT_OBJECT(OBJECT_PARTITION)
#define T    ARGUMENT_OBJECT(OBJECT_THREAD)
#define S    ARGUMENT_OBJECT(OBJECT_SPACE)
#define R    ARGUMENT_OBJECT(OBJECT_REGION)
#define G    ARGUMENT_OBJECT(OBJECT_GUEST)
#define E    ARGUMENT_OBJECT(OBJECT_EVENT)
#define Y    ARGUMENT_OBJECT(OBJECT_SYSTEM)
#define PAGE ARGUMENT_PAGE

struct row {
    uint16_t call;
    uint8_t index;
    bool is_out;
    uint32_t size; /* bytes that the call reads or writes there */
    const char *name;
    uint64_t argument[6];
};

#define IN(call, index, size, ...)                           \
    {                                                        \
        SYS_##call, index, false, (uint32_t)(size), #call, { \
            __VA_ARGS__                                      \
        }                                                    \
    }
#define OUT(call, index, size, ...)                         \
    {                                                       \
        SYS_##call, index, true, (uint32_t)(size), #call, { \
            __VA_ARGS__                                     \
        }                                                   \
    }

static const struct row rows[] = {
    OUT(handle_info, 1, sizeof(struct object_info), E, PAGE),
    IN(partition_create, 1, sizeof(struct partition_config), P, PAGE),
    OUT(partition_info, 1, sizeof(struct partition_info), P, PAGE),
    IN(partition_set_limits, 1, sizeof(struct partition_config), P, PAGE),
    OUT(partition_list, 2, sizeof(struct partition_info), Y, 0, PAGE),
    IN(thread_create, 2, sizeof(struct thread_config), P, S, PAGE),
    OUT(thread_get_state, 1, sizeof(struct thread_state), T, PAGE),
    OUT(region_info, 1, sizeof(struct object_info), R, PAGE),
    OUT(system_info, 1, sizeof(struct system_info), Y, PAGE),
    OUT(system_open_module, 2, sizeof(struct module_info), Y, 0, PAGE),
    OUT(system_read_log, 2, 256, Y, 0, PAGE, 256),
    OUT(system_random, 0, 256, PAGE, 256),
    OUT(system_speculation, 2, sizeof(struct speculation_info), Y, 0, PAGE),
    IN(log_write, 0, 256, PAGE, 256),
    IN(guest_set_eoi_exits, 1, 32, G, PAGE),
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static int64_t call(const struct objects *objects, const struct row *row, uint64_t pointer) {
    uint64_t a[6];
    for (uint32_t i = 0; i < 6; i++)
        a[i] = objects_argument(objects, row->argument[i]);
    a[row->index] = pointer;
    return syscall_raw6(row->call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static bool can_run(const struct objects *objects, const struct row *row) {
    char byte;
    if (row->call == SYS_system_random && sys_system_random(&byte, 1) < 0)
        return false; /* no source of entropy: says so before it looks at the pointer */
    return objects_have(objects, row->argument);
}

/* Addresses at which a program can have nothing, whatever is mapped. */
static const struct {
    uint64_t address;
    const char *what;
} forbidden[] = {
    {0,                     "NULL"                                           },
    {8,                     "in the first page"                              },
    {0x0000500000000000ull, "unmapped"                                       },
    {SPACE_PROGRAM_END - 8, "across the end of a program's addresses"        },
    {SPACE_PROGRAM_END,     "at the end of a program's addresses"            },
    {0x0000900000000000ull, "not canonical"                                  },
    {0x7fffffffffffffffull, "not canonical, largest positive"                },
    {0x8000000000000000ull, "not canonical, smallest negative"               },
    {0xffff7fffffffffffull, "not canonical, below the kernel's half"         },
    {0xffff800000000000ull, "the kernel's map of all memory"                 },
    {0xffff800000100000ull, "the kernel's map of all memory, one megabyte up"},
    {0xffffffff80000000ull, "the kernel's image"                             },
    {0xffffffff80001000ull, "the kernel's code"                              },
    {UINT64_MAX - 7,        "wraps around"                                   },
    {UINT64_MAX,            "the last byte"                                  },
};

static void forbidden_addresses(const struct objects *objects) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        if (!can_run(objects, &rows[i]))
            continue;
        for (uint32_t j = 0; j < sizeof forbidden / sizeof forbidden[0]; j++, count++)
            tap_check_result(call(objects, &rows[i], forbidden[j].address), -STATUS_BAD_ADDRESS,
                             "%s, argument %u: %s", rows[i].name, (unsigned)rows[i].index,
                             forbidden[j].what);
    }
    tap_point("pointers to nothing and to the kernel give BAD_ADDRESS (%u)", (unsigned)count);
}

/* Behind each mapping of map.h is an unmapped page. */
static void across_a_page_end(const struct objects *objects) {
    uint64_t end = (uint64_t)(uintptr_t)objects->page + PAGE_SIZE;
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        if (!can_run(objects, row))
            continue;
        memset(objects->page, 0xff, PAGE_SIZE); /* nothing that a call would accept */
        tap_check_result(call(objects, row, end - 1), -STATUS_BAD_ADDRESS, "%s: all but one byte",
                         row->name);
        tap_check_result(call(objects, row, end - row->size + 1), -STATUS_BAD_ADDRESS,
                         "%s: one byte too far", row->name);
        tap_check_result(call(objects, row, end), -STATUS_BAD_ADDRESS, "%s: just behind",
                         row->name);
        int64_t result = call(objects, row, end - row->size);
        tap_check(result != -STATUS_BAD_ADDRESS, "%s: the last place that is good", row->name);
        bool gives_handle = row->call == SYS_partition_list || row->call == SYS_system_open_module;
        if (gives_handle && result > 0)
            sys_handle_close((handle_t)result);
    }
    tap_point(
        "structures across the end of mapped memory give BAD_ADDRESS, up to it they are good");
}

static void not_writable(const struct objects *objects) {
    memset(objects->page, 0, PAGE_SIZE);
    uint64_t own_code = (uint64_t)(uintptr_t)test_pointers;
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        if (!rows[i].is_out || !can_run(objects, &rows[i]))
            continue;
        tap_check_result(call(objects, &rows[i], (uint64_t)(uintptr_t)objects->read_only),
                         -STATUS_BAD_ADDRESS, "%s: into a page mapped read-only", rows[i].name);
        tap_check_result(call(objects, &rows[i], own_code), -STATUS_BAD_ADDRESS,
                         "%s: into the program's code", rows[i].name);
    }
    const uint8_t *byte = objects->page;
    for (uint32_t i = 0; i < PAGE_SIZE; i++)
        if (!tap_check(byte[i] == 0, "byte %u of a read-only page was written", (unsigned)i))
            break;
    tap_point("results into memory that is mapped read-only give BAD_ADDRESS and write nothing");
}

void test_pointers(void) {
    struct objects objects;
    if (objects_make(&objects)) {
        forbidden_addresses(&objects);
        across_a_page_end(&objects);
        not_writable(&objects);
        objects_drop(&objects);
    }
}
