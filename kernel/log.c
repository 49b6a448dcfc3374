/* The log ring. A line is put together on the stack and goes into the ring in one piece. */
#include "kernel/log.h"

#include <stdbool.h>

#include "kernel/arch.h"
#include "kernel/event.h"
#include "kernel/print.h"
#include "kernel/spinlock.h"
#include "kernel/timer.h"

#define LOG_SIZE  65536u /* a power of two */
#define LINE_SIZE 320u

static struct {
    struct spinlock lock;
    uint64_t newest; /* bytes ever written */
    bool console_is_released;
    struct event *watcher;
    uint64_t watcher_bits;
    char ring[LOG_SIZE];
} kernel_log;

static void write_line(const char *line, size_t length) {
    spinlock_acquire(&kernel_log.lock);
    for (size_t i = 0; i < length; i++)
        kernel_log.ring[(kernel_log.newest + i) % LOG_SIZE] = line[i];
    __atomic_store_n(&kernel_log.newest, kernel_log.newest + length, __ATOMIC_RELEASE);
    if (!kernel_log.console_is_released)
        arch_serial_write(line, length);
    spinlock_release(&kernel_log.lock);
}

/* The watcher is told after the lock is gone: an event's lock comes before the log's. */
static void tell_watcher(void) {
    struct event *watcher = __atomic_load_n(&kernel_log.watcher, __ATOMIC_ACQUIRE);
    if (watcher != NULL)
        event_signal(watcher, kernel_log.watcher_bits);
}

static size_t end_line(char *line, size_t length) {
    if (length > LINE_SIZE - 2)
        length = LINE_SIZE - 2;
    line[length] = '\r';
    line[length + 1] = '\n';
    return length + 2;
}

void log_line(const char *format, ...) {
    char line[LINE_SIZE];
    size_t length = print_format(line, sizeof line, "bulkhead: ");
    va_list arguments;
    va_start(arguments, format);
    length += print_format_list(line + length, sizeof line - length, format, arguments);
    va_end(arguments);
    write_line(line, end_line(line, length));
    tell_watcher();
}

void log_partition_line(const char *name, const char *text, size_t length) {
    char line[LINE_SIZE];
    size_t end = print_format(line, sizeof line, "bulkhead: %s: ", name);
    for (size_t i = 0; i < length && end < LINE_SIZE - 2; i++)
        line[end++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    write_line(line, end_line(line, end));
    tell_watcher();
}

uint64_t log_newest(void) {
    return __atomic_load_n(&kernel_log.newest, __ATOMIC_ACQUIRE);
}

uint64_t log_oldest(void) {
    uint64_t newest = log_newest();
    return newest > LOG_SIZE ? newest - LOG_SIZE : 0;
}

size_t log_read(uint64_t *position, char *buffer, size_t size) {
    spinlock_acquire(&kernel_log.lock);
    uint64_t oldest = kernel_log.newest > LOG_SIZE ? kernel_log.newest - LOG_SIZE : 0;
    if (*position < oldest)
        *position = oldest;
    size_t length = 0;
    while (length < size && *position + length < kernel_log.newest) {
        buffer[length] = kernel_log.ring[(*position + length) % LOG_SIZE];
        length++;
    }
    spinlock_release(&kernel_log.lock);
    return length;
}

void log_watch(struct event *event, uint64_t bits) {
    kernel_log.watcher_bits = bits;
    __atomic_store_n(&kernel_log.watcher, event, __ATOMIC_RELEASE);
}

struct event *log_watcher(void) {
    return kernel_log.watcher;
}

void log_release_console(void) {
    kernel_log.console_is_released = true;
}

void log_take_console(void) {
    kernel_log.console_is_released = false;
    kernel_log.lock = (struct spinlock){0}; /* a panic does not wait for who held it */
}
