/* What a small kernel has found at its entry, whatever protocol told it. */
#ifndef BULKHEAD_SMALL_FOUND_H
#define BULKHEAD_SMALL_FOUND_H

#include <stdbool.h>
#include <stdint.h>

#define FOUND_LIMIT 8u

struct found_module {
    uint32_t address, length;
    const char *text;
};

struct found_range {
    uint64_t address, length;
    uint32_t type;
};

struct found {
    const char *name; /* of the protocol */
    bool is_complete; /* magic numbers and flags are right */
    const char *command_line;
    const char *loader; /* NULL: the protocol does not tell */
    uint32_t rsdp;      /* 0: the same */
    uint32_t module_count, range_count;
    struct found_module module[FOUND_LIMIT];
    struct found_range range[FOUND_LIMIT];
};

/* Prints it, holds it against the machine, and ends the machine with VALUE, or 1 if something is
 * not right. */
_Noreturn void found_report(const struct found *found, uint8_t value);

#endif
