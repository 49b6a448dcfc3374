/* Results of the small kernels, as "tap[NAME]: ok 1 - what it shows". */
#ifndef BULKHEAD_SMALL_CHECK_H
#define BULKHEAD_SMALL_CHECK_H

#include <stdbool.h>

/* NAME: what stands in the brackets. */
void check_begin(const char *name);
void check(bool is_right, const char *what);
/* Prints the plan; whether all was right. */
bool check_end(void);

#endif
