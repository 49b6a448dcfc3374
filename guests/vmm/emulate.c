/* Execution of decoded instructions: operands, flags, strings. */
#include "guests/vmm/emulate.h"

#include "guests/vmm/flags.h"
#include "guests/vmm/walk.h"

#define FLAGS_DF        (1ull << 10)
#define EFER_LMA        (1ull << 10)
#define SEGMENT_LONG    (1u << 13)
#define SEGMENT_DEFAULT (1u << 14)

/* Elements of a REP instruction done in one exit: a bound on how long devices stay locked. */
#define STRING_LIMIT 512u

static uint64_t mask(unsigned width) {
    return width >= 8 ? UINT64_MAX : (1ull << (8 * width)) - 1;
}

uint64_t emulate_get_register(const struct vcpu_page *page, unsigned reg, unsigned width) {
    uint64_t value = reg == GPR_RSP ? page->rsp : page->gpr[reg];
    return value & mask(width);
}

void emulate_set_register(struct vcpu_page *page, unsigned reg, unsigned width, uint64_t value) {
    uint64_t *place = reg == GPR_RSP ? &page->rsp : &page->gpr[reg];
    /* A 32-bit result clears the upper half; narrower ones leave the rest (SDM Vol. 1, 3.4.1.1). */
    uint64_t changed = width == 4 ? UINT64_MAX : mask(width);
    *place = (*place & ~changed) | (value & mask(width));
    if (reg == GPR_RSP) {
        page->dirty |= VCPU_DIRTY_RSP;
    }
}

static enum decode_mode code_mode(const struct vcpu_page *page) {
    if ((page->efer & EFER_LMA) && (page->cs_attributes & SEGMENT_LONG)) {
        return DECODE_MODE_64;
    }
    return page->cs_attributes & SEGMENT_DEFAULT ? DECODE_MODE_32 : DECODE_MODE_16;
}

static struct walk_mode walk_mode(const struct vcpu_page *page) {
    return (struct walk_mode){.cr0 = page->cr0,
                              .cr3 = page->cr3,
                              .cr4 = page->cr4,
                              .efer = page->efer,
                              .rflags = page->rflags,
                              .cpl = page->cpl};
}

static bool translate(struct emulate *emulate, uint64_t linear, enum walk_access access,
                      struct walk_result *result) {
    struct walk_mode mode = walk_mode(emulate->page);
    if (walk_translate(&mode, emulate->memory, linear, access, result)) {
        return true;
    }
    emulate->fault = (struct emulate_fault){linear, result->error};
    return false;
}

/* --- The instruction's bytes --- */

/*
 * One look at each byte: what was read is what is carried out, whatever other vCPUs write there. An
 * instruction may well end before the page at which this fails.
 */
static enum emulate_result fetch(struct emulate *emulate) {
    const struct vcpu_page *page = emulate->page;
    uint64_t linear = code_mode(page) == DECODE_MODE_64
                          ? page->rip
                          : (page->cs_base + (uint32_t)page->rip) & UINT32_MAX;
    emulate->byte_count = 0;
    while (emulate->byte_count < DECODE_LENGTH_MAX) {
        struct walk_result place;
        if (!translate(emulate, linear + emulate->byte_count, WALK_FETCH, &place)) {
            return EMULATE_FAULT;
        }
        uint64_t count = DECODE_LENGTH_MAX - emulate->byte_count;
        if (count > place.left) {
            count = place.left;
        }
        if (!guest_memory_read(emulate->memory, place.physical,
                               emulate->bytes + emulate->byte_count, count)) {
            return EMULATE_NO_CODE;
        }
        emulate->byte_count += (uint32_t)count;
    }
    return EMULATE_DONE;
}

static enum emulate_result fetch_and_decode(struct emulate *emulate, struct decode *decode) {
    enum emulate_result fetched = fetch(emulate);
    if (decode_instruction(emulate->bytes, emulate->byte_count, code_mode(emulate->page), decode)) {
        return EMULATE_DONE;
    }
    return fetched != EMULATE_DONE ? fetched : EMULATE_UNKNOWN;
}

static void advance(struct vcpu_page *page, const struct decode *decode) {
    page->rip += decode->length;
    if (code_mode(page) != DECODE_MODE_64) {
        page->rip &= UINT32_MAX;
    }
    page->dirty |= VCPU_DIRTY_RIP;
}

/* --- Memory, wherever it is --- */

static uint64_t read_physical(struct emulate *emulate, uint64_t address, unsigned width) {
    uint64_t value = 0;
    if (guest_memory_read(emulate->memory, address, &value, width)) {
        return value;
    }
    return bus_memory_read(emulate->devices, address, width) & mask(width);
}

static void write_physical(struct emulate *emulate, uint64_t address, unsigned width,
                           uint64_t value) {
    if (!guest_memory_write(emulate->memory, address, &value, width)) {
        bus_memory_write(emulate->devices, address, width, value & mask(width));
    }
}

/*
 * WIDTH bytes at a linear address, which may cross a page: everything is translated before anything
 * is accessed.
 */
static bool access_linear(struct emulate *emulate, uint64_t linear, unsigned width, bool is_write,
                          uint64_t *value) {
    enum walk_access access = is_write ? WALK_WRITE : WALK_READ;
    struct walk_result first, second;
    if (!translate(emulate, linear, access, &first)) {
        return false;
    }
    if (first.left >= width) {
        if (is_write) {
            write_physical(emulate, first.physical, width, *value);
        } else {
            *value = read_physical(emulate, first.physical, width);
        }
        return true;
    }
    unsigned split = (unsigned)first.left;
    if (!translate(emulate, linear + split, access, &second)) {
        return false;
    }
    uint64_t result = 0;
    for (unsigned i = 0; i < width; i++) {
        uint64_t address = i < split ? first.physical + i : second.physical + (i - split);
        if (is_write) {
            write_physical(emulate, address, 1, *value >> (8 * i));
        } else {
            result |= read_physical(emulate, address, 1) << (8 * i);
        }
    }
    if (!is_write) {
        *value = result;
    }
    return true;
}

/* --- Instructions with one memory operand, at the address that the exit names --- */

static uint64_t get_source(const struct vcpu_page *page, const struct decode *decode) {
    if (decode->has_immediate) {
        return decode->immediate & mask(decode->width);
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

static uint64_t arithmetic(struct vcpu_page *page, const struct decode *decode, uint64_t left,
                           uint64_t right) {
    uint64_t rflags = page->rflags;
    uint64_t result = flags_arithmetic(decode->arithmetic, decode->width, left, right, &rflags);
    set_flags(page, rflags);
    return result;
}

static void execute(struct emulate *emulate, const struct decode *decode, uint64_t address) {
    struct vcpu_page *page = emulate->page;
    unsigned width = decode->width;
    uint64_t memory, source, result, rflags;
    switch (decode->operation) {
    case DECODE_LOAD:
        memory = read_physical(emulate, address, width);
        if (decode->sign_extends && (memory >> (8 * width - 1) & 1)) {
            memory |= ~mask(width);
        }
        set_destination(page, decode, memory);
        break;
    case DECODE_STORE: write_physical(emulate, address, width, get_source(page, decode)); break;
    case DECODE_EXCHANGE:
        source = get_source(page, decode);
        memory = read_physical(emulate, address, width);
        write_physical(emulate, address, width, source);
        set_destination(page, decode, memory);
        break;
    case DECODE_ARITHMETIC:
        memory = read_physical(emulate, address, width);
        result = arithmetic(page, decode, memory, get_source(page, decode));
        if (decode->arithmetic != DECODE_CMP) {
            write_physical(emulate, address, width, result);
        }
        break;
    case DECODE_ARITHMETIC_REGISTER:
        memory = read_physical(emulate, address, width);
        result = arithmetic(page, decode, get_source(page, decode), memory);
        if (decode->arithmetic != DECODE_CMP) {
            set_destination(page, decode, result);
        }
        break;
    case DECODE_TEST:
        rflags = page->rflags;
        memory = read_physical(emulate, address, width);
        flags_arithmetic(DECODE_AND, width, memory, get_source(page, decode), &rflags);
        set_flags(page, rflags);
        break;
    default: break;
    }
}

/* --- Strings --- */

static uint64_t segment_base(const struct vcpu_page *page, uint8_t segment) {
    switch (segment) {
    case DECODE_FS: return page->fs_base;
    case DECODE_GS: return page->gs_base;
    default: break;
    }
    if (code_mode(page) == DECODE_MODE_64) {
        return 0;
    }
    switch (segment) {
    case DECODE_ES: return page->es_base;
    case DECODE_CS: return page->cs_base;
    case DECODE_SS: return page->ss_base;
    default: return page->ds_base;
    }
}

static uint64_t string_address(const struct vcpu_page *page, const struct decode *decode,
                               uint8_t segment, unsigned reg) {
    uint64_t linear = segment_base(page, segment) +
                      emulate_get_register(page, reg, decode->address_width);
    return code_mode(page) == DECODE_MODE_64 ? linear : linear & UINT32_MAX;
}

static void string_step(struct vcpu_page *page, const struct decode *decode, unsigned reg) {
    uint64_t value = emulate_get_register(page, reg, decode->address_width);
    value = page->rflags & FLAGS_DF ? value - decode->width : value + decode->width;
    emulate_set_register(page, reg, decode->address_width, value);
}

static bool store_element(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    uint64_t value = emulate_get_register(page, GPR_RAX, decode->width);
    if (!access_linear(emulate, string_address(page, decode, DECODE_ES, GPR_RDI), decode->width,
                       true, &value)) {
        return false;
    }
    string_step(page, decode, GPR_RDI);
    return true;
}

static bool move_element(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    uint64_t value;
    if (!access_linear(emulate, string_address(page, decode, decode->segment, GPR_RSI),
                       decode->width, false, &value) ||
        !access_linear(emulate, string_address(page, decode, DECODE_ES, GPR_RDI), decode->width,
                       true, &value)) {
        return false;
    }
    string_step(page, decode, GPR_RSI);
    string_step(page, decode, GPR_RDI);
    return true;
}

static bool in_element(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    uint64_t linear = string_address(page, decode, DECODE_ES, GPR_RDI);
    struct walk_result place;
    /* A read may have an effect on the device: it must not happen if the memory faults. */
    if (!translate(emulate, linear, WALK_WRITE, &place) ||
        !translate(emulate, linear + decode->width - 1, WALK_WRITE, &place)) {
        return false;
    }
    uint64_t value = bus_io_read(emulate->io, page->exit.port.port, decode->width);
    if (!access_linear(emulate, linear, decode->width, true, &value)) {
        return false;
    }
    string_step(page, decode, GPR_RDI);
    return true;
}

static bool out_element(struct emulate *emulate, const struct decode *decode) {
    struct vcpu_page *page = emulate->page;
    uint64_t value;
    if (!access_linear(emulate, string_address(page, decode, decode->segment, GPR_RSI),
                       decode->width, false, &value)) {
        return false;
    }
    bus_io_write(emulate->io, page->exit.port.port, decode->width, (uint32_t)value);
    string_step(page, decode, GPR_RSI);
    return true;
}

/*
 * One element, or as many as RCX says. RIP moves on after the last one only, so that an instruction
 * with more elements than the limit, or with a fault, goes on where it stopped, as on a processor.
 */
static enum emulate_result execute_string(struct emulate *emulate, const struct decode *decode,
                                          bool (*element)(struct emulate *,
                                                          const struct decode *)) {
    struct vcpu_page *page = emulate->page;
    if (!decode->repeats) {
        if (!element(emulate, decode)) {
            return EMULATE_FAULT;
        }
        advance(page, decode);
        return EMULATE_DONE;
    }
    uint64_t count = emulate_get_register(page, GPR_RCX, decode->address_width);
    for (uint32_t i = 0; count != 0 && i < STRING_LIMIT; i++) {
        if (!element(emulate, decode)) {
            return EMULATE_FAULT;
        }
        count--;
        emulate_set_register(page, GPR_RCX, decode->address_width, count);
    }
    if (count == 0) {
        advance(page, decode);
    }
    return EMULATE_DONE;
}

enum emulate_result emulate_memory(struct emulate *emulate) {
    struct decode decode;
    enum emulate_result result = fetch_and_decode(emulate, &decode);
    if (result != EMULATE_DONE) {
        return result;
    }
    switch (decode.operation) {
    case DECODE_STORE_STRING: return execute_string(emulate, &decode, store_element);
    case DECODE_MOVE_STRING: return execute_string(emulate, &decode, move_element);
    case DECODE_PORT_STRING: return EMULATE_UNKNOWN;
    default: break;
    }
    execute(emulate, &decode, emulate->page->exit.memory.address);
    advance(emulate->page, &decode);
    return EMULATE_DONE;
}

enum emulate_result emulate_port_string(struct emulate *emulate) {
    struct decode decode;
    enum emulate_result result = fetch_and_decode(emulate, &decode);
    if (result != EMULATE_DONE) {
        return result;
    }
    if (decode.operation != DECODE_PORT_STRING) {
        return EMULATE_UNKNOWN;
    }
    decode.width = emulate->page->exit.port.width;
    return execute_string(emulate, &decode,
                          emulate->page->exit.port.is_in ? in_element : out_element);
}
