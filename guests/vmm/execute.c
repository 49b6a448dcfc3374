/* One row an operation: how it touches memory, and what it makes of what it finds there. */
#include "guests/vmm/execute.h"

#include <stddef.h>

#include "guests/vmm/flags.h"
#include "guests/vmm/operand.h"

#define FLAGS_CF (1ull << 0)
#define FLAGS_ZF (1ull << 6)

#define SEGMENT_BIG (1u << 14)

static uint64_t get_source(const struct vcpu_page *page, const struct decode *decode) {
    if (decode->has_immediate) {
        return decode->immediate & emulate_mask(decode->width);
    }
    if (decode->register_is_high) {
        return emulate_get_register(page, decode->reg, 2) >> 8;
    }
    return emulate_get_register(page, decode->reg, decode->register_width);
}

static void set_destination(struct vcpu_page *page, const struct decode *decode, uint64_t value) {
    if (decode->register_is_high) {
        uint64_t low = emulate_get_register(page, decode->reg, 1);
        emulate_set_register(page, decode->reg, 2, (value & 0xff) << 8 | low);
    } else {
        emulate_set_register(page, decode->reg, decode->register_width, value);
    }
}

static void set_flags(struct vcpu_page *page, uint64_t rflags) {
    page->rflags = rflags;
    page->dirty |= VCPU_DIRTY_RFLAGS;
}

static uint64_t arithmetic(struct vcpu_page *page, unsigned operation, unsigned width,
                           uint64_t left, uint64_t right) {
    uint64_t rflags = page->rflags;
    uint64_t result = flags_arithmetic(operation, width, left, right, &rflags);
    set_flags(page, rflags);
    return result;
}

/* --- What an operation makes of the memory operand's VALUE: the new value, where it has one --- */

static uint64_t load(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    if (decode->sign_extends && (value >> (8 * decode->width - 1) & 1)) {
        value |= ~emulate_mask(decode->width);
    }
    set_destination(emulate->page, decode, value);
    return value;
}

static uint64_t store(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    (void)value;
    return get_source(emulate->page, decode);
}

static uint64_t store_segment(struct emulate *emulate, const struct decode *decode,
                              uint64_t value) {
    (void)value;
    return emulate_segment(emulate, decode->reg)->selector;
}

static uint64_t exchange(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    uint64_t source = get_source(emulate->page, decode);
    set_destination(emulate->page, decode, value);
    return source;
}

static uint64_t arithmetic_memory(struct emulate *emulate, const struct decode *decode,
                                  uint64_t value) {
    struct vcpu_page *page = emulate->page;
    return arithmetic(page, decode->arithmetic, decode->width, value, get_source(page, decode));
}

static uint64_t arithmetic_register(struct emulate *emulate, const struct decode *decode,
                                    uint64_t value) {
    struct vcpu_page *page = emulate->page;
    uint64_t result = arithmetic(page, decode->arithmetic, decode->width, get_source(page, decode),
                                 value);
    if (decode->arithmetic != DECODE_CMP) {
        set_destination(page, decode, result);
    }
    return value;
}

static uint64_t test(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    struct vcpu_page *page = emulate->page;
    arithmetic(page, DECODE_AND, decode->width, value, get_source(page, decode));
    return value;
}

static uint64_t invert(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    (void)emulate;
    (void)decode;
    return ~value;
}

static uint64_t negate(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    return arithmetic(emulate->page, DECODE_SUB, decode->width, 0, value);
}

/* ADD or SUB of 1 that leaves CF alone. */
static uint64_t step(struct emulate *emulate, const struct decode *decode, unsigned operation,
                     uint64_t value) {
    struct vcpu_page *page = emulate->page;
    uint64_t carry = page->rflags & FLAGS_CF;
    uint64_t result = arithmetic(page, operation, decode->width, value, 1);
    set_flags(page, (page->rflags & ~FLAGS_CF) | carry);
    return result;
}

static uint64_t increment(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    return step(emulate, decode, DECODE_ADD, value);
}

static uint64_t decrement(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    return step(emulate, decode, DECODE_SUB, value);
}

/* Memory is written in either case, as processors do (SDM Vol. 2, "CMPXCHG"). */
static uint64_t compare_exchange(struct emulate *emulate, const struct decode *decode,
                                 uint64_t value) {
    struct vcpu_page *page = emulate->page;
    unsigned width = decode->width;
    arithmetic(page, DECODE_CMP, width, emulate_get_register(page, GPR_RAX, width), value);
    if (page->rflags & FLAGS_ZF) {
        return get_source(page, decode);
    }
    emulate_set_register(page, GPR_RAX, width, value);
    return value;
}

static uint64_t exchange_add(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    struct vcpu_page *page = emulate->page;
    uint64_t sum = arithmetic(page, DECODE_ADD, decode->width, value, get_source(page, decode));
    set_destination(page, decode, value);
    return sum;
}

/* The bit in CF; the other flags, which the manual leaves open, stay. */
static uint64_t bit(struct emulate *emulate, const struct decode *decode, uint64_t value) {
    struct vcpu_page *page = emulate->page;
    uint64_t number = (decode->has_immediate ? decode->immediate : get_source(page, decode)) &
                      (8u * decode->width - 1);
    uint64_t mask = 1ull << number;
    set_flags(page, (page->rflags & ~FLAGS_CF) | (value & mask ? FLAGS_CF : 0));
    switch (decode->operation) {
    case DECODE_BIT_SET: return value | mask;
    case DECODE_BIT_RESET: return value & ~mask;
    case DECODE_BIT_COMPLEMENT: return value ^ mask;
    default: return value;
    }
}

static const struct {
    uint8_t access; /* enum operand_access */
    uint64_t (*change)(struct emulate *emulate, const struct decode *decode, uint64_t value);
} operations[DECODE_OPERATION_COUNT] = {
    [DECODE_LOAD] = {OPERAND_READ,   load               },
    [DECODE_STORE] = {OPERAND_WRITE,  store              },
    [DECODE_STORE_SEGMENT] = {OPERAND_WRITE,  store_segment      },
    [DECODE_EXCHANGE] = {OPERAND_CHANGE, exchange           },
    [DECODE_ARITHMETIC] = {OPERAND_CHANGE, arithmetic_memory  },
    [DECODE_ARITHMETIC_REGISTER] = {OPERAND_READ,   arithmetic_register},
    [DECODE_TEST] = {OPERAND_READ,   test               },
    [DECODE_NOT] = {OPERAND_CHANGE, invert             },
    [DECODE_NEGATE] = {OPERAND_CHANGE, negate             },
    [DECODE_INCREMENT] = {OPERAND_CHANGE, increment          },
    [DECODE_DECREMENT] = {OPERAND_CHANGE, decrement          },
    [DECODE_COMPARE_EXCHANGE] = {OPERAND_CHANGE, compare_exchange   },
    [DECODE_EXCHANGE_ADD] = {OPERAND_CHANGE, exchange_add       },
    [DECODE_BIT_TEST] = {OPERAND_READ,   bit                },
    [DECODE_BIT_SET] = {OPERAND_CHANGE, bit                },
    [DECODE_BIT_RESET] = {OPERAND_CHANGE, bit                },
    [DECODE_BIT_COMPLEMENT] = {OPERAND_CHANGE, bit                },
};

/* --- Where the operand is --- */

/* A bit's number in a register reaches beyond the operand, to both sides (SDM Vol. 2, "BT"). */
static uint64_t bit_distance(const struct vcpu_page *page, const struct decode *decode) {
    uint64_t sign = 1ull << (8 * decode->width - 1);
    uint64_t number = ((get_source(page, decode) & emulate_mask(decode->width)) ^ sign) - sign;
    uint64_t bytes = number >> 3 | (number & 1ull << 63 ? ~(UINT64_MAX >> 3) : 0);
    return bytes & ~(uint64_t)(decode->width - 1);
}

static uint64_t place(const struct vcpu_page *page, const struct decode *decode) {
    uint64_t offset = operand_offset(page, decode);
    if (decode->operation >= DECODE_BIT_TEST && decode->operation <= DECODE_BIT_COMPLEMENT &&
        !decode->has_immediate) {
        offset = (offset + bit_distance(page, decode)) & emulate_mask(decode->address_width);
    }
    return offset;
}

static bool execute_one(struct emulate *emulate, const struct decode *decode) {
    struct operand operand;
    enum operand_access access = operations[decode->operation].access;
    uint64_t value = 0;
    if (decode->operation == DECODE_ARITHMETIC && decode->arithmetic == DECODE_CMP) {
        access = OPERAND_READ;
    }
    if (!operand_open(emulate, decode->segment, place(emulate->page, decode), decode->width, access,
                      &operand)) {
        return false;
    }
    if (access & OPERAND_READ) {
        value = operand_read(emulate, &operand);
    }
    value = operations[decode->operation].change(emulate, decode, value);
    if (access & OPERAND_WRITE) {
        operand_write(emulate, &operand, value);
    }
    return true;
}

/* --- The stack --- */

static unsigned stack_width(struct emulate *emulate) {
    if (emulate_mode(emulate->page) == DECODE_MODE_64) {
        return 8;
    }
    return emulate_segment(emulate, DECODE_SS)->attributes & SEGMENT_BIG ? 4 : 2;
}

static bool push(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    unsigned width = stack_width(emulate);
    uint64_t top = (page->rsp - decode->width) & emulate_mask(width);
    struct operand from, to;
    if (!operand_open(emulate, decode->segment, operand_offset(page, decode), decode->width,
                      OPERAND_READ, &from) ||
        !operand_open(emulate, DECODE_SS, top, decode->width, OPERAND_WRITE, &to)) {
        return false;
    }
    operand_write(emulate, &to, operand_read(emulate, &from));
    emulate_set_register(page, GPR_RSP, width, top);
    return true;
}

/* An address by RSP is that after the element is taken (SDM Vol. 2, "POP"). */
static bool pop(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    unsigned width = stack_width(emulate);
    uint64_t rsp = page->rsp;
    uint32_t dirty = page->dirty;
    struct operand from, to;
    if (!operand_open(emulate, DECODE_SS, page->rsp & emulate_mask(width), decode->width,
                      OPERAND_READ, &from)) {
        return false;
    }
    emulate_set_register(page, GPR_RSP, width, page->rsp + decode->width);
    if (!operand_open(emulate, decode->segment, operand_offset(page, decode), decode->width,
                      OPERAND_WRITE, &to)) {
        page->rsp = rsp;
        page->dirty = dirty;
        return false;
    }
    operand_write(emulate, &to, operand_read(emulate, &from));
    return true;
}

bool execute(struct emulate *emulate, const struct decode *decode) {
    switch (decode->operation) {
    case DECODE_PUSH: return push(emulate, decode);
    case DECODE_POP: return pop(emulate, decode);
    default: return execute_one(emulate, decode);
    }
}
