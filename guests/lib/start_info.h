/*
 * What a partition is told at its start by its creator: arguments, environment, the names of its
 * handles, facts about time. The creator fills it; it is mapped read-only, and the first thread
 * gets its address. The manager, which the kernel starts, gets none: its handles are the fixed ones
 * of kernel/abi/types.h.
 */
#ifndef BULKHEAD_START_INFO_H
#define BULKHEAD_START_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/types.h"

#define START_INFO_MAGIC   0x7472617473484b42ull /* "BKHstart" in memory */
#define START_INFO_VERSION 1u
#define START_INFO_SIZE    16384u /* bytes of the mapping, strings included */

#define START_THREAD_AREA_SIZE 8192u /* bytes for the first thread above its stack */

#define START_HANDLE_LIMIT     32u
#define START_HANDLE_NAME_SIZE 24

struct start_handle {
    char name[START_HANDLE_NAME_SIZE]; /* NUL-terminated, unique */
    handle_t handle;
    uint32_t flags;  /* 0 */
    uint64_t length; /* of a region that holds a file: the file's bytes; else 0 */
};
_Static_assert(sizeof(struct start_handle) == 40, "start_info version 1");

struct start_info {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* bytes used, strings included; at most START_INFO_SIZE */
    /* Offsets from this structure's start. The first is an array of argc offsets of strings, the
     * second one of env_count offsets of NAME=VALUE. */
    uint32_t argv;
    uint32_t argc;
    uint32_t env;
    uint32_t env_count;
    uint64_t
        thread_area; /* address of the first thread's own memory, where its thread pointer points */
    uint64_t ticks_per_second;
    uint64_t timer_hz;
    uint64_t boot_wall_clock_ns; /* wall-clock time when clock_get was 0 */
    uint32_t abi_version;
    uint32_t handle_count;
    struct start_handle handle[START_HANDLE_LIMIT];
};
_Static_assert(sizeof(struct start_info) == 72 + START_HANDLE_LIMIT * 40, "start_info version 1");

/* Everything below: struct start_info *info with START_INFO_SIZE bytes behind it. */

/* An empty one. */
void start_info_begin(struct start_info *info);
/* Each adds one; false: no space left, or a name that is too long. Arguments come before
 * environment. */
bool start_info_add_argument(struct start_info *info, const char *argument);
bool start_info_add_environment(struct start_info *info, const char *name_and_value);
bool start_info_add_handle(struct start_info *info, const char *name, handle_t handle,
                           uint64_t length);
/* The named handle, or NULL. */
const struct start_handle *start_info_find(const struct start_info *info, const char *name);
/* Whether it is complete and every offset in it stays within. */
bool start_info_is_valid(const struct start_info *info);
/* The n-th argument, n below argc of a valid one. */
const char *start_info_argument(const struct start_info *info, uint32_t n);
const char *start_info_environment(const struct start_info *info, uint32_t n);

#endif
