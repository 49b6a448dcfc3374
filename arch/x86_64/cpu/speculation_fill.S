/* The return stack buffer, for C. */
#include "arch/x86_64/cpu/speculation.inc"

    .text
/* void speculation_fill(void) */
    .globl speculation_fill
    .type speculation_fill, @function
speculation_fill:
    speculation_fill_returns
    lfence
    ret
    .size speculation_fill, . - speculation_fill
