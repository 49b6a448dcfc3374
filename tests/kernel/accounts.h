/* The kernel's accounts before and after: nothing may be lost. */
#ifndef BULKHEAD_TEST_KERNEL_ACCOUNTS_H
#define BULKHEAD_TEST_KERNEL_ACCOUNTS_H

#include <stdint.h>

struct accounts {
    uint64_t free, charged, kernel; /* the computer's, bytes */
    uint64_t used, own_kernel;      /* the suite's */
    uint32_t handles;
};

/* Brings what only grows (handle table, page tables of the suite) to its size of later. */
void accounts_warm_up(void);
struct accounts accounts_read(void);
/* Checks of the current point: all as they were. */
void accounts_check(const struct accounts *before, const char *what);
/* The kernel's own audit finds nothing. */
void accounts_audit(const char *what);

#endif
