/* The kernel's log ring, and the serial console until the manager takes it. */
#ifndef BULKHEAD_KERNEL_LOG_H
#define BULKHEAD_KERNEL_LOG_H

#include <stddef.h>
#include <stdint.h>

struct event;

/* One line, without its end. `bulkhead: ` and the time are put before it. Any CPU. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line under a partition's name. */
void log_partition_line(const char *name, const char *text, size_t length);
/* From a byte position on; returns bytes copied, moves *position behind what was skipped. */
size_t log_read(uint64_t *position, char *buffer, size_t size);
uint64_t log_oldest(void);
uint64_t log_newest(void);
void log_watch(struct event *event, uint64_t bits);
struct event *log_watcher(void);
/* From now on lines go to the ring alone. */
void log_release_console(void);
void log_take_console(void);

#endif
