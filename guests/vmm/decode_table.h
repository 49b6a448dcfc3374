/* The opcode map as far as the decoder goes (SDM Vol. 2, appendix A). Constants only. */
#ifndef BULKHEAD_VMM_DECODE_TABLE_H
#define BULKHEAD_VMM_DECODE_TABLE_H

#include <stdint.h>

/* What follows an opcode, and where its operands are. */
enum decode_shape {
    SHAPE_NONE,        /* not decoded */
    SHAPE_REGISTER,    /* ModRM: memory and register */
    SHAPE_MEMORY,      /* ModRM: memory alone, reg is 0 */
    SHAPE_STACK,       /* the same, 64 bits wide in 64-bit code */
    SHAPE_SELECTOR,    /* ModRM: 16 bits of memory and a segment register */
    SHAPE_EXTENDED,    /* ModRM: register, and memory of the width that bit 0 of the opcode says */
    SHAPE_EXTENDED_32, /* MOVSXD */
    SHAPE_IMMEDIATE,   /* ModRM, immediate of the operand's width, at most 32 bits */
    SHAPE_IMMEDIATE_8, /* ModRM, a sign-extended byte */
    SHAPE_OFFSET,      /* the address itself; the register is the accumulator */
    SHAPE_STRING,      /* nothing follows; the accumulator, RSI and RDI */
    SHAPE_PORT_STRING, /* the same, at most 32 bits wide */
    SHAPE_GROUP,       /* ModRM.reg chooses the row: operation is an enum decode_group */
    SHAPE_PREFIX,      /* operation is an enum decode_prefix */
    SHAPE_ESCAPE       /* the second map follows */
};

enum decode_group {
    GROUP_1,   /* 80, 81, 82: arithmetic with an immediate */
    GROUP_1_8, /* 83: with a sign-extended byte */
    GROUP_1A,  /* 8f */
    GROUP_3,   /* f6, f7 */
    GROUP_4,   /* fe */
    GROUP_5,   /* ff */
    GROUP_8,   /* 0f ba */
    GROUP_11,  /* c6, c7 */
    GROUP_COUNT
};

enum decode_prefix {
    PREFIX_SEGMENT, /* arithmetic is the enum decode_segment */
    PREFIX_OPERAND_SIZE,
    PREFIX_ADDRESS_SIZE,
    PREFIX_LOCK,
    PREFIX_REPEAT, /* arithmetic is the enum decode_repeat */
    PREFIX_REX     /* 64-bit code only */
};

/* Width of the memory operand. */
enum decode_width {
    WIDTH_BIT_0, /* a byte if bit 0 of the opcode is clear, else the operand size */
    WIDTH_FULL   /* the operand size */
};

struct decode_row {
    uint8_t shape;      /* enum decode_shape */
    uint8_t operation;  /* enum decode_operation */
    uint8_t arithmetic; /* enum decode_arithmetic, or 1: sign-extends */
    uint8_t width;      /* enum decode_width */
};

extern const struct decode_row decode_one_byte[256];
extern const struct decode_row decode_two_byte[256]; /* behind 0f */
extern const struct decode_row decode_groups[GROUP_COUNT][8];

#endif
