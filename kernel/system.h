/* The system as a whole: what it is, and how it ends. */
#ifndef BULKHEAD_KERNEL_SYSTEM_H
#define BULKHEAD_KERNEL_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "kernel/abi/boot_info.h"
#include "kernel/abi/types.h"
#include "kernel/object.h"

struct partition;

extern struct object system_object;
extern struct object pool_object;

void system_init(const struct boot_info *info);
void system_get_info(struct system_info *info);
noreturn void system_shutdown(enum shutdown_kind kind);
/* A line of a partition's own; those that write too many lose some, and the log says so. */
void system_log_partition(struct partition *partition, const char *text, size_t length);

#endif
