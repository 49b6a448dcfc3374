/* Median and maximum of batches. Pure. */
#ifndef BULKHEAD_BENCH_STATISTICS_H
#define BULKHEAD_BENCH_STATISTICS_H

#include <stdint.h>

struct statistics {
    uint64_t median;
    uint64_t max;
};

/* What remains of a batch without its empty loop's cost. An interrupt may have hit the empty one.
 */
uint64_t statistics_net(uint64_t with, uint64_t without);
/* Sorts BATCH. COUNT is at least 1; the median of an even count is the mean of the middle two. */
struct statistics statistics_of(uint64_t *batch, uint32_t count);

#endif
