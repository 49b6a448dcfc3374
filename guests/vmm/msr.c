/*
 * The MSR policy. Everything without a row here, and not virtualised by the kernel, faults: Linux
 * expects that of MSRs whose CPUID bit is hidden and asks carefully. What it reads or writes
 * without asking, on an Intel processor of family 6, needs a row (SDM Vol. 4).
 */
#include "guests/vmm/msr.h"

#include <stddef.h>

/* As most hypervisors: any revision but 0, which would be the processor's first. */
#define MICROCODE_REVISION  (1ull << 32) /* EDX */
#define FEATURE_CONTROL_SET 1ull         /* locked, nothing allowed */

static const struct policy {
    uint32_t first, last;
    uint32_t action; /* enum guest_msr_action */
    uint64_t value;
    const char *name;
    const char *reason;
} policy[] = {
    {0x17,  0x17,  GUEST_MSR_VALUE_READ_ONLY, 0,                   "IA32_PLATFORM_ID",
     "the microcode driver reads it on every family 6 model"                                                                     },
    {0x3a,  0x3a,  GUEST_MSR_VALUE_READ_ONLY, FEATURE_CONTROL_SET, "IA32_FEATURE_CONTROL",
     "locked without VMX and SGX: what firmware that offers neither leaves"                                                      },
    {0x8b,  0x8b,  GUEST_MSR_VALUE,           MICROCODE_REVISION,  "IA32_BIOS_SIGN_ID",
     "Linux writes 0, executes CPUID and reads the microcode's revision"                                                         },
    {0xce,  0xce,  GUEST_MSR_VALUE_READ_ONLY, 0,                   "MSR_PLATFORM_INFO",
     "no CPUID faulting, no frequency ratios: the TSC's rate is in CPUID"                                                        },
    {0x140, 0x140, GUEST_MSR_VALUE,           0,                   "MSR_MISC_FEATURES_ENABLES",
     "Linux clears it; neither CPUID faulting nor ring-3 MWAIT is there to be enabled"                                           },
    {0x179, 0x179, GUEST_MSR_VALUE_READ_ONLY, 0,                   "IA32_MCG_CAP",
     "no machine-check banks: physical errors are the host's"                                                                    },
    {0x17a, 0x17a, GUEST_MSR_VALUE,           0,                   "IA32_MCG_STATUS",           "no machine check is in progress"},
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
