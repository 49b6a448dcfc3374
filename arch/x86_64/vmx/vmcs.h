/*
 * The current VMCS's fields, read and written with the width they have. A field is a value of a
 * type of its width, so that the wrong accessor, or an encoding used as a value, does not compile.
 */
#ifndef BULKHEAD_VMX_VMCS_H
#define BULKHEAD_VMX_VMCS_H

#include <stdint.h>

struct vmcs_field_16 {
    uint32_t encoding;
};
struct vmcs_field_32 {
    uint32_t encoding;
};
struct vmcs_field_64 {
    uint32_t encoding;
};
struct vmcs_field_natural {
    uint32_t encoding;
};

/* Width in bits 14:13 of an encoding (SDM Vol. 3, 25.11.2 "VMREAD, VMWRITE, and Encodings of VMCS
 * Fields"). */
enum vmcs_width { VMCS_WIDTH_16 = 0, VMCS_WIDTH_64 = 1, VMCS_WIDTH_32 = 2, VMCS_WIDTH_natural = 3 };

#define VMCS_FIELD(width, name, encoding)                     \
    static const struct vmcs_field_##width name = {encoding}; \
    _Static_assert((((encoding) >> 13) & 3) == VMCS_WIDTH_##width, "width of " #name);
#include "arch/x86_64/vmx/vmcs_fields.def"
#undef VMCS_FIELD

/*
 * Neither can fail here: a VMCS is current, the encodings come from the table above, and fields
 * that not every CPU has are used only if the capability that brings them was found. Failure would
 * leave the value as it was and is caught by the entry that follows.
 */
static inline uint64_t vmcs_read_raw(uint32_t encoding) {
    uint64_t value;
    __asm__ volatile("vmread %1, %0" : "=rm"(value) : "r"((uint64_t)encoding) : "cc");
    return value;
}

static inline void vmcs_write_raw(uint32_t encoding, uint64_t value) {
    __asm__ volatile("vmwrite %1, %0" : : "r"((uint64_t)encoding), "rm"(value) : "cc", "memory");
}

static inline uint16_t vmcs_read_16(struct vmcs_field_16 field) {
    return (uint16_t)vmcs_read_raw(field.encoding);
}

static inline uint32_t vmcs_read_32(struct vmcs_field_32 field) {
    return (uint32_t)vmcs_read_raw(field.encoding);
}

static inline uint64_t vmcs_read_64(struct vmcs_field_64 field) {
    return vmcs_read_raw(field.encoding);
}

static inline uint64_t vmcs_read(struct vmcs_field_natural field) {
    return vmcs_read_raw(field.encoding);
}

static inline void vmcs_write_16(struct vmcs_field_16 field, uint16_t value) {
    vmcs_write_raw(field.encoding, value);
}

static inline void vmcs_write_32(struct vmcs_field_32 field, uint32_t value) {
    vmcs_write_raw(field.encoding, value);
}

static inline void vmcs_write_64(struct vmcs_field_64 field, uint64_t value) {
    vmcs_write_raw(field.encoding, value);
}

static inline void vmcs_write(struct vmcs_field_natural field, uint64_t value) {
    vmcs_write_raw(field.encoding, value);
}

/* The eight guest segments: their fields are numbered in this order. */
enum vmcs_segment {
    VMCS_SEGMENT_ES,
    VMCS_SEGMENT_CS,
    VMCS_SEGMENT_SS,
    VMCS_SEGMENT_DS,
    VMCS_SEGMENT_FS,
    VMCS_SEGMENT_GS,
    VMCS_SEGMENT_LDTR,
    VMCS_SEGMENT_TR,
    VMCS_SEGMENT_COUNT
};

static inline struct vmcs_field_16 vmcs_segment_selector(uint32_t segment) {
    return (struct vmcs_field_16){GUEST_ES_SELECTOR.encoding + 2 * segment};
}

static inline struct vmcs_field_natural vmcs_segment_base(uint32_t segment) {
    return (struct vmcs_field_natural){GUEST_ES_BASE.encoding + 2 * segment};
}

static inline struct vmcs_field_32 vmcs_segment_limit(uint32_t segment) {
    return (struct vmcs_field_32){GUEST_ES_LIMIT.encoding + 2 * segment};
}

static inline struct vmcs_field_32 vmcs_segment_rights(uint32_t segment) {
    return (struct vmcs_field_32){GUEST_ES_RIGHTS.encoding + 2 * segment};
}

#endif
