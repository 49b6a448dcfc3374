/* Results and status flags of integer arithmetic (SDM Vol. 1, 3.4.3.1 "Status Flags"). Pure. */
#ifndef BULKHEAD_VMM_FLAGS_H
#define BULKHEAD_VMM_FLAGS_H

#include <stdint.h>

/*
 * LEFT operation RIGHT, WIDTH bytes wide; OPERATION is an enum decode_arithmetic (CMP: the result
 * of SUB). Reads CF from RFLAGS for ADC and SBB, and sets CF, PF, AF, ZF, SF and OF in it; AF,
 * which logical operations leave undefined, becomes 0.
 */
uint64_t flags_arithmetic(unsigned operation, unsigned width, uint64_t left, uint64_t right,
                          uint64_t *rflags);

#endif
