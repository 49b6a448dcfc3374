/*
 * The init of boot.linux: no library, and its first instruction reads the time-stamp counter. It
 * prints `bench: init TSC` and turns the machine off. Linux, which runs without ACPI here, cannot
 * do that: init writes the power-management register itself.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "guests/vmm/devices/pm.h"

/* Linux, arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/ioctls.h */
#define CALL_WRITE  1
#define CALL_IOCTL  16
#define CALL_PAUSE  34
#define CALL_IOPERM 173
#define TCSBRK      0x5409 /* with an argument other than 0: wait until the output has left */
#define CONSOLE     1

#define PM_SLEEP_SHIFT  10
#define PM_SLEEP_ENABLE 0x2000u

__asm__(".globl init_start\n"
        "init_start:\n\t"
        "rdtsc\n\t"
        "shl $32, %rdx\n\t"
        "or %rdx, %rax\n\t"
        "mov %rax, %rdi\n\t"
        "call init_main\n\t"
        "ud2\n");

static int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c) {
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static char *put_text(char *at, const char *text) {
    while (*text != '\0') {
        *at++ = *text++;
    }
    return at;
}

static char *put_number(char *at, uint64_t value) {
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        *at++ = digits[--count];
    }
    return at;
}

noreturn void init_main(uint64_t ticks);

noreturn void init_main(uint64_t ticks) {
    char line[64];
    char *end = put_text(line, "bench: init ");
    end = put_text(put_number(end, ticks), "\n");
    (void)call(CALL_WRITE, CONSOLE, (uint64_t)line, (uint64_t)(end - line));
    (void)call(CALL_IOCTL, CONSOLE, TCSBRK, 1);
    if (call(CALL_IOPERM, PM_PORT + PM_CONTROL, PM_CONTROL_SIZE, 1) == 0) {
        __asm__ volatile("outw %w0, %w1"
                         :
                         : "a"(PM_SLEEP_TYPE_S5 << PM_SLEEP_SHIFT | PM_SLEEP_ENABLE),
                           "Nd"(PM_PORT + PM_CONTROL));
    }
    for (;;) {
        (void)call(CALL_PAUSE, 0, 0, 0);
    }
}
