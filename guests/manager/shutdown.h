/* The end: asked for, or because nothing runs any more. */
#ifndef BULKHEAD_MANAGER_SHUTDOWN_H
#define BULKHEAD_MANAGER_SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

/* Presses every machine's power button; those that still run after a while are stopped. is_now: at
 * once. */
void shutdown_begin(bool is_now);
bool shutdown_is_wanted(void);
/* When shutdown_pump has something to do again. */
uint64_t shutdown_deadline_ns(void);
/* Stops what has not stopped in time. */
void shutdown_pump(void);

#endif
