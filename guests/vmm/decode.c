/* Instruction decoding by table: opcode to form, then prefixes, ModRM and immediate decide the
 * rest. */
#include "guests/vmm/decode.h"

#include <string.h>

#include "kernel/abi/guest.h"

enum form {
    FORM_NONE,
    FORM_LOAD,      /* reg <- r/m */
    FORM_STORE,     /* r/m <- reg */
    FORM_STORE_IMM, /* r/m <- imm, /0 */
    FORM_EXCHANGE,
    FORM_ALU_STORE,  /* r/m OP= reg, operation in bits 5:3 of the opcode */
    FORM_ALU_LOAD,   /* reg OP= r/m */
    FORM_ALU_IMM,    /* group 1: r/m OP= imm, operation in ModRM.reg */
    FORM_ALU_IMM8,   /* the same with a sign-extended byte */
    FORM_TEST,       /* r/m, reg */
    FORM_GROUP_3,    /* /0 and /1: TEST r/m, imm */
    FORM_OFFSET_IN,  /* accumulator <- moffs */
    FORM_OFFSET_OUT, /* moffs <- accumulator */
    FORM_STORE_STRING,
    FORM_MOVE_STRING,
    FORM_PORT_STRING,
    FORM_EXTEND_ZERO,    /* MOVZX from the width that the opcode says */
    FORM_EXTEND_SIGN,    /* MOVSX */
    FORM_EXTEND_SIGN_32, /* MOVSXD */
    FORM_COUNT
};

/* What an opcode is; bit 0 of it is clear for the byte form wherever both exist. */
static const uint8_t one_byte[256] = {
#define ALU(op)                                                                             \
    [(op)*8] = FORM_ALU_STORE, [(op)*8 + 1] = FORM_ALU_STORE, [(op)*8 + 2] = FORM_ALU_LOAD, \
    [(op)*8 + 3] = FORM_ALU_LOAD
    ALU(DECODE_ADD),
    ALU(DECODE_OR),
    ALU(DECODE_ADC),
    ALU(DECODE_SBB),
    ALU(DECODE_AND),
    ALU(DECODE_SUB),
    ALU(DECODE_XOR),
    ALU(DECODE_CMP),
#undef ALU
    [0x63] = FORM_EXTEND_SIGN_32,
    [0x6c] = FORM_PORT_STRING,
    [0x6d] = FORM_PORT_STRING,
    [0x6e] = FORM_PORT_STRING,
    [0x6f] = FORM_PORT_STRING,
    [0x80] = FORM_ALU_IMM,
    [0x81] = FORM_ALU_IMM,
    [0x83] = FORM_ALU_IMM8,
    [0x84] = FORM_TEST,
    [0x85] = FORM_TEST,
    [0x86] = FORM_EXCHANGE,
    [0x87] = FORM_EXCHANGE,
    [0x88] = FORM_STORE,
    [0x89] = FORM_STORE,
    [0x8a] = FORM_LOAD,
    [0x8b] = FORM_LOAD,
    [0xa0] = FORM_OFFSET_IN,
    [0xa1] = FORM_OFFSET_IN,
    [0xa2] = FORM_OFFSET_OUT,
    [0xa3] = FORM_OFFSET_OUT,
    [0xa4] = FORM_MOVE_STRING,
    [0xa5] = FORM_MOVE_STRING,
    [0xaa] = FORM_STORE_STRING,
    [0xab] = FORM_STORE_STRING,
    [0xc6] = FORM_STORE_IMM,
    [0xc7] = FORM_STORE_IMM,
    [0xf6] = FORM_GROUP_3,
    [0xf7] = FORM_GROUP_3,
};

static uint8_t two_byte(uint8_t opcode) {
    switch (opcode) {
    case 0xb6:
    case 0xb7: return FORM_EXTEND_ZERO;
    case 0xbe:
    case 0xbf: return FORM_EXTEND_SIGN;
    default: return FORM_NONE;
    }
}

/* How a form goes on after its opcode. */
static const struct {
    uint8_t operation;
    bool has_modrm;
} forms[FORM_COUNT] = {
    [FORM_LOAD] = {DECODE_LOAD,                true },
    [FORM_STORE] = {DECODE_STORE,               true },
    [FORM_STORE_IMM] = {DECODE_STORE,               true },
    [FORM_EXCHANGE] = {DECODE_EXCHANGE,            true },
    [FORM_ALU_STORE] = {DECODE_ARITHMETIC,          true },
    [FORM_ALU_LOAD] = {DECODE_ARITHMETIC_REGISTER, true },
    [FORM_ALU_IMM] = {DECODE_ARITHMETIC,          true },
    [FORM_ALU_IMM8] = {DECODE_ARITHMETIC,          true },
    [FORM_TEST] = {DECODE_TEST,                true },
    [FORM_GROUP_3] = {DECODE_TEST,                true },
    [FORM_OFFSET_IN] = {DECODE_LOAD,                false},
    [FORM_OFFSET_OUT] = {DECODE_STORE,               false},
    [FORM_STORE_STRING] = {DECODE_STORE_STRING,        false},
    [FORM_MOVE_STRING] = {DECODE_MOVE_STRING,         false},
    [FORM_PORT_STRING] = {DECODE_PORT_STRING,         false},
    [FORM_EXTEND_ZERO] = {DECODE_LOAD,                true },
    [FORM_EXTEND_SIGN] = {DECODE_LOAD,                true },
    [FORM_EXTEND_SIGN_32] = {DECODE_LOAD,                true },
};

#define REX_W 8u
#define REX_R 4u

struct cursor {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t at;
};

struct prefixes {
    bool operand_size;
    bool address_size;
    bool has_rex;
    uint8_t rex;
};

static bool take(struct cursor *cursor, uint8_t *byte) {
    if (cursor->at >= cursor->length) {
        return false;
    }
    *byte = cursor->bytes[cursor->at++];
    return true;
}

static bool skip(struct cursor *cursor, uint32_t count) {
    cursor->at += count;
    return cursor->at <= cursor->length;
}

/* COUNT bytes, little-endian, sign-extended. */
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

/* Prefixes in any order; a REX counts only right before the opcode. OPCODE gets what follows. */
static bool take_prefixes(struct cursor *cursor, enum decode_mode mode, struct decode *decode,
                          struct prefixes *prefixes, uint8_t *opcode) {
    static const uint8_t segments[6][2] = {
        {0x26, DECODE_ES},
        {0x2e, DECODE_CS},
        {0x36, DECODE_SS},
        {0x3e, DECODE_DS},
        {0x64, DECODE_FS},
        {0x65, DECODE_GS}
    };
    for (;;) {
        if (!take(cursor, opcode)) {
            return false;
        }
        bool is_prefix = true;
        switch (*opcode) {
        case 0x66: prefixes->operand_size = true; break;
        case 0x67: prefixes->address_size = true; break;
        case 0xf0: break; /* LOCK: device memory is accessed once anyway */
        case 0xf2:
        case 0xf3: decode->repeats = true; break;
        default: is_prefix = false; break;
        }
        for (unsigned i = 0; i < 6; i++) {
            if (*opcode == segments[i][0]) {
                decode->segment = segments[i][1];
                is_prefix = true;
            }
        }
        if (is_prefix) {
            prefixes->has_rex = false;
            continue;
        }
        if (mode != DECODE_MODE_64 || (*opcode & 0xf0) != 0x40) {
            break;
        }
        prefixes->has_rex = true;
        prefixes->rex = *opcode;
    }
    if (!prefixes->has_rex) {
        prefixes->rex = 0;
    }
    return true;
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

/* Skips what ModRM says of the address: SIB and displacement. False for a register operand. */
static bool skip_address(struct cursor *cursor, uint8_t modrm, uint8_t width) {
    uint8_t mod = modrm >> 6, rm = modrm & 7, sib;
    if (mod == 3) {
        return false;
    }
    if (width == 2) {
        return skip(cursor, mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0);
    }
    if (rm == 4) {
        if (!take(cursor, &sib)) {
            return false;
        }
        if (mod == 0 && (sib & 7) == 5) {
            return skip(cursor, 4);
        }
    }
    return skip(cursor, mod == 1 ? 1 : mod == 2 || rm == 5 ? 4 : 0);
}

/* Without REX, byte registers 4 to 7 are AH, CH, DH and BH. */
static void set_register(struct decode *decode, uint8_t number, bool has_rex) {
    decode->register_is_high = decode->register_width == 1 && !has_rex && number >= 4 && number < 8;
    decode->reg = decode->register_is_high ? number - 4 : number;
}

static bool take_immediate(struct cursor *cursor, enum form form, uint8_t width,
                           struct decode *decode) {
    uint32_t count = form == FORM_ALU_IMM8 ? 1u : width > 4 ? 4u : width;
    decode->has_immediate = true;
    return take_signed(cursor, count, &decode->immediate);
}

static bool finish_modrm(struct cursor *cursor, enum form form, const struct prefixes *prefixes,
                         uint8_t opcode, struct decode *decode) {
    uint8_t modrm;
    if (!take(cursor, &modrm) || !skip_address(cursor, modrm, decode->address_width)) {
        return false;
    }
    uint8_t extension = modrm >> 3 & 7;
    set_register(decode, (uint8_t)(extension | (prefixes->rex & REX_R ? 8 : 0)), prefixes->has_rex);
    switch (form) {
    case FORM_ALU_STORE:
    case FORM_ALU_LOAD: decode->arithmetic = opcode >> 3 & 7; return true;
    case FORM_ALU_IMM:
    case FORM_ALU_IMM8:
        decode->arithmetic = extension;
        return take_immediate(cursor, form, decode->width, decode);
    case FORM_STORE_IMM:
        return extension == 0 && take_immediate(cursor, form, decode->width, decode);
    case FORM_GROUP_3: return extension <= 1 && take_immediate(cursor, form, decode->width, decode);
    default: return true;
    }
}

bool decode_instruction(const uint8_t *bytes, uint32_t length, enum decode_mode mode,
                        struct decode *decode) {
    struct cursor cursor = {bytes, length < DECODE_LENGTH_MAX ? length : DECODE_LENGTH_MAX, 0};
    struct prefixes prefixes = {0};
    uint8_t opcode;
    *decode = (struct decode){0};
    if (!take_prefixes(&cursor, mode, decode, &prefixes, &opcode)) {
        return false;
    }
    enum form form = one_byte[opcode];
    if (opcode == 0x0f) {
        if (!take(&cursor, &opcode)) {
            return false;
        }
        form = two_byte(opcode);
    }
    if (form == FORM_NONE || (form == FORM_EXTEND_SIGN_32 && mode != DECODE_MODE_64)) {
        return false;
    }

    decode->operation = forms[form].operation;
    decode->address_width = address_width(mode, prefixes.address_size);
    decode->register_width = operand_width(mode, &prefixes);
    decode->width = opcode & 1 ? decode->register_width : 1;
    switch (form) {
    case FORM_EXTEND_SIGN: decode->sign_extends = true; /* fall through */
    case FORM_EXTEND_ZERO: decode->width = opcode & 1 ? 2 : 1; break;
    case FORM_EXTEND_SIGN_32:
        decode->sign_extends = true;
        decode->width = decode->register_width < 4 ? decode->register_width : 4;
        break;
    case FORM_PORT_STRING: decode->width = decode->width > 4 ? 4 : decode->width; /* fall through */
    default: decode->register_width = decode->width; break;
    }

    bool ok;
    if (forms[form].has_modrm) {
        ok = finish_modrm(&cursor, form, &prefixes, opcode, decode);
    } else {
        decode->reg = GPR_RAX;
        bool has_offset = form == FORM_OFFSET_IN || form == FORM_OFFSET_OUT;
        ok = skip(&cursor, has_offset ? decode->address_width : 0);
    }
    decode->length = (uint8_t)cursor.at;
    return ok;
}
