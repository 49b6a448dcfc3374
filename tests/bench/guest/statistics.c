/* Insertion sort: the batches are few. */
#include "tests/bench/guest/statistics.h"

uint64_t statistics_net(uint64_t with, uint64_t without) {
    return with > without ? with - without : 0;
}

static void sort(uint64_t *batch, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        uint64_t value = batch[i];
        uint32_t at = i;
        for (; at > 0 && batch[at - 1] > value; at--) {
            batch[at] = batch[at - 1];
        }
        batch[at] = value;
    }
}

struct statistics statistics_of(uint64_t *batch, uint32_t count) {
    sort(batch, count);
    uint64_t low = batch[(count - 1) / 2];
    uint64_t high = batch[count / 2];
    return (struct statistics){.median = low + (high - low) / 2, .max = batch[count - 1]};
}
