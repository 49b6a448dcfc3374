/* Division of 128-bit integers, which the compiler calls by this name and expects from its library.
 */
#include <stdint.h>

#include "arch/x86_64/cpu/asm.h"

typedef unsigned __int128 uint128;

uint128 __udivti3(uint128 dividend, uint128 divisor);

/* Long division, first with 64-bit digits where the divisor is one, else bit by bit. */
uint128 __udivti3(uint128 dividend, uint128 divisor) {
    uint64_t high = (uint64_t)(dividend >> 64), low = (uint64_t)dividend;
    if (divisor >> 64 == 0) {
        uint64_t digit = (uint64_t)divisor;
        uint64_t remainder = high % digit;
        return (uint128)(high / digit) << 64 | asm_divide(remainder, low, digit);
    }
    uint128 quotient = 0, remainder = high;
    for (int bit = 63; bit >= 0; bit--) {
        remainder = remainder << 1 | (low >> bit & 1);
        quotient <<= 1;
        if (remainder >= divisor) {
            remainder -= divisor;
            quotient |= 1;
        }
    }
    return quotient;
}
