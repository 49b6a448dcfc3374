/* Exceptions of ring 3 in the ABI's words. Pure, but for CR2. */
#ifndef BULKHEAD_CPU_FAULT_H
#define BULKHEAD_CPU_FAULT_H

#include <stdint.h>

#include "arch_types.h"
#include "kernel/abi/types.h"

/* The mnemonic of an exception, without '#'. */
const char *fault_name(uint32_t vector);

void fault_describe(const struct arch_frame *frame, struct fault_info *fault);

/* Pure part: page_fault_address is CR2's value. */
void fault_fill(const struct arch_frame *frame, uint64_t page_fault_address,
                struct fault_info *fault);

/* The frame's registers in the order of enum gpr. */
void fault_registers(const struct arch_frame *frame, uint64_t registers[16]);

#endif
