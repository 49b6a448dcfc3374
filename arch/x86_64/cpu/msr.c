#include "arch/x86_64/cpu/msr.h"

#include <stddef.h>

#include "arch/x86_64/cpu/asm.h"

#define CHAIN_LIMIT 5u /* conditions of conditions */

const struct msr_row msr_rows[] = {
#define MSR(name, index, feature, other, bit) \
    {(uint32_t)MSR_##name, #name, FEATURE_##feature, (uint32_t)MSR_##other, bit},
#include "arch/x86_64/cpu/msr.def"
#undef MSR
};
const uint32_t msr_row_count = sizeof msr_rows / sizeof msr_rows[0];

static const struct msr_row *find(uint32_t index) {
    for (uint32_t i = 0; i < msr_row_count; i++)
        if (msr_rows[i].index == index)
            return &msr_rows[i];
    return NULL;
}

/* Rows from this one down to the one that has no condition; 0: one of them has no CPUID bit. */
static uint32_t follow(const struct cpu_features *features, const struct msr_row *row,
                       const struct msr_row *chain[CHAIN_LIMIT]) {
    for (uint32_t count = 0; count < CHAIN_LIMIT; count++) {
        chain[count] = row;
        if (row == NULL || !features->has[row->feature])
            return 0;
        if (row->condition_bit == MSR_NO_BIT)
            return count + 1;
        row = find(row->condition);
    }
    return 0;
}

/* Conditions are read from the chain's end on: an MSR is read only once it is known to exist. */
static bool row_gate(const struct cpu_features *features, const struct msr_row *row,
                     uint64_t (*read)(uint32_t)) {
    const struct msr_row *chain[CHAIN_LIMIT];
    uint32_t count = follow(features, row, chain);
    if (count == 0)
        return false;
    for (uint32_t i = count - 1; i > 0; i--)
        if ((read(chain[i]->index) >> chain[i - 1]->condition_bit & 1) == 0)
            return false;
    return true;
}

bool msr_gate(const struct cpu_features *features, uint32_t index, uint64_t (*read)(uint32_t)) {
    if (!features->has[FEATURE_MSR])
        return false;
    for (uint32_t i = 0; i < msr_row_count; i++)
        if (msr_rows[i].index == index && row_gate(features, &msr_rows[i], read))
            return true;
    return false;
}

static uint64_t read_msr(uint32_t index) {
    return asm_rdmsr(index);
}

bool msr_exists(enum msr msr) {
    return msr_gate(&cpu_features, (uint32_t)msr, read_msr);
}
