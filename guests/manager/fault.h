/* Why a partition was stopped by the kernel, in words. Pure. */
#ifndef BULKHEAD_MANAGER_FAULT_H
#define BULKHEAD_MANAGER_FAULT_H

#include <stddef.h>

#include "kernel/abi/types.h"

/* "memory access to 0x10 (write) at 0x401000". Returns the buffer. */
const char *fault_text(const struct fault_info *fault, char *buffer, size_t size);

#endif
