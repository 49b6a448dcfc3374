/*
 * A decoded instruction as text, in the manual's order of operands: "lock add DWORD PTR
 * ss:[rbp+rcx*4+0x10],eax". Segment and displacement are always there, immediates have the
 * operand's width, MOVSXD is a movsx and MOVZX a mov whose operands differ in width: so one meaning
 * has one text.
 */
#ifndef BULKHEAD_TESTS_VMM_DECODE_TEXT_H
#define BULKHEAD_TESTS_VMM_DECODE_TEXT_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guests/vmm/decode.h"
#include "kernel/abi/guest.h"

struct decode_text {
    char text[160];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static inline void decode_text_add(struct decode_text *out,
                                                                         const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    out->used += (size_t)vsnprintf(out->text + out->used, sizeof(out->text) - out->used, format,
                                   arguments);
    va_end(arguments);
}

static const char *const decode_text_segments[] = {"es", "cs", "ss", "ds", "fs", "gs"};

static inline const char *decode_text_register(unsigned number, unsigned width, bool is_high) {
    static const char *const high[] = {"ah", "ch", "dh", "bh"};
    static const char *const names[4][16] = {
        {"al",  "cl",  "dl",  "bl",  "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b",
         "r13b",                                                                                               "r14b", "r15b"},
        {"ax",  "cx",  "dx",  "bx",  "sp",  "bp",  "si",  "di",  "r8w", "r9w", "r10w", "r11w", "r12w",
         "r13w",                                                                                               "r14w", "r15w"},
        {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d",
         "r12d",                                                                                       "r13d", "r14d", "r15d"},
        {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",  "r9",  "r10",  "r11",  "r12",
         "r13",                                                                                                "r14",  "r15" },
    };
    if (is_high) {
        return number < 4 ? high[number] : "?";
    }
    return number < 16 ? names[__builtin_ctz(width)][number] : "?";
}

static inline uint64_t decode_text_mask(uint64_t value, unsigned width) {
    return width >= 8 ? value : value & ((1ull << (8 * width)) - 1);
}

static inline const char *decode_text_width(unsigned width) {
    static const char *const words[] = {"BYTE", "WORD", "DWORD", "QWORD"};
    return words[__builtin_ctz(width)];
}

static inline void decode_text_memory(struct decode_text *out, const struct decode *decode) {
    unsigned width = decode->address_width;
    decode_text_add(out, "%s PTR %s:[", decode_text_width(decode->width),
                    decode_text_segments[decode->segment]);
    if (decode->base == DECODE_REGISTER_RIP) {
        decode_text_add(out, "%s+", width == 8 ? "rip" : "eip");
    } else if (decode->base != DECODE_REGISTER_NONE) {
        decode_text_add(out, "%s+", decode_text_register(decode->base, width, false));
    }
    if (decode->index != DECODE_REGISTER_NONE) {
        decode_text_add(out, "%s*%u+", decode_text_register(decode->index, width, false),
                        1u << decode->scale);
    }
    decode_text_add(out, "0x%" PRIx64 "]", decode_text_mask(decode->offset, width));
}

static inline void decode_text_string_end(struct decode_text *out, const struct decode *decode,
                                          unsigned reg, unsigned segment) {
    decode_text_add(out, "%s PTR %s:[%s+0x0]", decode_text_width(decode->width),
                    decode_text_segments[segment],
                    decode_text_register(reg, decode->address_width, false));
}

static inline void decode_text_source(struct decode_text *out, const struct decode *decode) {
    if (decode->has_immediate) {
        bool is_bit = decode->operation >= DECODE_BIT_TEST &&
                      decode->operation <= DECODE_BIT_COMPLEMENT;
        decode_text_add(out, "0x%" PRIx64,
                        decode_text_mask(decode->immediate, is_bit ? 1 : decode->width));
    } else {
        decode_text_add(out, "%s",
                        decode_text_register(decode->reg, decode->register_width,
                                             decode->register_is_high));
    }
}

static inline const char *decode_text_mnemonic(const struct decode *decode) {
    static const char *const arithmetic[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
    static const char *const names[DECODE_OPERATION_COUNT] = {
        [DECODE_STORE] = "mov",
        [DECODE_STORE_SEGMENT] = "mov",
        [DECODE_EXCHANGE] = "xchg",
        [DECODE_TEST] = "test",
        [DECODE_NOT] = "not",
        [DECODE_NEGATE] = "neg",
        [DECODE_INCREMENT] = "inc",
        [DECODE_DECREMENT] = "dec",
        [DECODE_COMPARE_EXCHANGE] = "cmpxchg",
        [DECODE_EXCHANGE_ADD] = "xadd",
        [DECODE_BIT_TEST] = "bt",
        [DECODE_BIT_SET] = "bts",
        [DECODE_BIT_RESET] = "btr",
        [DECODE_BIT_COMPLEMENT] = "btc",
        [DECODE_PUSH] = "push",
        [DECODE_POP] = "pop",
        [DECODE_STORE_STRING] = "stos",
        [DECODE_LOAD_STRING] = "lods",
        [DECODE_MOVE_STRING] = "movs",
        [DECODE_COMPARE_STRING] = "cmps",
        [DECODE_SCAN_STRING] = "scas",
        [DECODE_PORT_IN_STRING] = "ins",
        [DECODE_PORT_OUT_STRING] = "outs",
    };
    switch (decode->operation) {
    case DECODE_ARITHMETIC:
    case DECODE_ARITHMETIC_REGISTER: return arithmetic[decode->arithmetic];
    case DECODE_LOAD: return decode->sign_extends ? "movsx" : "mov";
    default: return names[decode->operation];
    }
}

static inline bool decode_text_is_string(const struct decode *decode) {
    return decode->operation >= DECODE_STORE_STRING;
}

static inline void decode_text_operands(struct decode_text *out, const struct decode *decode) {
    switch (decode->operation) {
    case DECODE_LOAD:
    case DECODE_ARITHMETIC_REGISTER:
        decode_text_source(out, decode);
        decode_text_add(out, ",");
        decode_text_memory(out, decode);
        break;
    case DECODE_NOT:
    case DECODE_NEGATE:
    case DECODE_INCREMENT:
    case DECODE_DECREMENT:
    case DECODE_PUSH:
    case DECODE_POP: decode_text_memory(out, decode); break;
    case DECODE_STORE_SEGMENT:
        decode_text_memory(out, decode);
        decode_text_add(out, ",%s", decode_text_segments[decode->reg]);
        break;
    case DECODE_STORE_STRING:
        decode_text_string_end(out, decode, GPR_RDI, DECODE_ES);
        decode_text_add(out, ",%s", decode_text_register(GPR_RAX, decode->width, false));
        break;
    case DECODE_LOAD_STRING:
        decode_text_add(out, "%s,", decode_text_register(GPR_RAX, decode->width, false));
        decode_text_string_end(out, decode, GPR_RSI, decode->segment);
        break;
    case DECODE_MOVE_STRING:
        decode_text_string_end(out, decode, GPR_RDI, DECODE_ES);
        decode_text_add(out, ",");
        decode_text_string_end(out, decode, GPR_RSI, decode->segment);
        break;
    case DECODE_COMPARE_STRING:
        decode_text_string_end(out, decode, GPR_RSI, decode->segment);
        decode_text_add(out, ",");
        decode_text_string_end(out, decode, GPR_RDI, DECODE_ES);
        break;
    case DECODE_SCAN_STRING:
        decode_text_add(out, "%s,", decode_text_register(GPR_RAX, decode->width, false));
        decode_text_string_end(out, decode, GPR_RDI, DECODE_ES);
        break;
    case DECODE_PORT_IN_STRING:
        decode_text_string_end(out, decode, GPR_RDI, DECODE_ES);
        decode_text_add(out, ",dx");
        break;
    case DECODE_PORT_OUT_STRING:
        decode_text_add(out, "dx,");
        decode_text_string_end(out, decode, GPR_RSI, decode->segment);
        break;
    default:
        decode_text_memory(out, decode);
        decode_text_add(out, ",");
        decode_text_source(out, decode);
        break;
    }
}

static inline struct decode_text decode_text(const struct decode *decode) {
    static const char *const repeats[] = {"", "rep ", "repne "};
    struct decode_text out = {.used = 0};
    decode_text_add(&out, "%s%s%s ", decode->is_locked ? "lock " : "",
                    decode_text_is_string(decode) ? repeats[decode->repeat] : "",
                    decode_text_mnemonic(decode));
    decode_text_operands(&out, decode);
    return out;
}

#endif
