/* The state that can be entered, and changing it. */
#include "tests/entry/scene.h"

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/entry_check_bits.h"
#include "tests/entry/change.h"

/* ---- the state */

#define PAT_AFTER_RESET 0x0007040600070406ull
#define EPTP_BASE       0x1eull /* write-back, walk of four levels */

#define PLAIN_SEGMENT(name, rights)                                  \
    SET(GUEST_##name##_SELECTOR, 0x10), SET(GUEST_##name##_BASE, 0), \
        SET(GUEST_##name##_LIMIT, 0xffffffff), SET(GUEST_##name##_RIGHTS, rights)

/* What is no control: those depend on the processor. Fields that only some processors have are not
 * here; cases that use them set them. */
static const struct change base[] = {
    SET(VPID, 1),
    PAGE(IO_BITMAP_A, BITMAP),
    PAGE(IO_BITMAP_B, BITMAP),
    PAGE(MSR_BITMAPS, BITMAP),
    PAGE(VIRTUAL_APIC_ADDRESS, VIRTUAL),
    PAGE(EPT_POINTER, EPT),
    OR(EPT_POINTER, EPTP_BASE),
    SET(TSC_OFFSET, 0),
    SET(EXCEPTION_BITMAP, 0xffffffff),
    SET(PAGE_FAULT_MASK, 0),
    SET(PAGE_FAULT_MATCH, 0),
    SET(CR3_TARGET_COUNT, 0),
    SET(TPR_THRESHOLD, 0),
    SET(EXIT_MSR_STORE_COUNT, 0),
    SET(EXIT_MSR_LOAD_COUNT, 0),
    SET(ENTRY_MSR_LOAD_COUNT, 0),
    SET(ENTRY_EVENT, 0),
    SET(ENTRY_EVENT_ERROR, 0),
    SET(ENTRY_INSTRUCTION_LENGTH, 1),
    SET(CR0_MASK, 0),
    SET(CR0_SHADOW, 0),
    SET(CR4_MASK, 0),
    SET(CR4_SHADOW, 0),
    SET(PREEMPTION_TIMER, 0),
    SET(TERTIARY_CONTROLS, 0),
    SET(EXIT_SECONDARY_CONTROLS, 0),
    SET(FUNCTION_CONTROLS, 0),
    SET(POSTED_INTERRUPT_VECTOR, 0x40),
    SET(LAST_PID_POINTER, 0),
    SET(TSC_MULTIPLIER, 1ull << 48),
    SET(VMCS_LINK_POINTER, LINK_NONE),
    SET(GUEST_CR0, (uint64_t)CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG),
    SET(GUEST_CR3, 0x1000),
    SET(GUEST_CR4, CR4_PAE | CR4_VMXE),
    SET(GUEST_DR7, DR7_NONE),
    SET(GUEST_DEBUGCTL, 0),
    SET(GUEST_PAT, PAT_AFTER_RESET),
    SET(GUEST_EFER, EFER_LME | EFER_LMA),
    SET(GUEST_SYSENTER_CS, 0),
    SET(GUEST_SYSENTER_ESP, 0),
    SET(GUEST_SYSENTER_EIP, 0),
    SET(GUEST_RSP, 0x2000),
    SET(GUEST_RIP, 0x1000),
    SET(GUEST_RFLAGS, RFLAGS_FIXED),
    PLAIN_SEGMENT(ES, 0xc093),
    PLAIN_SEGMENT(CS, 0xa09b),
    PLAIN_SEGMENT(SS, 0xc093),
    PLAIN_SEGMENT(DS, 0xc093),
    PLAIN_SEGMENT(FS, 0xc093),
    PLAIN_SEGMENT(GS, 0xc093),
    PLAIN_SEGMENT(LDTR, 0x82),
    SET(GUEST_LDTR_LIMIT, 0xffff),
    PLAIN_SEGMENT(TR, 0x8b),
    SET(GUEST_TR_LIMIT, 0x67),
    SET(GUEST_GDTR_BASE, 0),
    SET(GUEST_GDTR_LIMIT, 0xffff),
    SET(GUEST_IDTR_BASE, 0),
    SET(GUEST_IDTR_LIMIT, 0xffff),
    SET(GUEST_ACTIVITY, ACTIVITY_ACTIVE),
    SET(GUEST_INTERRUPTIBILITY, 0),
    SET(GUEST_PENDING_DEBUG, 0),
    SET(GUEST_PDPTE_0, 0),
    SET(GUEST_PDPTE_1, 0),
    SET(GUEST_PDPTE_2, 0),
    SET(GUEST_PDPTE_3, 0),
    SET(GUEST_BNDCFGS, 0),
    SET(GUEST_S_CET, 0),
    SET(GUEST_SSP, 0),
    SET(GUEST_SSP_TABLE, 0),
    SET(GUEST_RTIT_CTL, 0),
    SET(HOST_S_CET, 0),
    SET(HOST_SSP, 0),
    SET(HOST_SSP_TABLE, 0),
    MEMORY(0, 0),
    MEMORY(8, 0),
    MEMORY(0x10, 0),
    MEMORY(0x18, 0),
};

#define BASE_PIN (PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMIS | PIN_PREEMPTION_TIMER)
#define BASE_PROCESSOR                                                                     \
    (PROCESSOR_HLT | PROCESSOR_TPR_SHADOW | PROCESSOR_IO_BITMAPS | PROCESSOR_MSR_BITMAPS | \
     PROCESSOR_SECONDARY)
#define BASE_SECONDARY (SECONDARY_EPT | SECONDARY_VPID | SECONDARY_UNRESTRICTED)
#define BASE_EXIT      (EXIT_HOST_64_BIT | EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER)
#define BASE_ENTRY     (ENTRY_LOAD_DEBUG | ENTRY_IA32E_MODE | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER)

/* ---- changing */

static void write_field(const struct entry_scene *scene, uint32_t field, uint64_t value) {
    scene->write_field(scene->context, field, value);
}

static uint64_t read_field(const struct entry_scene *scene, uint32_t field) {
    return scene->source->read_field(scene->source->context, field);
}

static uint64_t read_fact(const struct entry_scene *scene, uint64_t offset) {
    return *(const uint64_t *)((const char *)scene->facts + offset);
}

static uint64_t highest_bit(uint64_t bits) {
    return bits == 0 ? 0 : 1ull << (63 - __builtin_clzll(bits));
}

/* What becomes of a field. */
static uint64_t changed(const struct entry_scene *scene, const struct change *change) {
    uint64_t old = read_field(scene, change->field);
    switch ((enum change_kind)change->kind) {
    case KIND_OR: return old | change->value;
    case KIND_CLEAR: return old & ~change->value;
    case KIND_OR_HIGHEST:
        return old | highest_bit((uint32_t) ~(read_fact(scene, change->value) >> 32));
    case KIND_CLEAR_LOWEST: {
        uint64_t required = (uint32_t)read_fact(scene, change->value);
        return old & ~(required & -required);
    }
    case KIND_WIDE: return old | 1ull << scene->facts->physical_bits;
    case KIND_HIGH: return 1ull << scene->facts->linear_bits;
    case KIND_LAST: return (1ull << scene->facts->physical_bits) - 16;
    case KIND_PAGE: return scene->page[change->value];
    case KIND_CURRENT: return scene->facts->vmcs;
    default: return change->value;
    }
}

static void write_scratch(const struct entry_scene *scene, uint64_t offset, uint64_t value) {
    scene->write_memory(scene->context, scene->page[ENTRY_PAGE_SCRATCH] + offset, value);
}

static bool apply(const struct entry_scene *scene, const struct change *change) {
    switch ((enum change_kind)change->kind) {
    case KIND_MEMORY: write_scratch(scene, change->field, change->value); return true;
    case KIND_REVISION:
        write_scratch(scene, 0, (scene->facts->basic & BASIC_REVISION) | change->value);
        return true;
    case KIND_WITH: return scene->want_fact(scene->context, change->field, change->value, true);
    case KIND_WITHOUT: return scene->want_fact(scene->context, change->field, change->value, false);
    default: write_field(scene, change->field, changed(scene, change)); return true;
    }
}

/* Those wanted that may be 1, and all that must. */
static void reset_controls(const struct entry_scene *scene, uint32_t field, uint64_t can,
                           uint32_t wanted) {
    write_field(scene, field, (wanted & can >> 32) | (uint32_t)can);
}

void entry_scene_reset(const struct entry_scene *scene) {
    const struct entry_facts *facts = scene->facts;
    reset_controls(scene, FIELD_PIN_BASED_CONTROLS, facts->pin, BASE_PIN);
    reset_controls(scene, FIELD_PROCESSOR_CONTROLS, facts->processor, BASE_PROCESSOR);
    reset_controls(scene, FIELD_SECONDARY_CONTROLS, facts->secondary, BASE_SECONDARY);
    reset_controls(scene, FIELD_EXIT_CONTROLS, facts->exit, BASE_EXIT);
    reset_controls(scene, FIELD_ENTRY_CONTROLS, facts->entry, BASE_ENTRY);
    for (size_t i = 0; i < sizeof base / sizeof base[0]; i++)
        (void)apply(scene, &base[i]);
}

/* ---- cases */

size_t entry_case_count(void) {
    size_t count = 0;
    for (size_t i = 0; i < entry_change_count; i++)
        count += entry_changes[i].kind == KIND_CASE;
    return count;
}

/* The row that begins the case. */
static size_t begin_of(size_t at) {
    size_t i = 0;
    for (; i < entry_change_count; i++)
        if (entry_changes[i].kind == KIND_CASE && at-- == 0)
            break;
    return i;
}

uint32_t entry_case_rule(size_t at) {
    return (uint32_t)entry_changes[begin_of(at)].value;
}

bool entry_case_apply(size_t at, const struct entry_scene *scene) {
    for (size_t i = begin_of(at) + 1; i < entry_change_count && entry_changes[i].kind != KIND_CASE;
         i++)
        if (!apply(scene, &entry_changes[i]))
            return false;
    return true;
}
