/* Integer arithmetic as the processor does it, flags included. */
#include "guests/vmm/flags.h"

#include "guests/vmm/decode.h"

#define CF (1ull << 0)
#define PF (1ull << 2)
#define AF (1ull << 4)
#define ZF (1ull << 6)
#define SF (1ull << 7)
#define OF (1ull << 11)

uint64_t flags_arithmetic(unsigned operation, unsigned width, uint64_t left, uint64_t right,
                          uint64_t *rflags) {
    uint64_t mask = width >= 8 ? UINT64_MAX : (1ull << (8 * width)) - 1;
    uint64_t sign = mask ^ (mask >> 1);
    uint64_t carry_in = 0, result = 0, carries = 0, overflow = 0;
    left &= mask;
    right &= mask;
    switch (operation) {
    case DECODE_AND: result = left & right; break;
    case DECODE_OR: result = left | right; break;
    case DECODE_XOR: result = left ^ right; break;
    case DECODE_ADC: carry_in = *rflags & CF; /* fall through */
    case DECODE_ADD:
        result = (left + right + carry_in) & mask;
        /* The carry out of each bit: both inputs set, or one of them and no sum. */
        carries = (left & right) | ((left | right) & ~result);
        overflow = (left ^ result) & (right ^ result);
        break;
    case DECODE_SBB: carry_in = *rflags & CF; /* fall through */
    default:                                  /* SUB, CMP */
        result = (left - right - carry_in) & mask;
        carries = (~left & right) | ((~left | right) & result); /* borrows */
        overflow = (left ^ right) & (left ^ result);
        break;
    }
    uint64_t flags = *rflags & ~(CF | PF | AF | ZF | SF | OF);
    flags |= carries & sign ? CF : 0;
    flags |= carries & 8 ? AF : 0;
    flags |= overflow & sign ? OF : 0;
    flags |= result & sign ? SF : 0;
    flags |= result == 0 ? ZF : 0;
    flags |= __builtin_parity((unsigned)(result & 0xff)) ? 0 : PF;
    *rflags = flags;
    return result;
}
