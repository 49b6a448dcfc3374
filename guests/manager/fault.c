/* Faults in words. Pure. */
#include "guests/manager/fault.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const kinds[] = {
    [FAULT_NONE] = "no fault",
    [FAULT_MEMORY] = "memory access",
    [FAULT_INSTRUCTION] = "undefined or privileged instruction",
    [FAULT_ARITHMETIC] = "arithmetic error",
    [FAULT_DEBUG] = "breakpoint that nobody takes",
    [FAULT_ALIGNMENT] = "misaligned access",
    [FAULT_PROTECTION] = "general protection",
    [FAULT_KILLED] = "killed",
    [FAULT_OTHER] = "exception",
};

const char *fault_text(const struct fault_info *fault, char *buffer, size_t size) {
    const char *kind = fault->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[fault->kind]
                                                                      : "unknown fault";
    if (fault->kind == FAULT_MEMORY) {
        const char *access = fault->access & MAP_EXECUTE ? "execute"
                             : fault->access & MAP_WRITE ? "write"
                                                         : "read";
        snprintf(buffer, size, "%s to 0x%" PRIx64 " (%s) at 0x%" PRIx64, kind, fault->address,
                 access, fault->instruction);
    } else {
        snprintf(buffer, size, "%s at 0x%" PRIx64, kind, fault->instruction);
    }
    return buffer;
}
