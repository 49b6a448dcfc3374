/*
 * A ring of bytes in memory that two partitions share: one produces, one consumes.
 *
 * Neither trusts the other. Each end keeps its own index and the size in private memory and only
 * publishes its index; what it reads of the other's is checked: an impossible one counts as
 * "nothing there" (consumer) or "no space" (producer). No value a peer can write leads out of the
 * data. What a hostile peer writes into the data while it is copied is its own loss: the copy is
 * then private.
 *
 * No system call here: who has to be told of what was put or taken is the caller's business.
 */
#ifndef BULKHEAD_RING_H
#define BULKHEAD_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In shared memory. Indices run freely; their difference is what the ring holds. */
struct ring_control {
    _Atomic uint32_t produced;
    uint32_t reserved0[15];
    _Atomic uint32_t consumed;
    uint32_t reserved1[15];
};
_Static_assert(sizeof(struct ring_control) == 128, "two cache lines, one a side");

/* One end, in private memory. */
struct ring {
    struct ring_control *control;
    uint8_t *data;
    uint32_t size;  /* bytes, a power of two */
    uint32_t index; /* produced or consumed by this end */
};

/* A fresh end on cleared control memory. size: a power of two. */
void ring_init(struct ring *ring, struct ring_control *control, uint8_t *data, uint32_t size);
/* An end that goes on where an earlier owner of it stopped: a restarted program's. */
void ring_resume_producer(struct ring *ring, struct ring_control *control, uint8_t *data,
                          uint32_t size);
void ring_resume_consumer(struct ring *ring, struct ring_control *control, uint8_t *data,
                          uint32_t size);

/* Producer: bytes that fit; and puts as many as fit of `length`, returns how many. */
uint32_t ring_space(const struct ring *ring);
uint32_t ring_put(struct ring *ring, const void *bytes, uint32_t length);
/* Producer: bytes not consumed yet (0 if the peer lies). */
uint32_t ring_pending(const struct ring *ring);

/* Consumer: bytes that are there; and takes at most `length` of them, returns how many. */
uint32_t ring_available(const struct ring *ring);
uint32_t ring_take(struct ring *ring, void *bytes, uint32_t length);
/* Consumer, right after it took `taken` bytes: whether the producer may have found the ring full
 * before, and so may wait to be told of space. A producer waits after ring_put has put less than it
 * was given. */
bool ring_was_full(const struct ring *ring, uint32_t taken);

#endif
