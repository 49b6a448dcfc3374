/*
 * The processor as the 64-bit boot protocol wants it: long mode, identity-mapped page tables, the
 * two segments of the protocol, interrupts off, RSI the zero page. Pure.
 */
#ifndef BULKHEAD_VMM_BOOT_STATE_H
#define BULKHEAD_VMM_BOOT_STATE_H

#include <stdint.h>

#include "guests/vmm/guest_memory.h"
#include "kernel/abi/guest.h"

/*
 * Writes page tables and GDT into guest memory and the entry state over STATE, which is a vCPU's
 * after reset; what the protocol does not speak of stays. PHYSICAL_BITS: the guest's MAXPHYADDR.
 */
void state_fill(struct guest_state *state, const struct guest_memory *memory, uint64_t entry,
                uint32_t physical_bits);

#endif
