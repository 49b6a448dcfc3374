/* What the manager wants of this machine: the arguments of guests/lib/machine_start.h. Pure. */
#ifndef BULKHEAD_VMM_SETTINGS_H
#define BULKHEAD_VMM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_CPU_MAX     64u
#define SETTINGS_MEMORY_UNIT (2ull << 20)

struct settings {
    const char *name;
    const char *kernel;
    const char *initrd; /* NULL: none */
    const char *command_line;
    uint64_t memory; /* bytes */
    uint32_t cpu_count;
};

/* False: REASON names the argument that is missing or wrong and what is allowed. */
bool settings_read(int argc, char **argv, struct settings *settings, const char **reason);

#endif
