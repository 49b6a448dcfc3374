/*
 * The jump to the kernel.
 */
#ifndef BULKHEAD_BOOT_HANDOVER_H
#define BULKHEAD_BOOT_HANDOVER_H

#include <stdint.h>

/* Sets the state that boot_info.h promises and jumps. info and stack are direct-map addresses. */
_Noreturn void handover(uint64_t page_table, uint64_t entry, uint64_t info, uint64_t stack);

#endif
