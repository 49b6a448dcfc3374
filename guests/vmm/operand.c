/* Segmentation, paging and access of memory operands. */
#include "guests/vmm/operand.h"

#include "guests/vmm/exceptions.h"
#include "guests/vmm/walk.h"

#define PAGE_SIZE_SMALL 4096u
#define CANONICAL_BITS  48u

#define CR0_PE   (1ull << 0)
#define CR0_AM   (1ull << 18)
#define FLAGS_VM (1ull << 17)
#define FLAGS_AC (1ull << 18)
#define CPL_USER 3u

/* SDM Vol. 3, 3.4.5.1 "Code- and Data-Segment Descriptor Types". */
#define SEGMENT_WRITABLE    (1u << 1) /* of data; of code: readable */
#define SEGMENT_EXPAND_DOWN (1u << 2) /* of data */
#define SEGMENT_CODE        (1u << 3)
#define SEGMENT_UNUSABLE    (1u << 8)
#define SEGMENT_BIG         (1u << 14)

uint64_t operand_offset(const struct vcpu_page *page, const struct decode *decode) {
    uint64_t offset = decode->offset;
    if (decode->base == DECODE_REGISTER_RIP) {
        offset += page->rip + decode->length;
    } else if (decode->base != DECODE_REGISTER_NONE) {
        offset += emulate_get_register(page, decode->base, 8);
    }
    if (decode->index != DECODE_REGISTER_NONE) {
        offset += emulate_get_register(page, decode->index, 8) << decode->scale;
    }
    return offset & emulate_mask(decode->address_width);
}

/* --- Segments --- */

static uint64_t segment_base(const struct vcpu_page *page, uint8_t segment) {
    switch (segment) {
    case DECODE_FS: return page->fs_base;
    case DECODE_GS: return page->gs_base;
    default: break;
    }
    if (emulate_mode(page) == DECODE_MODE_64) {
        return 0;
    }
    switch (segment) {
    case DECODE_ES: return page->es_base;
    case DECODE_CS: return page->cs_base;
    case DECODE_SS: return page->ss_base;
    default: return page->ds_base;
    }
}

static bool segment_fault(struct emulate *emulate, uint8_t segment) {
    return emulate_raise(emulate,
                         segment == DECODE_SS ? EXCEPTION_STACK : EXCEPTION_GENERAL_PROTECTION,
                         true, 0);
}

/* SDM Vol. 3, 5.5 "Privilege Levels" has been observed when the register was loaded; what is left
 * is 5.3 "Limit Checking" and 5.4 "Type Checking". */
static bool segment_allows(const struct vcpu_page *page, const struct guest_segment *segment,
                           uint64_t offset, unsigned width, enum operand_access access) {
    uint16_t attributes = segment->attributes;
    uint64_t last = offset + width - 1;
    if ((page->cr0 & CR0_PE) && !(page->rflags & FLAGS_VM)) {
        bool is_code = attributes & SEGMENT_CODE;
        if (attributes & SEGMENT_UNUSABLE) {
            return false;
        }
        if ((is_code || (access & OPERAND_WRITE)) && !(attributes & SEGMENT_WRITABLE)) {
            return false;
        }
        if (is_code && (access & OPERAND_WRITE)) {
            return false;
        }
    }
    if (!(attributes & SEGMENT_CODE) && (attributes & SEGMENT_EXPAND_DOWN)) {
        return offset > segment->limit &&
               last <= (attributes & SEGMENT_BIG ? UINT32_MAX : UINT16_MAX);
    }
    return last <= segment->limit;
}

static bool is_canonical(uint64_t linear) {
    uint64_t top = linear >> (CANONICAL_BITS - 1);
    return top == 0 || top == UINT64_MAX >> (CANONICAL_BITS - 1);
}

static bool check_segment(struct emulate *emulate, uint8_t segment, uint64_t offset,
                          uint64_t linear, unsigned width, enum operand_access access) {
    bool ok = emulate_mode(emulate->page) == DECODE_MODE_64
                  ? is_canonical(linear) && is_canonical(linear + width - 1)
                  : segment_allows(emulate->page, emulate_segment(emulate, segment), offset, width,
                                   access);
    return ok || segment_fault(emulate, segment);
}

/* --- Pages --- */

static bool is_misaligned(const struct vcpu_page *page, uint64_t linear, unsigned width) {
    return (linear & (width - 1)) != 0 && page->cpl == CPL_USER && (page->cr0 & CR0_AM) &&
           (page->rflags & FLAGS_AC);
}

static bool translate(struct emulate *emulate, uint64_t linear, enum operand_access access,
                      struct walk_result *result) {
    const struct vcpu_page *page = emulate->page;
    const struct walk_mode mode = {.cr0 = page->cr0,
                                   .cr3 = page->cr3,
                                   .cr4 = page->cr4,
                                   .efer = page->efer,
                                   .rflags = page->rflags,
                                   .cpl = page->cpl};
    if (walk_translate(&mode, emulate->memory, linear,
                       access & OPERAND_WRITE ? WALK_WRITE : WALK_READ, result)) {
        return true;
    }
    emulate_raise(emulate, EXCEPTION_PAGE_FAULT, true, result->error);
    emulate->fault.linear = linear;
    return false;
}

/* Whether the processor has already checked and translated just this. */
static bool is_known(const struct emulate *emulate, uint64_t linear, unsigned width,
                     enum operand_access access) {
    const struct vcpu_exit *exit = &emulate->page->exit;
    unsigned told = (exit->memory.access & EXIT_ACCESS_READ ? OPERAND_READ : 0) |
                    (exit->memory.access & EXIT_ACCESS_WRITE ? OPERAND_WRITE : 0);
    return emulate->has_place && exit->memory.linear_address == linear &&
           (linear & (PAGE_SIZE_SMALL - 1)) + width <= PAGE_SIZE_SMALL && (told & access) == access;
}

bool operand_open(struct emulate *emulate, uint8_t segment, uint64_t offset, unsigned width,
                  enum operand_access access, struct operand *operand) {
    const struct vcpu_page *page = emulate->page;
    uint64_t reach = emulate_mode(page) == DECODE_MODE_64 ? UINT64_MAX : UINT32_MAX;
    uint64_t linear = (segment_base(page, segment) + offset) & reach;
    struct walk_result first, second;
    operand->width = operand->split = (uint8_t)width;
    if (is_known(emulate, linear, width, access)) {
        operand->physical[0] = page->exit.memory.address;
        return true;
    }
    if (!check_segment(emulate, segment, offset, linear, width, access)) {
        return false;
    }
    if (is_misaligned(page, linear, width)) {
        return emulate_raise(emulate, EXCEPTION_ALIGNMENT, true, 0);
    }
    if (!translate(emulate, linear, access, &first)) {
        return false;
    }
    operand->physical[0] = first.physical;
    if (first.left < width) {
        operand->split = (uint8_t)first.left;
        if (!translate(emulate, (linear + first.left) & reach, access, &second)) {
            return false;
        }
        operand->physical[1] = second.physical;
    }
    return true;
}

/* --- What is there --- */

static uint64_t read_physical(struct emulate *emulate, uint64_t address, unsigned width) {
    uint64_t value = 0;
    if (guest_memory_read(emulate->memory, address, &value, width)) {
        return value;
    }
    return bus_memory_read(emulate->devices, address, width);
}

static void write_physical(struct emulate *emulate, uint64_t address, unsigned width,
                           uint64_t value) {
    if (!guest_memory_write(emulate->memory, address, &value, width)) {
        bus_memory_write(emulate->devices, address, width, value & emulate_mask(width));
    }
}

/* Of an operand on two pages: byte for byte. */
static uint64_t byte_address(const struct operand *operand, unsigned i) {
    return i < operand->split ? operand->physical[0] + i
                              : operand->physical[1] + (i - operand->split);
}

uint64_t operand_read(struct emulate *emulate, const struct operand *operand) {
    if (operand->split == operand->width) {
        return read_physical(emulate, operand->physical[0], operand->width);
    }
    uint64_t result = 0;
    for (unsigned i = 0; i < operand->width; i++) {
        result |= read_physical(emulate, byte_address(operand, i), 1) << (8 * i);
    }
    return result;
}

void operand_write(struct emulate *emulate, const struct operand *operand, uint64_t value) {
    if (operand->split == operand->width) {
        write_physical(emulate, operand->physical[0], operand->width, value);
        return;
    }
    for (unsigned i = 0; i < operand->width; i++) {
        write_physical(emulate, byte_address(operand, i), 1, value >> (8 * i));
    }
}
