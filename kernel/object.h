/*
 * What every kernel object begins with. An object lives while something counts on it: handles,
 * mappings, threads in a space, an entered vCPU. When the count reaches zero it is unlinked at once
 * (under kernel_lock) and its memory freed after every CPU has left the system calls in which it
 * could have looked the object up (cpu_call_all).
 */
#ifndef BULKHEAD_KERNEL_OBJECT_H
#define BULKHEAD_KERNEL_OBJECT_H

#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/list.h"

struct partition;

struct object {
    uint8_t type; /* enum object_type */
    uint32_t count;
    uint64_t id;
    struct partition *owner; /* pays; NULL: the kernel */
    struct list owner_link;  /* in owner->objects */
};

/* Cleared memory for an object of the type, charged to owner, counted once. NULL: quota or memory.
 */
void *object_create(enum object_type type, struct partition *owner);

/* The same for one of the kernel's own that is never freed. */
void object_init_static(struct object *object, enum object_type type);

void object_get(struct object *object);
void object_put(struct object *object);

/* Frees the memory of objects whose count has reached zero; called at the end of management calls.
 */
void object_reap(void);

#endif
