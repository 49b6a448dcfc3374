/* The processor as a kernel's entry point wants it. Pure. */
#ifndef BULKHEAD_VMM_BOOT_STATE_H
#define BULKHEAD_VMM_BOOT_STATE_H

#include <stdint.h>

#include "guests/vmm/guest_memory.h"
#include "kernel/abi/guest.h"

/*
 * Each writes tables into guest memory and the entry state over STATE, which is a vCPU's after
 * reset; what the protocol does not speak of stays. PHYSICAL_BITS: the guest's MAXPHYADDR.
 */

/* Linux' 64-bit protocol: long mode, identity-mapped page tables, the two segments of the protocol,
 * interrupts off, RSI the zero page. */
void state_fill_64(struct guest_state *state, const struct guest_memory *memory, uint64_t entry,
                   uint32_t physical_bits);

/* PVH and multiboot: protected mode without paging, flat 32-bit segments, interrupts off. */
void state_fill_32(struct guest_state *state, const struct guest_memory *memory, uint64_t entry,
                   uint32_t physical_bits);

#endif
