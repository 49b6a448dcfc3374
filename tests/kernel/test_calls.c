/* Numbers that are no calls, calls that this kernel does not implement yet, and the plainest ones.
 */
#include "tests/kernel/suite.h"

#include "abi/syscall_table.h"
#include "abi/syscalls.h"
#include "tests/kernel/tap.h"

enum call_kind { CALL_NONE = 0, CALL_NOW, CALL_LATER };

#define NOW(number, name, count) [number] = CALL_NOW,
#define LATER(number, name)      [number] = CALL_LATER,
static const uint8_t kind_of[256] = {SYSCALL_TABLE(NOW, LATER)};

static const uint64_t large_numbers[] = {
    256,        257,        0xffff,     0x10000,          0x7fffffff, 0x80000000,
    0xffffffff, 1ull << 32, 1ull << 33, (1ull << 32) | 1, 1ull << 63, (1ull << 63) | 0x80,
    UINT64_MAX,
};

static void numbers_without_a_call(void) {
    uint32_t count = 0;
    for (uint64_t number = 0; number < 256; number++) {
        if (kind_of[number] != CALL_NONE)
            continue;
        count++;
        tap_check_result(syscall_raw6(number, 1, 2, 3, 4, 5, 6), -STATUS_BAD_CALL, "call %llu",
                         (unsigned long long)number);
    }
    for (uint32_t i = 0; i < sizeof large_numbers / sizeof large_numbers[0]; i++)
        tap_check_result(syscall_raw6(large_numbers[i], 1, 2, 3, 4, 5, 6), -STATUS_BAD_CALL,
                         "call %#llx", (unsigned long long)large_numbers[i]);
    tap_point("numbers that are no calls give BAD_CALL (%u below 256, and large ones)",
              (unsigned)count);
}

static void calls_of_later(void) {
    uint32_t count = 0;
    for (uint64_t number = 0; number < 256; number++) {
        if (kind_of[number] != CALL_LATER)
            continue;
        count++;
        tap_check_result(syscall_raw6(number, 0, 0, 0, 0, 0, 0), -STATUS_NOT_YET, "call %llu",
                         (unsigned long long)number);
    }
    tap_point("each call that this kernel does not implement says NOT_YET (%u)", (unsigned)count);
}

static void clock_is_monotonic(void) {
    int64_t last = sys_clock_get();
    for (uint32_t i = 0; i < 2000; i++) {
        int64_t now = sys_clock_get();
        if (!tap_check(now >= last, "the clock went back by %lld ns", (long long)(last - now)))
            break;
        last = now;
    }
    tap_point("the clock does not go back");
}

void test_calls(void) {
    tap_check_result(sys_null(), 0, "null");
    numbers_without_a_call();
    calls_of_later();
    clock_is_monotonic();
}
