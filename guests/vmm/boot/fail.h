/* One line for a person: why a file cannot be booted, and what would do. */
#ifndef BULKHEAD_VMM_BOOT_FAIL_H
#define BULKHEAD_VMM_BOOT_FAIL_H

#include <stdbool.h>

#define BOOT_ERROR_SIZE 240

struct boot_error {
    char text[BOOT_ERROR_SIZE];
};

/* Writes the line and returns false, so that a check ends in `return boot_fail(...)`. */
bool boot_fail(struct boot_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
