/* EPT, the page tables of guests: SDM Vol. 3, 29.3 "The Extended Page Table Mechanism (EPT)". */
#ifndef BULKHEAD_EPT_EPT_H
#define BULKHEAD_EPT_EPT_H

#include <stdint.h>

#include "kernel/page_format.h"

/* NULL: this computer has no guests. */
const struct page_format *ept_format(void);

/* Pure: the format with pages of up to that level. */
void ept_format_init(struct page_format *format, uint32_t largest_level);

/* The EPT pointer for a root (25.6.11, table 25-9): write-back tables, four levels. */
uint64_t ept_pointer(uint64_t root);

#endif
