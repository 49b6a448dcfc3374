/* The opcode map. Rows that are not here are instructions that no driver uses on a device. */
#include "guests/vmm/decode_table.h"

#include "guests/vmm/decode.h"

/* The first four opcodes of each operation; two more have no memory operand. */
#define ARITHMETIC(op)                                                  \
    [(op)*8] = {SHAPE_REGISTER, DECODE_ARITHMETIC, op, 0},              \
    [(op)*8 + 1] = {SHAPE_REGISTER, DECODE_ARITHMETIC, op, 0},          \
    [(op)*8 + 2] = {SHAPE_REGISTER, DECODE_ARITHMETIC_REGISTER, op, 0}, \
    [(op)*8 + 3] = {SHAPE_REGISTER, DECODE_ARITHMETIC_REGISTER, op, 0}

/* The byte form and the wide one. */
#define BOTH(opcode, shape, operation) \
    [opcode] = {shape, operation, 0, 0}, [(opcode) + 1] = {shape, operation, 0, 0}

#define PREFIX(opcode, prefix, what) [opcode] = {SHAPE_PREFIX, prefix, what, 0}

const struct decode_row decode_one_byte[256] = {
    ARITHMETIC(DECODE_ADD),
    ARITHMETIC(DECODE_OR),
    ARITHMETIC(DECODE_ADC),
    ARITHMETIC(DECODE_SBB),
    ARITHMETIC(DECODE_AND),
    ARITHMETIC(DECODE_SUB),
    ARITHMETIC(DECODE_XOR),
    ARITHMETIC(DECODE_CMP),
    [0x0f] = {SHAPE_ESCAPE,      0,                    0, 0},
    PREFIX(0x26, PREFIX_SEGMENT, DECODE_ES),
    PREFIX(0x2e, PREFIX_SEGMENT, DECODE_CS),
    PREFIX(0x36, PREFIX_SEGMENT, DECODE_SS),
    PREFIX(0x3e, PREFIX_SEGMENT, DECODE_DS),
    PREFIX(0x40, PREFIX_REX, 0),
    PREFIX(0x41, PREFIX_REX, 0),
    PREFIX(0x42, PREFIX_REX, 0),
    PREFIX(0x43, PREFIX_REX, 0),
    PREFIX(0x44, PREFIX_REX, 0),
    PREFIX(0x45, PREFIX_REX, 0),
    PREFIX(0x46, PREFIX_REX, 0),
    PREFIX(0x47, PREFIX_REX, 0),
    PREFIX(0x48, PREFIX_REX, 0),
    PREFIX(0x49, PREFIX_REX, 0),
    PREFIX(0x4a, PREFIX_REX, 0),
    PREFIX(0x4b, PREFIX_REX, 0),
    PREFIX(0x4c, PREFIX_REX, 0),
    PREFIX(0x4d, PREFIX_REX, 0),
    PREFIX(0x4e, PREFIX_REX, 0),
    PREFIX(0x4f, PREFIX_REX, 0),
    [0x63] = {SHAPE_EXTENDED_32, DECODE_LOAD,          1, 0},
    PREFIX(0x64, PREFIX_SEGMENT, DECODE_FS),
    PREFIX(0x65, PREFIX_SEGMENT, DECODE_GS),
    PREFIX(0x66, PREFIX_OPERAND_SIZE, 0),
    PREFIX(0x67, PREFIX_ADDRESS_SIZE, 0),
    BOTH(0x6c, SHAPE_PORT_STRING, DECODE_PORT_IN_STRING),
    BOTH(0x6e, SHAPE_PORT_STRING, DECODE_PORT_OUT_STRING),
    BOTH(0x80, SHAPE_GROUP, GROUP_1),
    [0x82] = {SHAPE_GROUP,       GROUP_1,              0, 0}, /* not in 64-bit code */
    [0x83] = {SHAPE_GROUP,       GROUP_1_8,            0, 0},
    BOTH(0x84, SHAPE_REGISTER, DECODE_TEST),
    BOTH(0x86, SHAPE_REGISTER, DECODE_EXCHANGE),
    BOTH(0x88, SHAPE_REGISTER, DECODE_STORE),
    BOTH(0x8a, SHAPE_REGISTER, DECODE_LOAD),
    [0x8c] = {SHAPE_SELECTOR,    DECODE_STORE_SEGMENT, 0, 0},
    [0x8f] = {SHAPE_GROUP,       GROUP_1A,             0, 0},
    BOTH(0xa0, SHAPE_OFFSET, DECODE_LOAD),
    BOTH(0xa2, SHAPE_OFFSET, DECODE_STORE),
    BOTH(0xa4, SHAPE_STRING, DECODE_MOVE_STRING),
    BOTH(0xa6, SHAPE_STRING, DECODE_COMPARE_STRING),
    BOTH(0xaa, SHAPE_STRING, DECODE_STORE_STRING),
    BOTH(0xac, SHAPE_STRING, DECODE_LOAD_STRING),
    BOTH(0xae, SHAPE_STRING, DECODE_SCAN_STRING),
    BOTH(0xc6, SHAPE_GROUP, GROUP_11),
    PREFIX(0xf0, PREFIX_LOCK, 0),
    PREFIX(0xf2, PREFIX_REPEAT, DECODE_WHILE_NOT_EQUAL),
    PREFIX(0xf3, PREFIX_REPEAT, DECODE_WHILE_EQUAL),
    BOTH(0xf6, SHAPE_GROUP, GROUP_3),
    [0xfe] = {SHAPE_GROUP,       GROUP_4,              0, 0},
    [0xff] = {SHAPE_GROUP,       GROUP_5,              0, 0},
};

const struct decode_row decode_two_byte[256] = {
    [0xa3] = {SHAPE_REGISTER, DECODE_BIT_TEST,       0, WIDTH_FULL},
    [0xab] = {SHAPE_REGISTER, DECODE_BIT_SET,        0, WIDTH_FULL},
    BOTH(0xb0, SHAPE_REGISTER, DECODE_COMPARE_EXCHANGE),
    [0xb3] = {SHAPE_REGISTER, DECODE_BIT_RESET,      0, WIDTH_FULL},
    BOTH(0xb6, SHAPE_EXTENDED, DECODE_LOAD),
    [0xba] = {SHAPE_GROUP,    GROUP_8,               0, 0         },
    [0xbb] = {SHAPE_REGISTER, DECODE_BIT_COMPLEMENT, 0, WIDTH_FULL},
    [0xbe] = {SHAPE_EXTENDED, DECODE_LOAD,           1, 0         },
    [0xbf] = {SHAPE_EXTENDED, DECODE_LOAD,           1, 0         },
    BOTH(0xc0, SHAPE_REGISTER, DECODE_EXCHANGE_ADD),
};

#define GROUP_1_ROWS(shape)                                                                       \
    {                                                                                             \
        {shape, DECODE_ARITHMETIC, DECODE_ADD, 0}, {shape, DECODE_ARITHMETIC, DECODE_OR, 0},      \
            {shape, DECODE_ARITHMETIC, DECODE_ADC, 0}, {shape, DECODE_ARITHMETIC, DECODE_SBB, 0}, \
            {shape, DECODE_ARITHMETIC, DECODE_AND, 0}, {shape, DECODE_ARITHMETIC, DECODE_SUB, 0}, \
            {shape, DECODE_ARITHMETIC, DECODE_XOR, 0}, {shape, DECODE_ARITHMETIC, DECODE_CMP, 0}, \
    }

const struct decode_row decode_groups[GROUP_COUNT][8] = {
    [GROUP_1] = GROUP_1_ROWS(SHAPE_IMMEDIATE),
    [GROUP_1_8] = GROUP_1_ROWS(SHAPE_IMMEDIATE_8),
    [GROUP_1A] = {[0] = {SHAPE_STACK, DECODE_POP, 0, 0}       },
 /* Row 1 of group 3 is a second TEST, which the manual does not list and every processor has. */
    [GROUP_3] = {[0] = {SHAPE_IMMEDIATE, DECODE_TEST, 0, 0},
                  [1] = {SHAPE_IMMEDIATE, DECODE_TEST, 0, 0},
                  [2] = {SHAPE_MEMORY, DECODE_NOT, 0, 0},
                  [3] = {SHAPE_MEMORY, DECODE_NEGATE, 0, 0}},
    [GROUP_4] = {[0] = {SHAPE_MEMORY, DECODE_INCREMENT, 0, 0},
                  [1] = {SHAPE_MEMORY, DECODE_DECREMENT, 0, 0}},
    [GROUP_5] = {[0] = {SHAPE_MEMORY, DECODE_INCREMENT, 0, 0},
                  [1] = {SHAPE_MEMORY, DECODE_DECREMENT, 0, 0},
                  [6] = {SHAPE_STACK, DECODE_PUSH, 0, 0}},
    [GROUP_8] = {[4] = {SHAPE_IMMEDIATE_8, DECODE_BIT_TEST, 0, WIDTH_FULL},
                  [5] = {SHAPE_IMMEDIATE_8, DECODE_BIT_SET, 0, WIDTH_FULL},
                  [6] = {SHAPE_IMMEDIATE_8, DECODE_BIT_RESET, 0, WIDTH_FULL},
                  [7] = {SHAPE_IMMEDIATE_8, DECODE_BIT_COMPLEMENT, 0, WIDTH_FULL}},
    [GROUP_11] = {[0] = {SHAPE_IMMEDIATE, DECODE_STORE, 0, 0}},
};
