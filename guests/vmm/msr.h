/* What a guest finds at MSRs that the kernel does not virtualise. */
#ifndef BULKHEAD_VMM_MSR_H
#define BULKHEAD_VMM_MSR_H

#include <stdint.h>

#include "kernel/abi/guest.h"

/* The rows for guest_set_msr, ascending; returns how many. ROWS has GUEST_MSR_LIMIT places. */
uint32_t msr_build(struct guest_msr *rows);

#endif
