/*
 * The MSR policy beyond the kernel's own table. Everything without a row in either faults: Linux
 * expects that of MSRs whose CPUID bit is hidden and asks carefully (SDM Vol. 4).
 */
#include "guests/vmm/msr.h"

#include <stddef.h>

static const struct policy {
    uint32_t first, last;
    uint32_t action; /* enum guest_msr_action */
    uint64_t value;
    const char *name;
    const char *reason;
} policy[] = {
    {0x140, 0x140, GUEST_MSR_VALUE, 0, "MSR_MISC_FEATURES_ENABLES",
     "Linux clears it; neither CPUID faulting nor ring-3 MWAIT is there to be enabled"},
};
_Static_assert(sizeof(policy) / sizeof(policy[0]) <= GUEST_MSR_LIMIT, "fits the call");

uint32_t msr_build(struct guest_msr *rows) {
    uint32_t row_count = sizeof(policy) / sizeof(policy[0]);
    for (uint32_t i = 0; i < row_count; i++) {
        rows[i] = (struct guest_msr){.first = policy[i].first,
                                     .last = policy[i].last,
                                     .action = policy[i].action,
                                     .value = policy[i].value};
    }
    return row_count;
}
