/* Ranges of I/O ports. */
#ifndef BULKHEAD_KERNEL_PORTS_H
#define BULKHEAD_KERNEL_PORTS_H

#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/object.h"

struct thread;

struct ports {
    struct object object;
    uint32_t first;
    uint32_t count;
};

enum status ports_create(struct partition *partition, const struct ports *original, uint32_t first,
                         uint32_t count, struct ports **result);
enum status ports_open(struct ports *ports, struct thread *thread);

#endif
