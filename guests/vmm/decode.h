/*
 * Instructions that drivers use on device memory, from bytes to meaning (SDM Vol. 2, chapter 2
 * "Instruction Format" and appendix A "Opcode Map"). Pure: bytes in, a description out. The place
 * of the memory operand is not computed: the exit has told its address.
 */
#ifndef BULKHEAD_VMM_DECODE_H
#define BULKHEAD_VMM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define DECODE_LENGTH_MAX 15u

enum decode_operation {
    DECODE_LOAD,                /* register <- memory; also MOVZX, MOVSX */
    DECODE_STORE,               /* memory <- register or immediate */
    DECODE_EXCHANGE,            /* XCHG */
    DECODE_ARITHMETIC,          /* memory <- memory OP source */
    DECODE_ARITHMETIC_REGISTER, /* register <- register OP memory */
    DECODE_TEST,                /* AND for the flags only */
    DECODE_STORE_STRING,        /* STOS */
    DECODE_MOVE_STRING,         /* MOVS */
    DECODE_PORT_STRING          /* INS, OUTS */
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

enum decode_segment {
    DECODE_SEGMENT_DEFAULT,
    DECODE_ES,
    DECODE_CS,
    DECODE_SS,
    DECODE_DS,
    DECODE_FS,
    DECODE_GS
};

/* Size of code: what the D and L bits of CS say. */
enum decode_mode { DECODE_MODE_16, DECODE_MODE_32, DECODE_MODE_64 };

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
    bool repeats;           /* REP, REPE or REPNE */
    uint8_t address_width;  /* bytes */
    uint8_t segment;        /* override: enum decode_segment */
    uint64_t immediate;     /* extended to 64 bits as the instruction does */
};

/* False: the LENGTH bytes are no such instruction, or do not hold all of it. */
bool decode_instruction(const uint8_t *bytes, uint32_t length, enum decode_mode mode,
                        struct decode *decode);

#endif
