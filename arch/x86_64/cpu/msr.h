/* Numbers of the model-specific registers, and which of them this processor has: see msr.def. */
#ifndef BULKHEAD_CPU_MSR_H
#define BULKHEAD_CPU_MSR_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/cpu/features.h"

enum msr {
#define MSR(name, index, feature, other, bit) MSR_##name = index##u,
#include "arch/x86_64/cpu/msr.def"
#undef MSR
};

#define MSR_NO_BIT 64u

struct msr_row {
    uint32_t index;
    const char *name;
    enum cpu_feature feature; /* CPUID bit without which it faults */
    uint32_t condition;       /* MSR that must exist and ... */
    uint32_t condition_bit;   /* ... have this bit set; MSR_NO_BIT: none */
};
extern const struct msr_row msr_rows[];
extern const uint32_t msr_row_count;

/* Pure: whether a processor with these features has the MSR; read reads those that conditions name.
 */
bool msr_gate(const struct cpu_features *features, uint32_t index, uint64_t (*read)(uint32_t));

/* The same for the running processor. False also for an MSR without a row. */
bool msr_exists(enum msr msr);

#endif
