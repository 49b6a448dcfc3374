/* Instructions in the kernel that may fault on a user's address, and where they go on then. */
#ifndef BULKHEAD_MM_COPY_H
#define BULKHEAD_MM_COPY_H

#include <stdint.h>

/* Where to go on after a fault at rip; 0: a fault there is the kernel's own. */
uint64_t copy_fixup(uint64_t rip);

#endif
