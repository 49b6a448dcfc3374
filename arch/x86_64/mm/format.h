/*
 * The processor's page tables: SDM Vol. 3, 4.5.4 "Linear-Address Translation with 4-Level Paging
 * and 5-Level Paging", tables 4-15 to 4-20.
 */
#ifndef BULKHEAD_MM_FORMAT_H
#define BULKHEAD_MM_FORMAT_H

#include <stdint.h>

#include "kernel/page_format.h"

#define FORMAT_PRESENT  (1ull << 0)
#define FORMAT_WRITE    (1ull << 1)
#define FORMAT_USER     (1ull << 2)
#define FORMAT_PWT      (1ull << 3)
#define FORMAT_PCD      (1ull << 4)
#define FORMAT_ACCESSED (1ull << 5)
#define FORMAT_LARGE    (1ull << 7) /* PS, above level 0 */
#define FORMAT_GLOBAL   (1ull << 8)
#define FORMAT_NX       (1ull << 63)
#define FORMAT_ADDRESS  0x000ffffffffff000ull

/*
 * IA32_PAT, such that PCD and PWT together are the ABI's enum memory_type: write-back, write-
 * combining, write-through, uncached; the upper four entries repeat the lower.
 * SDM Vol. 3, 12.12.2 "IA32_PAT MSR", table 12-10 "Memory Types That Can Be Encoded With PAT".
 */
#define FORMAT_PAT 0x0004010600040106ull

/* Program spaces: user pages, never global. */
const struct page_format *format_program(void);
/* The kernel's own: supervisor pages, global. MAP_READ alone is read-only. */
const struct page_format *format_kernel(void);

/* Takes the largest page that this processor has. */
void format_init(void);

#endif
