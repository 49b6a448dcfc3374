/* The language in which states and cases are written. */
#ifndef BULKHEAD_TESTS_ENTRY_CHANGE_H
#define BULKHEAD_TESTS_ENTRY_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/vmx/entry_check.h"
#include "tests/entry/scene.h"

enum change_kind {
    KIND_CASE, /* value: the rule that what follows breaks */
    KIND_SET,
    KIND_OR,
    KIND_CLEAR,
    KIND_OR_HIGHEST,   /* the highest bit that the fact forbids; value: the fact's offset */
    KIND_CLEAR_LOWEST, /* the lowest bit that the fact requires */
    KIND_WIDE,         /* sets the first bit beyond the physical-address width */
    KIND_HIGH,         /* to the first address beyond the linear-address width, with value */
    KIND_LAST,         /* to the last 16 bytes within the physical-address width */
    KIND_PAGE,         /* to the address of the page of number value */
    KIND_CURRENT,      /* to the address of the current VMCS */
    KIND_MEMORY,       /* 8 bytes of the scratch page, at offset field */
    KIND_REVISION,     /* the scratch page is a VMCS; value: bits beside the revision */
    KIND_WITH,         /* the fact at offset field has all bits of value */
    KIND_WITHOUT       /* ... has none */
};

struct change {
    uint16_t kind;
    uint16_t field;
    uint64_t value;
};

#define CASE(rule, ...) {KIND_CASE, 0, rule}, __VA_ARGS__
#define SET(name, number) \
    { KIND_SET, FIELD_##name, number }
#define OR(name, bits) \
    { KIND_OR, FIELD_##name, bits }
#define CLEAR(name, bits) \
    { KIND_CLEAR, FIELD_##name, bits }
#define FORBIDDEN(name, fact) \
    { KIND_OR_HIGHEST, FIELD_##name, offsetof(struct entry_facts, fact) }
#define REQUIRED(name, fact) \
    { KIND_CLEAR_LOWEST, FIELD_##name, offsetof(struct entry_facts, fact) }
#define WIDE(name) \
    { KIND_WIDE, FIELD_##name, 0 }
#define HIGH(name) \
    { KIND_HIGH, FIELD_##name, 0 }
#define LAST(name) \
    { KIND_LAST, FIELD_##name, 0 }
#define PAGE(name, number) \
    { KIND_PAGE, FIELD_##name, ENTRY_PAGE_##number }
#define CURRENT(name) \
    { KIND_CURRENT, FIELD_##name, 0 }
#define MEMORY(offset, number) \
    { KIND_MEMORY, offset, number }
#define REVISION(bits) \
    { KIND_REVISION, 0, bits }
#define WITH(fact, bits) \
    { KIND_WITH, offsetof(struct entry_facts, fact), bits }
#define WITHOUT(fact, bits) \
    { KIND_WITHOUT, offsetof(struct entry_facts, fact), bits }

/* cases.c */
extern const struct change entry_changes[];
extern const size_t entry_change_count;

#endif
