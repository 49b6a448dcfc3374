/* Accounts, by partition_info and system_info. */
#include "tests/kernel/accounts.h"

#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "tests/kernel/tap.h"

#define HANDLES_LATER 3000u
#define WINDOWS_LATER 64u

struct accounts accounts_read(void) {
    struct system_info computer;
    struct partition_info own;
    memset(&computer, 0, sizeof computer);
    memset(&own, 0, sizeof own);
    sys_system_info(HANDLE_SYSTEM, &computer);
    sys_partition_info(HANDLE_PARTITION, &own);
    return (struct accounts){
        .free = computer.memory_free,
        .charged = computer.memory_charged,
        .kernel = computer.memory_kernel,
        .used = own.memory_used,
        .own_kernel = own.memory_kernel,
        .handles = own.handle_count,
    };
}

void accounts_check(const struct accounts *before, const char *what) {
    struct accounts now = accounts_read();
    tap_check_equal(now.handles, before->handles, "%s: handles", what);
    tap_check_equal(now.used, before->used, "%s: the suite's memory", what);
    tap_check_equal(now.own_kernel, before->own_kernel, "%s: the suite's kernel memory", what);
    tap_check_equal(now.free, before->free, "%s: free memory", what);
    tap_check_equal(now.charged, before->charged, "%s: charged memory", what);
    tap_check_equal(now.kernel, before->kernel, "%s: the kernel's memory", what);
}

void accounts_audit(const char *what) {
    tap_check_result(sys_system_audit(HANDLE_SYSTEM), 0, "%s: findings of the audit", what);
}

static void grow_handle_table(void) {
    static handle_t handles[HANDLES_LATER];
    uint32_t count = 0;
    while (count < HANDLES_LATER) {
        int64_t handle = sys_handle_duplicate(HANDLE_PARTITION, RIGHTS_SAME, 0);
        if (handle < 0)
            break;
        handles[count++] = (handle_t)handle;
    }
    while (count > 0)
        sys_handle_close(handles[--count]);
}

static void grow_page_tables(void) {
    void *window[WINDOWS_LATER];
    uint32_t count = 0;
    while (count < WINDOWS_LATER && map_memory(PAGE_SIZE, &window[count]) >= 0)
        count++;
    void *large;
    if (map_memory(16 * 1024 * 1024, &large) >= 0)
        map_undo(large);
    while (count > 0)
        map_undo(window[--count]);
}

void accounts_warm_up(void) {
    grow_handle_table();
    grow_page_tables();
}
