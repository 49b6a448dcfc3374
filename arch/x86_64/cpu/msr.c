#include "arch/x86_64/cpu/msr.h"

#include <stddef.h>

#include "arch/x86_64/cpu/asm.h"

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

bool msr_gate(const struct cpu_features *features, uint32_t index, uint64_t (*read)(uint32_t)) {
    const struct msr_row *row = find(index);
    if (row == NULL || !features->has[FEATURE_MSR] || !features->has[row->feature])
        return false;
    if (row->condition_bit == MSR_NO_BIT)
        return true;
    /* The MSR to be read must exist first; conditions form chains without cycles. */
    return msr_gate(features, row->condition, read) &&
           (read(row->condition) >> row->condition_bit & 1) != 0;
}

static uint64_t read_msr(uint32_t index) {
    return asm_rdmsr(index);
}

bool msr_exists(enum msr msr) {
    return msr_gate(&cpu_features, (uint32_t)msr, read_msr);
}
