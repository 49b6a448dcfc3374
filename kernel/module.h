/* Boot modules, as read-only regions. */
#ifndef BULKHEAD_KERNEL_MODULE_H
#define BULKHEAD_KERNEL_MODULE_H

#include <stdint.h>

#include "kernel/abi/boot_info.h"
#include "kernel/abi/types.h"

struct region;

void module_init(const struct boot_info *info);
uint32_t module_count(void);
/* NULL: there are fewer. */
struct region *module_at(uint64_t index, struct module_info *info);
/* The contents of a module; NULL: there is none of that name. */
const void *module_find(const char *name, uint64_t *length);
/* Pages that modules take. */
uint64_t module_pages(void);

#endif
