/*
 * Instructions that a guest uses on device memory, from bytes to meaning (SDM Vol. 2, chapter 2
 * "Instruction Format" and appendix A "Opcode Map"): those of the integer set with a memory operand
 * that does no more than move, combine or compare. Pure: bytes in, a description out.
 */
#ifndef BULKHEAD_VMM_DECODE_H
#define BULKHEAD_VMM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define DECODE_LENGTH_MAX 15u

enum decode_operation {
    DECODE_NOTHING,             /* no such instruction */
    DECODE_LOAD,                /* register <- memory; also MOVZX, MOVSX, MOVSXD */
    DECODE_STORE,               /* memory <- register or immediate */
    DECODE_STORE_SEGMENT,       /* memory <- selector: reg is an enum decode_segment */
    DECODE_EXCHANGE,            /* XCHG */
    DECODE_ARITHMETIC,          /* memory <- memory OP source */
    DECODE_ARITHMETIC_REGISTER, /* register <- register OP memory */
    DECODE_TEST,                /* AND for the flags only */
    DECODE_NOT,
    DECODE_NEGATE,
    DECODE_INCREMENT,
    DECODE_DECREMENT,
    DECODE_COMPARE_EXCHANGE, /* CMPXCHG */
    DECODE_EXCHANGE_ADD,     /* XADD */
    DECODE_BIT_TEST,         /* BT, BTS, BTR, BTC as bits 4:3 of their opcodes order them */
    DECODE_BIT_SET,
    DECODE_BIT_RESET,
    DECODE_BIT_COMPLEMENT,
    DECODE_PUSH, /* of a memory operand, as POP */
    DECODE_POP,
    DECODE_STORE_STRING,    /* STOS */
    DECODE_LOAD_STRING,     /* LODS */
    DECODE_MOVE_STRING,     /* MOVS */
    DECODE_COMPARE_STRING,  /* CMPS */
    DECODE_SCAN_STRING,     /* SCAS */
    DECODE_PORT_IN_STRING,  /* INS */
    DECODE_PORT_OUT_STRING, /* OUTS */
    DECODE_OPERATION_COUNT
};

/* As the opcodes number them (bits 5:3). */
enum decode_arithmetic {
    DECODE_ADD,
    DECODE_OR,
    DECODE_ADC,
    DECODE_SBB,
    DECODE_AND,
    DECODE_SUB,
    DECODE_XOR,
    DECODE_CMP
};

/* As ModRM numbers them. */
enum decode_segment {
    DECODE_ES,
    DECODE_CS,
    DECODE_SS,
    DECODE_DS,
    DECODE_FS,
    DECODE_GS,
    DECODE_SEGMENT_COUNT
};

/* By the last prefix of 0xf2 and 0xf3; REP where the flag does not matter is either. */
enum decode_repeat { DECODE_ONCE, DECODE_WHILE_EQUAL, DECODE_WHILE_NOT_EQUAL };

/* Size of code: what the D and L bits of CS say. */
enum decode_mode { DECODE_MODE_16, DECODE_MODE_32, DECODE_MODE_64 };

/* In the place of a general-purpose register in an address. */
#define DECODE_REGISTER_NONE 0xffu
#define DECODE_REGISTER_RIP  0xfeu /* base only: of the next instruction */

struct decode {
    uint8_t length;         /* bytes */
    uint8_t operation;      /* enum decode_operation */
    uint8_t arithmetic;     /* enum decode_arithmetic */
    uint8_t width;          /* of the memory operand, bytes */
    uint8_t register_width; /* of the register, bytes */
    uint8_t reg;            /* enum gpr */
    bool register_is_high;  /* AH, CH, DH, BH: reg is the register that contains it */
    bool has_immediate;     /* instead of the register */
    bool sign_extends;      /* MOVSX */
    bool is_locked;         /* has a LOCK prefix, allowed or not */
    uint8_t repeat;         /* enum decode_repeat; means something to string instructions only */
    uint8_t address_width;  /* bytes */
    /* Place of the memory operand; of a string instruction, its source has this segment. */
    uint8_t segment;    /* enum decode_segment, default or by prefix */
    uint8_t base;       /* enum gpr or DECODE_REGISTER_... */
    uint8_t index;      /* enum gpr or DECODE_REGISTER_NONE */
    uint8_t scale;      /* shift of the index: 0 to 3 */
    uint64_t offset;    /* displacement, sign-extended; or the whole address */
    uint64_t immediate; /* extended to 64 bits as the instruction does */
};

/* False: the LENGTH bytes are no such instruction, or do not hold all of it. */
bool decode_instruction(const uint8_t *bytes, uint32_t length, enum decode_mode mode,
                        struct decode *decode);

/* Whether a LOCK prefix is allowed with an instruction that has a memory operand. */
bool decode_may_be_locked(const struct decode *decode);

#endif
