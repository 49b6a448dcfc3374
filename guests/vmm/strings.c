/* One function an instruction, for one element; one loop around them. */
#include "guests/vmm/strings.h"

#include <stddef.h>

#include "guests/vmm/flags.h"
#include "guests/vmm/operand.h"

#define FLAGS_ZF (1ull << 6)
#define FLAGS_DF (1ull << 10)

/* Elements of a repeated instruction done in one exit: a bound on how long devices stay locked. */
#define STRINGS_LIMIT 512u

/* --- The two ends --- */

static bool open_source(struct emulate *emulate, const struct decode *decode,
                        struct operand *operand) {
    return operand_open(emulate, decode->segment,
                        emulate_get_register(emulate->page, GPR_RSI, decode->address_width),
                        decode->width, OPERAND_READ, operand);
}

/* No prefix changes its segment. */
static bool open_destination(struct emulate *emulate, const struct decode *decode,
                             enum operand_access access, struct operand *operand) {
    return operand_open(emulate, DECODE_ES,
                        emulate_get_register(emulate->page, GPR_RDI, decode->address_width),
                        decode->width, access, operand);
}

static void move_on(struct vcpu_page *page, const struct decode *decode, unsigned reg) {
    uint64_t value = emulate_get_register(page, reg, decode->address_width);
    value = page->rflags & FLAGS_DF ? value - decode->width : value + decode->width;
    emulate_set_register(page, reg, decode->address_width, value);
}

static void compare(struct vcpu_page *page, const struct decode *decode, uint64_t left,
                    uint64_t right) {
    uint64_t rflags = page->rflags;
    flags_arithmetic(DECODE_CMP, decode->width, left, right, &rflags);
    page->rflags = rflags;
    page->dirty |= VCPU_DIRTY_RFLAGS;
}

/* --- One element: everything is opened before a device sees an access --- */

static bool store(struct emulate *emulate, const struct decode *decode) {
    struct operand to;
    if (!open_destination(emulate, decode, OPERAND_WRITE, &to)) {
        return false;
    }
    operand_write(emulate, &to, emulate_get_register(emulate->page, GPR_RAX, decode->width));
    move_on(emulate->page, decode, GPR_RDI);
    return true;
}

static bool load(struct emulate *emulate, const struct decode *decode) {
    struct operand from;
    if (!open_source(emulate, decode, &from)) {
        return false;
    }
    emulate_set_register(emulate->page, GPR_RAX, decode->width, operand_read(emulate, &from));
    move_on(emulate->page, decode, GPR_RSI);
    return true;
}

static bool move(struct emulate *emulate, const struct decode *decode) {
    struct operand from, to;
    if (!open_source(emulate, decode, &from) ||
        !open_destination(emulate, decode, OPERAND_WRITE, &to)) {
        return false;
    }
    operand_write(emulate, &to, operand_read(emulate, &from));
    move_on(emulate->page, decode, GPR_RSI);
    move_on(emulate->page, decode, GPR_RDI);
    return true;
}

static bool compare_two(struct emulate *emulate, const struct decode *decode) {
    struct operand left, right;
    if (!open_source(emulate, decode, &left) ||
        !open_destination(emulate, decode, OPERAND_READ, &right)) {
        return false;
    }
    uint64_t value = operand_read(emulate, &left);
    compare(emulate->page, decode, value, operand_read(emulate, &right));
    move_on(emulate->page, decode, GPR_RSI);
    move_on(emulate->page, decode, GPR_RDI);
    return true;
}

static bool scan(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    struct operand right;
    if (!open_destination(emulate, decode, OPERAND_READ, &right)) {
        return false;
    }
    compare(page, decode, emulate_get_register(page, GPR_RAX, decode->width),
            operand_read(emulate, &right));
    move_on(page, decode, GPR_RDI);
    return true;
}

static bool port_in(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    struct operand to;
    if (!open_destination(emulate, decode, OPERAND_WRITE, &to)) {
        return false;
    }
    operand_write(emulate, &to, bus_io_read(emulate->io, page->exit.port.port, decode->width));
    move_on(page, decode, GPR_RDI);
    return true;
}

static bool port_out(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    struct operand from;
    if (!open_source(emulate, decode, &from)) {
        return false;
    }
    bus_io_write(emulate->io, page->exit.port.port, decode->width,
                 (uint32_t)operand_read(emulate, &from));
    move_on(page, decode, GPR_RSI);
    return true;
}

static const struct {
    bool (*element)(struct emulate *emulate, const struct decode *decode);
    bool compares; /* REPE and REPNE look at ZF */
} operations[DECODE_OPERATION_COUNT] = {
    [DECODE_STORE_STRING] = {store,       false},
      [DECODE_LOAD_STRING] = {load,        false},
    [DECODE_MOVE_STRING] = {move,        false},
      [DECODE_COMPARE_STRING] = {compare_two, true },
    [DECODE_SCAN_STRING] = {scan,        true },
      [DECODE_PORT_IN_STRING] = {port_in,     false},
    [DECODE_PORT_OUT_STRING] = {port_out,    false},
};

bool strings_has(const struct decode *decode) {
    return operations[decode->operation].element != NULL;
}

/* Whether the elements compared so far end a REPE or REPNE. */
static bool is_decided(const struct vcpu_page *page, const struct decode *decode) {
    bool is_equal = page->rflags & FLAGS_ZF;
    return operations[decode->operation].compares &&
           is_equal != (decode->repeat == DECODE_WHILE_EQUAL);
}

bool strings_execute(struct emulate *emulate, const struct decode *decode, bool *is_over) {
    struct vcpu_page *page = emulate->page;
    *is_over = true;
    if (decode->repeat == DECODE_ONCE) {
        return operations[decode->operation].element(emulate, decode);
    }
    uint64_t count = emulate_get_register(page, GPR_RCX, decode->address_width);
    for (uint32_t i = 0; count != 0 && i < STRINGS_LIMIT; i++) {
        if (!operations[decode->operation].element(emulate, decode)) {
            return false;
        }
        count--;
        emulate_set_register(page, GPR_RCX, decode->address_width, count);
        if (is_decided(page, decode)) {
            return true;
        }
    }
    *is_over = count == 0;
    return true;
}
