/* The kernel's log, shown on the screen line by line as it grows. */
#ifndef BULKHEAD_MANAGER_KERNEL_LOG_H
#define BULKHEAD_MANAGER_KERNEL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"

/* From what is new now on; growth sets these bits of the event. */
void kernel_log_open(handle_t event, uint64_t bits);
/* Shows new lines while the screen is ready for more. */
void kernel_log_pump(void);
/* Shows everything that is kept once more; until that is done kernel_log_is_replaying. */
void kernel_log_replay(void);
bool kernel_log_is_replaying(void);

#endif
