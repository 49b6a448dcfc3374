/* Mappings in the program's own space. Its one table of addresses is under a mutex. */
#include "guests/lib/map.h"

#include "abi/syscalls.h"
#include "guests/lib/address_ranges.h"
#include "guests/lib/mutex.h"

#define LARGE_PAGE (2ull * 1024 * 1024)

static struct mutex lock = MUTEX_INITIALIZER;
static struct address_ranges
    ranges; /* set up at first use: it is large, and all zeros in the file */

static uint64_t page_round(uint64_t length) {
    return (length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

int64_t map_reserve(uint64_t length, void **address) {
    if (length == 0 || length > PROGRAM_MAP_END)
        return -STATUS_INVALID;
    length = page_round(length);
    mutex_lock(&lock);
    if (ranges.end == 0) {
        ranges.first = PROGRAM_MAP_BASE;
        ranges.end = PROGRAM_MAP_END;
    }
    uint64_t start = address_ranges_take(&ranges, length,
                                         length >= LARGE_PAGE ? LARGE_PAGE : PAGE_SIZE);
    mutex_unlock(&lock);
    if (start == 0)
        return -STATUS_NO_MEMORY;
    *address = (void *)(uintptr_t)start;
    return 0;
}

static void release(void *address) {
    mutex_lock(&lock);
    address_ranges_give(&ranges, (uint64_t)(uintptr_t)address);
    mutex_unlock(&lock);
}

int64_t map_region(handle_t region, uint64_t offset, uint64_t length, uint32_t flags,
                   void **address) {
    void *start;
    int64_t result = map_reserve(length, &start);
    if (result < 0)
        return result;
    result = sys_space_map(HANDLE_SPACE, region, offset, (uint64_t)(uintptr_t)start,
                           page_round(length), flags);
    if (result < 0) {
        release(start);
        return result;
    }
    *address = start;
    return 0;
}

int64_t map_memory(uint64_t length, void **address) {
    if (length == 0 || length > PROGRAM_MAP_END)
        return -STATUS_INVALID;
    int64_t region = sys_region_create(HANDLE_PARTITION, page_round(length));
    if (region < 0)
        return region;
    int64_t result = map_region((handle_t)region, 0, length, MAP_READ | MAP_WRITE, address);
    /* The mapping keeps the memory. */
    sys_handle_close((handle_t)region);
    return result;
}

int64_t map_undo(void *address) {
    uint64_t start = (uint64_t)(uintptr_t)address;
    int64_t result = -STATUS_NOT_FOUND;
    /* Nobody may get the addresses before they are unmapped. */
    mutex_lock(&lock);
    uint64_t length = address_ranges_give(&ranges, start);
    if (length)
        result = sys_space_unmap(HANDLE_SPACE, start, length);
    mutex_unlock(&lock);
    return result;
}
