/* EPT entries as a page-table format: SDM Vol. 3, 29.3.2, tables 29-1 to 29-7. */
#include "arch/x86_64/ept/ept.h"

#include "kernel/abi/types.h"

#define EPT_READ       (1ull << 0)
#define EPT_WRITE      (1ull << 1)
#define EPT_EXECUTE    (1ull << 2)
#define EPT_TYPE_SHIFT 3
#define EPT_IGNORE_PAT (1ull << 6)
#define EPT_LARGE      (1ull << 7)
#define EPT_ADDRESS    0x000ffffffffff000ull

#define EPTP_WRITE_BACK 6ull
#define EPTP_WALK_4     (3ull << 3)

/* Memory types as EPT encodes them. Memory is write-back, and the guest's PAT says the rest; for
 * anything else the kernel's word is the last. */
static uint64_t type_bits(uint32_t flags) {
    static const uint64_t types[] = {
        [MEMORY_WRITE_BACK] = 6ull << EPT_TYPE_SHIFT,
        [MEMORY_WRITE_COMBINING] = 1ull << EPT_TYPE_SHIFT | EPT_IGNORE_PAT,
        [MEMORY_WRITE_THROUGH] = 4ull << EPT_TYPE_SHIFT | EPT_IGNORE_PAT,
        [MEMORY_UNCACHED] = EPT_IGNORE_PAT, /* type 0 */
    };
    return types[(flags & MAP_MEMORY_TYPE) >> MAP_MEMORY_TYPE_SHIFT & 3];
}

/* A page that can be written but not read is a misconfiguration (29.3.3.1), and execute-only pages
 * are not on every CPU: every mapping can be read. */
static uint64_t ept_leaf(uint32_t level, uint32_t flags) {
    uint64_t entry = EPT_READ | type_bits(flags);
    if ((flags & MAP_WRITE) != 0)
        entry |= EPT_WRITE;
    if ((flags & MAP_EXECUTE) != 0)
        entry |= EPT_EXECUTE;
    if (level > 0)
        entry |= EPT_LARGE;
    return entry;
}

static uint32_t ept_rights(uint64_t entry) {
    return ((entry & EPT_READ) != 0 ? MAP_READ : 0) | ((entry & EPT_WRITE) != 0 ? MAP_WRITE : 0) |
           ((entry & EPT_EXECUTE) != 0 ? MAP_EXECUTE : 0);
}

void ept_format_init(struct page_format *format, uint32_t largest_level) {
    *format = (struct page_format){
        .name = "EPT",
        .levels = 4,
        .largest_level = largest_level,
        .present_mask = EPT_READ | EPT_WRITE | EPT_EXECUTE,
        .address_mask = EPT_ADDRESS,
        .large_bit = EPT_LARGE,
        .table_bits = EPT_READ | EPT_WRITE | EPT_EXECUTE,
        .leaf = ept_leaf,
        .rights = ept_rights,
    };
}

uint64_t ept_pointer(uint64_t root) {
    return root | EPTP_WRITE_BACK | EPTP_WALK_4;
}
