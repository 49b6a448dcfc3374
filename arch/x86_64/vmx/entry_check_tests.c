/* Tests that several of the entry check's tables use. Pure. */
#include "arch/x86_64/vmx/entry_check_rule.h"

#include "arch/x86_64/vmx/entry_check_bits.h"
#include "arch/x86_64/cpu/registers.h"

uint64_t entry_read(const struct entry_state *state, uint32_t field) {
    return state->source->read_field(state->source->context, field);
}

bool entry_read_memory(const struct entry_state *state, uint64_t address, uint64_t *value) {
    return state->source->read_memory(state->source->context, address, value);
}

uint64_t entry_address_bits(const struct entry_state *state) {
    return (state->facts->basic & BASIC_32_BIT_ADDRESSES) != 0 ? 32 : state->facts->physical_bits;
}

bool entry_address_is_canonical(const struct entry_state *state, uint64_t address) {
    uint64_t high = ~0ull << (state->facts->linear_bits - 1);
    return (address & high) == 0 || (address & high) == high;
}

bool entry_guest_is_64_bit(const struct entry_state *state) {
    return entry_is_on(state, CONTROL(ENTRY, ENTRY_IA32E_MODE)) &&
           (entry_read(state, FIELD_GUEST_CS_RIGHTS) & RIGHTS_L) != 0;
}

bool entry_guest_is_virtual_8086(const struct entry_state *state) {
    return (state->rflags & RFLAGS_VM) != 0;
}

bool entry_has_bits(const struct entry_state *state, const struct entry_rule *rule) {
    return (entry_read(state, rule->field) & rule->argument) != 0;
}

bool entry_lacks_bits(const struct entry_state *state, const struct entry_rule *rule) {
    return (~entry_read(state, rule->field) & rule->argument) != 0;
}

bool entry_is_wide(const struct entry_state *state, const struct entry_rule *rule) {
    return (entry_read(state, rule->field) & ~rule->argument) >> entry_address_bits(state) != 0;
}

bool entry_is_not_canonical(const struct entry_state *state, const struct entry_rule *rule) {
    return !entry_address_is_canonical(state, entry_read(state, rule->field));
}

/* Memory types: SDM Vol. 3, 12.12.2 "IA32_PAT MSR": 0, 1, 4, 5, 6, 7. */
bool entry_pat_is_invalid(const struct entry_state *state, const struct entry_rule *rule) {
    uint64_t value = entry_read(state, rule->field);
    for (uint32_t i = 0; i < 8; i++, value >>= 8) {
        uint8_t type = (uint8_t)value;
        if (type > 7 || type == 2 || type == 3)
            return true;
    }
    return false;
}

bool entry_cet_suppresses_and_tracks(const struct entry_state *state,
                                     const struct entry_rule *rule) {
    return (~entry_read(state, rule->field) & (CET_SUPPRESS | CET_TRACKER)) == 0;
}

bool entry_needs(const struct entry_state *state, const struct entry_rule *rule) {
    return !entry_is_on(state, rule->argument);
}

bool entry_excludes(const struct entry_state *state, const struct entry_rule *rule) {
    return entry_is_on(state, rule->argument);
}

static uint64_t fact(const struct entry_state *state, const struct entry_rule *rule) {
    return *(const uint64_t *)((const char *)state->facts + rule->argument);
}

bool entry_is_not_allowed(const struct entry_state *state, const struct entry_rule *rule) {
    return (entry_read(state, rule->field) & ~fact(state, rule)) != 0;
}

bool entry_lacks_required(const struct entry_state *state, const struct entry_rule *rule) {
    return (~entry_read(state, rule->field) & (uint32_t)fact(state, rule)) != 0;
}

bool entry_has_forbidden(const struct entry_state *state, const struct entry_rule *rule) {
    return (entry_read(state, rule->field) & ~(fact(state, rule) >> 32)) != 0;
}
