/* The C library's heap: a fixed range of addresses, filled from below with memory of the partition.
 */
/* What the C library declares for more than ISO C. */
#define _DEFAULT_SOURCE 1

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"

/* Memory is asked for in pieces of this size: few regions, little waste. */
#define PIECE (256 * 1024ull)

static uint64_t heap_break = PROGRAM_HEAP_BASE;
static uint64_t heap_mapped = PROGRAM_HEAP_BASE;

static int grow(uint64_t end) {
    uint64_t length = (end - heap_mapped + PIECE - 1) & ~(PIECE - 1);
    int64_t region = sys_region_create(HANDLE_PARTITION, length);
    if (region < 0)
        return 0;
    int64_t result = sys_space_map(HANDLE_SPACE, (handle_t)region, 0, heap_mapped, length,
                                   MAP_READ | MAP_WRITE);
    sys_handle_close((handle_t)region);
    if (result < 0)
        return 0;
    heap_mapped += length;
    return 1;
}

/* The C library calls it under its own lock of the heap. */
void *sbrk(ptrdiff_t change) {
    uint64_t old = heap_break;
    uint64_t end = old + (uint64_t)(int64_t)change;
    int is_outside = change < 0 ? end < PROGRAM_HEAP_BASE || end > old
                                : end > PROGRAM_HEAP_END || end < old;
    if (is_outside || (end > heap_mapped && !grow(end))) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap_break = end;
    return (void *)(uintptr_t)old;
}
