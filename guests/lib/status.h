/* The kernel's errors in words. */
#ifndef BULKHEAD_LIB_STATUS_H
#define BULKHEAD_LIB_STATUS_H

#include <stdint.h>

/* For the negative result of a system call, or an enum status: "the memory quota is used up". */
const char *status_text(int64_t result);

#endif
