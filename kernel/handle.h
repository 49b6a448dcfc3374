/* Handle tables and the one gate from a handle to an object. */
#ifndef BULKHEAD_KERNEL_HANDLE_H
#define BULKHEAD_KERNEL_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/types.h"

struct object;
struct partition;

#define HANDLE_PAGE_ENTRIES 128u /* entries of 32 bytes in a page */
#define HANDLE_PAGE_LIMIT   32u  /* so 4,096 handles at most */

struct handle_entry {
    struct object *object; /* NULL: free */
    uint32_t rights;
    uint32_t next_free;
    uint64_t badge;
    uint64_t sequence; /* counts closings, so that a lookup sees that it read two lives of a slot */
};
_Static_assert(sizeof(struct handle_entry) == 32, "128 to a page");

struct handle_table {
    struct handle_entry *page[HANDLE_PAGE_LIMIT]; /* grows only, until the partition is destroyed */
    uint32_t limit;
    uint32_t used;
    uint32_t first_free;  /* 0: none */
    uint32_t initialised; /* entries below have been used once */
};

/* What a handle gives. */
struct handle_reference {
    struct object *object;
    uint64_t badge;
    uint32_t rights;
};

/*
 * The gate: the object behind a handle of the partition, if it has that type (OBJECT_NONE: any) and
 * all those rights. Takes no lock and no reference: the object stays until this CPU leaves the
 * kernel.
 */
enum status handle_lookup(const struct partition *partition, handle_t handle, enum object_type type,
                          uint32_t rights, struct handle_reference *result);

/*
 * A handle that was looked up before: its slot has not been closed since, so the gate's answer is
 * still true. Remember before looking up.
 */
struct handle_memory {
    const uint64_t *sequence; /* NULL: nothing remembered */
    uint64_t value;
    handle_t handle;
};

void handle_remember(const struct partition *partition, handle_t handle,
                     struct handle_memory *memory);

static inline bool handle_is_remembered(const struct handle_memory *memory, uint64_t handle) {
    return memory->sequence != NULL && memory->handle == handle &&
           __atomic_load_n(memory->sequence, __ATOMIC_ACQUIRE) == memory->value;
}

/* The rest under kernel_lock. */
enum status handle_table_create(struct partition *partition);
/* Fills one of the handles that a partition finds at its start; it is empty until then. */
void handle_set_initial(struct partition *partition, handle_t handle, struct object *object);
enum status handle_insert(struct partition *partition, struct object *object, uint32_t rights,
                          uint64_t badge, handle_t *result); /* takes a count on the object */
/* The same in two steps, for what must not be made if there is no place for its handle. */
enum status handle_reserve(struct partition *partition, handle_t *result);
void handle_fill(struct partition *partition, handle_t reserved, struct object *object,
                 uint32_t rights);
void handle_give_up(struct partition *partition, handle_t reserved);
enum status handle_close(struct partition *partition, handle_t handle);
/* Closes the partition's handles to what another partition owns; owner NULL: all. */
void handle_close_owned(struct partition *partition, const struct partition *owner);
/* Closes its handles to one object. */
void handle_close_object(struct partition *partition, const struct object *object);
/* Gives the table's pages back; nobody looks anything up in it any more. */
void handle_table_free(struct partition *partition);

#endif
