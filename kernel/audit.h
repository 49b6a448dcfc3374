/* Checks what the kernel promises about memory, on the live system. */
#ifndef BULKHEAD_KERNEL_AUDIT_H
#define BULKHEAD_KERNEL_AUDIT_H

#include <stdint.h>

/* Returns the number of findings; each is a line of the log. kernel_lock is held. */
uint32_t audit_run(void);

#endif
