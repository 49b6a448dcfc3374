/* From an exit to an instruction: its bytes, its meaning, who carries it out. */
#include "guests/vmm/emulate.h"

#include "guests/vmm/exceptions.h"
#include "guests/vmm/execute.h"
#include "guests/vmm/strings.h"
#include "guests/vmm/walk.h"

#define EFER_LMA        (1ull << 10)
#define SEGMENT_LONG    (1u << 13)
#define SEGMENT_DEFAULT (1u << 14)

uint64_t emulate_mask(unsigned width) {
    return width >= 8 ? UINT64_MAX : (1ull << (8 * width)) - 1;
}

uint64_t emulate_get_register(const struct vcpu_page *page, unsigned reg, unsigned width) {
    uint64_t value = reg == GPR_RSP ? page->rsp : page->gpr[reg];
    return value & emulate_mask(width);
}

void emulate_set_register(struct vcpu_page *page, unsigned reg, unsigned width, uint64_t value) {
    uint64_t *place = reg == GPR_RSP ? &page->rsp : &page->gpr[reg];
    /* A 32-bit result clears the upper half; narrower ones leave the rest (SDM Vol. 1, 3.4.1.1). */
    uint64_t changed = width == 4 ? UINT64_MAX : emulate_mask(width);
    *place = (*place & ~changed) | (value & emulate_mask(width));
    if (reg == GPR_RSP) {
        page->dirty |= VCPU_DIRTY_RSP;
    }
}

enum decode_mode emulate_mode(const struct vcpu_page *page) {
    if ((page->efer & EFER_LMA) && (page->cs_attributes & SEGMENT_LONG)) {
        return DECODE_MODE_64;
    }
    return page->cs_attributes & SEGMENT_DEFAULT ? DECODE_MODE_32 : DECODE_MODE_16;
}

bool emulate_raise(struct emulate *emulate, uint8_t vector, bool has_error, uint32_t error) {
    emulate->fault =
        (struct emulate_fault){.vector = vector, .has_error = has_error, .error = error};
    return false;
}

const struct guest_segment *emulate_segment(struct emulate *emulate, unsigned segment) {
    if (!emulate->has_segments) {
        emulate->get_segments(emulate->context, emulate->segments);
        emulate->has_segments = true;
    }
    return &emulate->segments[segment];
}

/* --- The instruction's bytes --- */

/* Those that lie on the page of the next byte that is wanted. */
static enum emulate_result fetch(struct emulate *emulate) {
    const struct vcpu_page *page = emulate->page;
    const struct walk_mode mode = {.cr0 = page->cr0,
                                   .cr3 = page->cr3,
                                   .cr4 = page->cr4,
                                   .efer = page->efer,
                                   .rflags = page->rflags,
                                   .cpl = page->cpl};
    uint64_t linear = page->rip + emulate->byte_count;
    struct walk_result place;
    if (emulate_mode(page) != DECODE_MODE_64) {
        linear = (page->cs_base + linear) & UINT32_MAX;
    }
    if (!walk_translate(&mode, emulate->memory, linear, WALK_FETCH, &place)) {
        emulate_raise(emulate, EXCEPTION_PAGE_FAULT, true, place.error);
        emulate->fault.linear = linear;
        return EMULATE_FAULT;
    }
    uint64_t count = DECODE_LENGTH_MAX - emulate->byte_count;
    if (count > place.left) {
        count = place.left;
    }
    if (!guest_memory_read(emulate->memory, place.physical, emulate->bytes + emulate->byte_count,
                           count)) {
        return EMULATE_NO_CODE;
    }
    emulate->byte_count += (uint32_t)count;
    return EMULATE_DONE;
}

/*
 * One look at each byte: what was read is what is carried out, whatever other vCPUs write there.
 * The next page is looked at only when the instruction does not end before it.
 */
static enum emulate_result fetch_and_decode(struct emulate *emulate, struct decode *decode) {
    emulate->byte_count = 0;
    while (emulate->byte_count < DECODE_LENGTH_MAX) {
        enum emulate_result result = fetch(emulate);
        if (result != EMULATE_DONE) {
            return result;
        }
        if (decode_instruction(emulate->bytes, emulate->byte_count, emulate_mode(emulate->page),
                               decode)) {
            return EMULATE_DONE;
        }
    }
    return EMULATE_UNKNOWN;
}

static void advance(struct vcpu_page *page, const struct decode *decode) {
    page->rip += decode->length;
    if (emulate_mode(page) != DECODE_MODE_64) {
        page->rip &= UINT32_MAX;
    }
    page->dirty |= VCPU_DIRTY_RIP;
}

/*
 * RIP moves on after the last element of a string only, so that an instruction with more elements
 * than the limit, or with a fault, goes on where it stopped, as on a processor.
 */
static enum emulate_result carry_out(struct emulate *emulate, const struct decode *decode) {
    bool is_over = true;
    bool ok = strings_has(decode) ? strings_execute(emulate, decode, &is_over)
                                  : execute(emulate, decode);
    if (!ok) {
        return EMULATE_FAULT;
    }
    if (is_over) {
        advance(emulate->page, decode);
    }
    return EMULATE_DONE;
}

static bool is_port_string(const struct decode *decode) {
    return decode->operation == DECODE_PORT_IN_STRING ||
           decode->operation == DECODE_PORT_OUT_STRING;
}

enum emulate_result emulate_memory(struct emulate *emulate) {
    struct decode decode;
    enum emulate_result result = fetch_and_decode(emulate, &decode);
    if (result != EMULATE_DONE) {
        return result;
    }
    if (is_port_string(&decode)) {
        return EMULATE_UNKNOWN;
    }
    if (decode.is_locked && !decode_may_be_locked(&decode)) {
        emulate_raise(emulate, EXCEPTION_INVALID_OPCODE, false, 0);
        return EMULATE_FAULT;
    }
    emulate->has_place = true;
    return carry_out(emulate, &decode);
}

enum emulate_result emulate_port_string(struct emulate *emulate) {
    const struct vcpu_exit *exit = &emulate->page->exit;
    struct decode decode;
    enum emulate_result result = fetch_and_decode(emulate, &decode);
    if (result != EMULATE_DONE) {
        return result;
    }
    if (!is_port_string(&decode)) {
        return EMULATE_UNKNOWN;
    }
    /* Another vCPU has changed the instruction since the exit: the processor shall look again. */
    if (decode.width != exit->port.width ||
        (decode.operation == DECODE_PORT_IN_STRING) != (exit->port.is_in != 0)) {
        return EMULATE_DONE;
    }
    emulate->has_place = false;
    return carry_out(emulate, &decode);
}
