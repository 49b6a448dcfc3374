/*
 * A state that a processor enters, and for every rule of the entry check the changes that break it.
 * The unit tests apply them to a table and expect exactly the rule; the self-test applies them to a
 * real VMCS and compares what the check says with what the processor does.
 */
#ifndef BULKHEAD_TESTS_ENTRY_SCENE_H
#define BULKHEAD_TESTS_ENTRY_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/vmx/entry_check.h"

/* Pages that the state points at. */
enum entry_page {
    ENTRY_PAGE_BITMAP,  /* I/O and MSR bitmaps */
    ENTRY_PAGE_VIRTUAL, /* virtual-APIC page, clear */
    ENTRY_PAGE_EPT,     /* root of EPT, clear: a guest that is entered exits at once */
    ENTRY_PAGE_SCRATCH, /* what cases put into memory */
    ENTRY_PAGE_COUNT
};

/* Where a state is set up. */
struct entry_scene {
    const struct entry_facts *facts;
    const struct entry_source *source;
    uint64_t page[ENTRY_PAGE_COUNT]; /* physical addresses below 4 GiB */
    void (*write_field)(void *context, uint32_t encoding, uint64_t value);
    void (*write_memory)(void *context, uint64_t address, uint64_t value);
    /* Bits of the fact at the offset are all to be set, or clear; false: they are not. */
    bool (*want_fact)(void *context, size_t offset, uint64_t bits, bool is_set);
    void *context;
};

/* Everything but the host-state area: a 64-bit unrestricted guest with EPT. */
void entry_scene_reset(const struct entry_scene *scene);

/* Cases, from 0; several may break the same rule. */
size_t entry_case_count(void);
uint32_t entry_case_rule(size_t at);
/* Changes the scene; false: the processor is not such that the rule could be broken. */
bool entry_case_apply(size_t at, const struct entry_scene *scene);

#endif
