/* The address allocator. Pure. */
#include "guests/lib/address_ranges.h"

#include <string.h>

#include "kernel/abi/types.h"

uint64_t address_ranges_take(struct address_ranges *ranges, uint64_t length, uint64_t alignment) {
    uint64_t candidate = ranges->first;
    uint32_t place;

    if (ranges->count == ADDRESS_RANGES_LIMIT || length == 0 ||
        length > ranges->end - ranges->first)
        return 0;
    for (place = 0;; place++) {
        uint64_t limit = place < ranges->count ? ranges->range[place].start : ranges->end;
        /* A page stays free before and behind. Nothing overflows: `end` is below 2^47. */
        uint64_t start = (candidate + PAGE_SIZE + alignment - 1) & ~(alignment - 1);
        if (start + length + PAGE_SIZE <= limit) {
            candidate = start;
            break;
        }
        if (place == ranges->count)
            return 0;
        candidate = ranges->range[place].start + ranges->range[place].length;
    }
    memmove(&ranges->range[place + 1], &ranges->range[place],
            (ranges->count - place) * sizeof(ranges->range[0]));
    ranges->range[place].start = candidate;
    ranges->range[place].length = length;
    ranges->count++;
    return candidate;
}

uint64_t address_ranges_give(struct address_ranges *ranges, uint64_t start) {
    for (uint32_t place = 0; place < ranges->count; place++) {
        if (ranges->range[place].start != start)
            continue;
        uint64_t length = ranges->range[place].length;
        ranges->count--;
        memmove(&ranges->range[place], &ranges->range[place + 1],
                (ranges->count - place) * sizeof(ranges->range[0]));
        return length;
    }
    return 0;
}
