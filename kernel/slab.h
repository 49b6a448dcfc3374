/* Small kernel objects of one partition, several to a page that the partition pays. */
#ifndef BULKHEAD_KERNEL_SLAB_H
#define BULKHEAD_KERNEL_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"

#define SLAB_CLASS_COUNT 4u /* 128, 256, 512, 1024 bytes; larger ones take a page each */

struct partition;

struct slab {
    struct list partial[SLAB_CLASS_COUNT]; /* pages with room */
};

void slab_init(struct slab *slab);
/* Cleared memory; NULL: quota or memory. size at most a page. */
void *slab_allocate(struct partition *partition, size_t size);
void slab_free(struct partition *partition, void *memory, size_t size);

#endif
