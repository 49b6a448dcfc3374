/* Instruction decoding by table: prefixes, opcode to row, then ModRM, address and immediate. */
#include "guests/vmm/decode.h"

#include "guests/vmm/decode_table.h"
#include "kernel/abi/guest.h"

#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

#define OPCODE_IMMEDIATE_BYTE 0x82u /* group 1 again, outside 64-bit code */

struct cursor {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t at;
};

/* What the prefixes say and the description has no place for. */
struct prefixes {
    bool operand_size;
    bool address_size;
    bool has_rex;
    bool has_segment;
    uint8_t rex;
};

struct decoder {
    struct cursor cursor;
    struct prefixes prefixes;
    enum decode_mode mode;
    struct decode *decode;
};

/* --- Bytes --- */

static bool take(struct cursor *cursor, uint8_t *byte) {
    if (cursor->at >= cursor->length) {
        return false;
    }
    *byte = cursor->bytes[cursor->at++];
    return true;
}

/* COUNT bytes, little-endian, sign-extended; none are 0. */
static bool take_signed(struct cursor *cursor, uint32_t count, uint64_t *value) {
    uint64_t result = 0;
    uint8_t byte = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!take(cursor, &byte)) {
            return false;
        }
        result |= (uint64_t)byte << (8 * i);
    }
    if (count < 8 && (byte & 0x80)) {
        result |= UINT64_MAX << (8 * count);
    }
    *value = result;
    return true;
}

/* --- Prefixes --- */

/* Of the four old segments' prefixes, 64-bit code ignores all, even after one that it heeds. */
static void take_segment(struct decoder *decoder, uint8_t segment) {
    if (decoder->mode != DECODE_MODE_64 || segment >= DECODE_FS) {
        decoder->decode->segment = segment;
        decoder->prefixes.has_segment = true;
    }
}

/* Prefixes in any order; a REX counts only right before the opcode. OPCODE gets what follows. */
static bool take_prefixes(struct decoder *decoder, uint8_t *opcode) {
    struct prefixes *prefixes = &decoder->prefixes;
    for (;;) {
        if (!take(&decoder->cursor, opcode)) {
            return false;
        }
        const struct decode_row *row = &decode_one_byte[*opcode];
        if (row->shape != SHAPE_PREFIX) {
            return true;
        }
        prefixes->has_rex = false;
        prefixes->rex = 0;
        switch (row->operation) {
        case PREFIX_SEGMENT: take_segment(decoder, row->arithmetic); break;
        case PREFIX_OPERAND_SIZE: prefixes->operand_size = true; break;
        case PREFIX_ADDRESS_SIZE: prefixes->address_size = true; break;
        case PREFIX_LOCK: decoder->decode->is_locked = true; break;
        case PREFIX_REPEAT: decoder->decode->repeat = row->arithmetic; break;
        default: /* REX; elsewhere INC and DEC of a register */
            if (decoder->mode != DECODE_MODE_64) {
                return false;
            }
            prefixes->has_rex = true;
            prefixes->rex = *opcode;
            break;
        }
    }
}

static uint8_t address_width(enum decode_mode mode, bool prefix) {
    static const uint8_t widths[][2] = {
        [DECODE_MODE_16] = {2, 4},
          [DECODE_MODE_32] = {4, 2},
          [DECODE_MODE_64] = {8, 4}
    };
    return widths[mode][prefix];
}

static uint8_t operand_width(enum decode_mode mode, const struct prefixes *prefixes) {
    if (prefixes->rex & REX_W) {
        return 8;
    }
    return (mode == DECODE_MODE_16) != prefixes->operand_size ? 2 : 4;
}

/* --- ModRM --- */

static uint8_t extended(const struct decoder *decoder, unsigned number, uint8_t rex_bit) {
    return (uint8_t)(number | (decoder->prefixes.rex & rex_bit ? 8u : 0));
}

static bool take_address_16(struct decoder *decoder, uint8_t mod, uint8_t rm) {
    static const uint8_t bases[8] = {GPR_RBX, GPR_RBX, GPR_RBP, GPR_RBP,
                                     GPR_RSI, GPR_RDI, GPR_RBP, GPR_RBX};
    static const uint8_t indexes[8] = {
        GPR_RSI,
        GPR_RDI,
        GPR_RSI,
        GPR_RDI,
        DECODE_REGISTER_NONE,
        DECODE_REGISTER_NONE,
        DECODE_REGISTER_NONE,
        DECODE_REGISTER_NONE,
    };
    struct decode *decode = decoder->decode;
    if (mod == 0 && rm == 6) {
        return take_signed(&decoder->cursor, 2, &decode->offset);
    }
    decode->base = bases[rm];
    decode->index = indexes[rm];
    return take_signed(&decoder->cursor, mod, &decode->offset); /* mod 1: a byte, mod 2: two */
}

static bool take_sib(struct decoder *decoder, uint8_t mod) {
    struct decode *decode = decoder->decode;
    uint8_t sib;
    if (!take(&decoder->cursor, &sib)) {
        return false;
    }
    uint8_t index = extended(decoder, sib >> 3 & 7, REX_X);
    if (index != GPR_RSP) {
        decode->index = index;
        decode->scale = sib >> 6;
    }
    if (mod == 0 && (sib & 7) == GPR_RBP) {
        return take_signed(&decoder->cursor, 4, &decode->offset);
    }
    decode->base = extended(decoder, sib & 7, REX_B);
    return true;
}

static bool take_address_32(struct decoder *decoder, uint8_t mod, uint8_t rm) {
    struct decode *decode = decoder->decode;
    if (rm == GPR_RSP) {
        if (!take_sib(decoder, mod)) {
            return false;
        }
    } else if (mod == 0 && rm == GPR_RBP) {
        if (decoder->mode == DECODE_MODE_64) {
            decode->base = DECODE_REGISTER_RIP;
        }
        return take_signed(&decoder->cursor, 4, &decode->offset);
    } else {
        decode->base = extended(decoder, rm, REX_B);
    }
    if (mod == 0) {
        return true;
    }
    return take_signed(&decoder->cursor, mod == 1 ? 1 : 4, &decode->offset);
}

/* False also for a register operand: such an instruction touches no memory. */
static bool take_address(struct decoder *decoder, uint8_t modrm) {
    struct decode *decode = decoder->decode;
    uint8_t mod = modrm >> 6, rm = modrm & 7;
    if (mod == 3) {
        return false;
    }
    bool ok = decode->address_width == 2 ? take_address_16(decoder, mod, rm)
                                         : take_address_32(decoder, mod, rm);
    if (!decoder->prefixes.has_segment && (decode->base == GPR_RSP || decode->base == GPR_RBP)) {
        decode->segment = DECODE_SS;
    }
    return ok;
}

/* --- Operands --- */

/* Without REX, byte registers 4 to 7 are AH, CH, DH and BH. */
static void set_register(const struct decoder *decoder, uint8_t number) {
    struct decode *decode = decoder->decode;
    decode->register_is_high = decode->register_width == 1 && !decoder->prefixes.has_rex &&
                               number >= 4;
    decode->reg = decode->register_is_high ? number - 4 : number;
}

static void set_widths(const struct decoder *decoder, const struct decode_row *row,
                       uint8_t opcode) {
    struct decode *decode = decoder->decode;
    uint8_t full = operand_width(decoder->mode, &decoder->prefixes);
    decode->width = row->width == WIDTH_FULL || (opcode & 1) ? full : 1;
    decode->register_width = decode->width;
    switch (row->shape) {
    case SHAPE_SELECTOR: decode->width = 2; break;
    case SHAPE_STACK:
        if (decoder->mode == DECODE_MODE_64 && full == 4) {
            decode->width = 8;
        }
        break;
    case SHAPE_EXTENDED:
        decode->register_width = full;
        decode->width = opcode & 1 ? 2 : 1;
        break;
    case SHAPE_EXTENDED_32:
        decode->register_width = full;
        decode->width = full < 4 ? full : 4;
        break;
    case SHAPE_PORT_STRING:
        if (decode->width == 8) {
            decode->width = 4;
        }
        break;
    default: break;
    }
}

static bool take_immediate(struct decoder *decoder, uint32_t count) {
    struct decode *decode = decoder->decode;
    decode->has_immediate = true;
    return take_signed(&decoder->cursor, count, &decode->immediate);
}

/* What follows ModRM's address. */
static bool take_operands(struct decoder *decoder, const struct decode_row *row, uint8_t modrm) {
    struct decode *decode = decoder->decode;
    uint8_t number = modrm >> 3 & 7;
    switch (row->shape) {
    case SHAPE_SELECTOR: decode->reg = number; return number < DECODE_SEGMENT_COUNT;
    case SHAPE_IMMEDIATE: return take_immediate(decoder, decode->width > 4 ? 4 : decode->width);
    case SHAPE_IMMEDIATE_8: return take_immediate(decoder, 1);
    case SHAPE_MEMORY:
    case SHAPE_STACK: return true;
    default: set_register(decoder, extended(decoder, number, REX_R)); return true;
    }
}

static bool take_modrm(struct decoder *decoder, const struct decode_row *row, uint8_t opcode) {
    uint8_t modrm;
    if (!take(&decoder->cursor, &modrm)) {
        return false;
    }
    if (row->shape == SHAPE_GROUP) {
        row = &decode_groups[row->operation][modrm >> 3 & 7];
        if (row->shape == SHAPE_NONE) {
            return false;
        }
    }
    struct decode *decode = decoder->decode;
    decode->operation = row->operation;
    decode->arithmetic = row->arithmetic;
    set_widths(decoder, row, opcode);
    return take_address(decoder, modrm) && take_operands(decoder, row, modrm);
}

/* Moves between the accumulator and an address in the instruction, which is not extended. */
static bool take_offset(struct decoder *decoder) {
    struct decode *decode = decoder->decode;
    if (!take_signed(&decoder->cursor, decode->address_width, &decode->offset)) {
        return false;
    }
    if (decode->address_width < 8) {
        decode->offset &= (1ull << (8 * decode->address_width)) - 1;
    }
    return true;
}

static bool take_rest(struct decoder *decoder, const struct decode_row *row, uint8_t opcode) {
    struct decode *decode = decoder->decode;
    switch (row->shape) {
    case SHAPE_NONE: return false;
    case SHAPE_STRING:
    case SHAPE_PORT_STRING:
    case SHAPE_OFFSET:
        decode->operation = row->operation;
        decode->reg = GPR_RAX;
        set_widths(decoder, row, opcode);
        return row->shape != SHAPE_OFFSET || take_offset(decoder);
    default: return take_modrm(decoder, row, opcode);
    }
}

bool decode_instruction(const uint8_t *bytes, uint32_t length, enum decode_mode mode,
                        struct decode *decode) {
    struct decoder decoder = {
        .cursor = {bytes, length < DECODE_LENGTH_MAX ? length : DECODE_LENGTH_MAX, 0},
        .mode = mode,
        .decode = decode
    };
    uint8_t opcode;
    *decode = (struct decode){.segment = DECODE_DS,
                              .base = DECODE_REGISTER_NONE,
                              .index = DECODE_REGISTER_NONE};
    if (!take_prefixes(&decoder, &opcode)) {
        return false;
    }
    const struct decode_row *row = &decode_one_byte[opcode];
    decode->address_width = address_width(mode, decoder.prefixes.address_size);
    if (row->shape == SHAPE_ESCAPE) {
        if (!take(&decoder.cursor, &opcode)) {
            return false;
        }
        row = &decode_two_byte[opcode];
    } else if ((opcode == OPCODE_IMMEDIATE_BYTE && mode == DECODE_MODE_64) ||
               (row->shape == SHAPE_EXTENDED_32 && mode != DECODE_MODE_64)) {
        return false;
    }
    bool ok = take_rest(&decoder, row, opcode);
    decode->sign_extends = decode->operation == DECODE_LOAD && decode->arithmetic != 0;
    decode->length = (uint8_t)decoder.cursor.at;
    return ok;
}

/* SDM Vol. 2, "LOCK": only these, and only if they write their memory operand. */
bool decode_may_be_locked(const struct decode *decode) {
    switch (decode->operation) {
    case DECODE_ARITHMETIC: return decode->arithmetic != DECODE_CMP;
    case DECODE_EXCHANGE:
    case DECODE_NOT:
    case DECODE_NEGATE:
    case DECODE_INCREMENT:
    case DECODE_DECREMENT:
    case DECODE_COMPARE_EXCHANGE:
    case DECODE_EXCHANGE_ADD:
    case DECODE_BIT_SET:
    case DECODE_BIT_RESET:
    case DECODE_BIT_COMPLEMENT: return true;
    default: return false;
    }
}
