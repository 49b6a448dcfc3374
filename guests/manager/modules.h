/* The boot modules: the files of \bulkhead\ on the boot volume. */
#ifndef BULKHEAD_MANAGER_MODULES_H
#define BULKHEAD_MANAGER_MODULES_H

#include <stdint.h>

#include "kernel/abi/types.h"

#define MODULES_LIMIT 64u

/* Finds all. */
void modules_open(void);
uint32_t modules_count(void);
const struct module_info *modules_all(void);
/* The region of the module of that name, or 0; *info (may be NULL) is what it is. */
handle_t modules_find(const char *name, struct module_info *info);
/* Maps a module read-only; NULL: there is none, or no place for it. Undone by map_undo. */
const void *modules_map(const char *name, uint64_t *length);

#endif
