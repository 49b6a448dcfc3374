/* What the manager wants of this machine: the arguments of guests/lib/machine_start.h. Pure. */
#ifndef BULKHEAD_VMM_SETTINGS_H
#define BULKHEAD_VMM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/lib/machine_start.h"
#include "guests/vmm/boot/protocol.h"

#define SETTINGS_CPU_MAX     64u
#define SETTINGS_MEMORY_UNIT (2ull << 20)

struct settings {
    const char *name;
    const char *kernel;
    const char *initrd;                       /* NULL: none */
    const char *module[MACHINE_MODULE_LIMIT]; /* a file's name, then perhaps its arguments */
    uint32_t module_count;
    const char *command_line;
    enum boot_protocol protocol;
    uint64_t memory; /* bytes */
    uint32_t cpu_count;
    bool has_debug_exit;
};

/* False: REASON names the argument that is missing or wrong and what is allowed. */
bool settings_read(int argc, char **argv, struct settings *settings, const char **reason);

#endif
