/*
 * A program's start and end, and what it was given: its handles, arguments, facts about time.
 * main is called on the first thread; returning from it ends the partition with its value.
 */
#ifndef BULKHEAD_START_H
#define BULKHEAD_START_H

#include <stdnoreturn.h>

#include "guests/lib/start_info.h"
#include "kernel/abi/types.h"

int main(int argc, char **argv);

/* What the creator gave. NULL in the manager. */
const struct start_info *start_info(void);

/* The handle of that name, or 0; length (may be NULL): the file's in a region. */
handle_t start_handle(const char *name, uint64_t *length);

/* Facts about time: the creator's, or in the manager the kernel's. 0: unknown. */
uint64_t start_ticks_per_second(void); /* of the time-stamp counter */
uint64_t start_timer_hz(void);         /* of the local timer */
uint64_t start_wall_clock_ns(void);    /* wall-clock time when clock_get was 0 */

/* The value of argument `--name=value`, or NULL. name without dashes. */
const char *start_argument(int argc, char **argv, const char *name);

#endif
