/* The byte ring between partitions. Touches only the memory that its caller names. */
#include "guests/lib/ring.h"

#include <string.h>

/* What the two indices say is in the ring; more than its size: the peer's index is a lie. */
static uint32_t distance(uint32_t produced, uint32_t consumed) {
    return produced - consumed;
}

static uint32_t peer_index(const _Atomic uint32_t *index) {
    /* Pairs with the peer's release: what it put, or its being done with the bytes, comes first. */
    return atomic_load_explicit(index, memory_order_acquire);
}

/* The fence keeps a later look at the peer's index behind this store. Without it a producer that
 * finds the ring full and a consumer that finds it had not been full could both be right, and the
 * producer would wait for ever. */
static void publish(_Atomic uint32_t *index, uint32_t value) {
    atomic_store_explicit(index, value, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
}

void ring_init(struct ring *ring, struct ring_control *control, uint8_t *data, uint32_t size) {
    *ring = (struct ring){.control = control, .data = data, .size = size, .index = 0};
}

void ring_resume_producer(struct ring *ring, struct ring_control *control, uint8_t *data,
                          uint32_t size) {
    ring_init(ring, control, data, size);
    ring->index = peer_index(&control->produced);
}

void ring_resume_consumer(struct ring *ring, struct ring_control *control, uint8_t *data,
                          uint32_t size) {
    ring_init(ring, control, data, size);
    ring->index = peer_index(&control->consumed);
}

uint32_t ring_space(const struct ring *ring) {
    uint32_t used = distance(ring->index, peer_index(&ring->control->consumed));
    return used <= ring->size ? ring->size - used : 0;
}

uint32_t ring_pending(const struct ring *ring) {
    uint32_t used = distance(ring->index, peer_index(&ring->control->consumed));
    return used <= ring->size ? used : 0;
}

uint32_t ring_available(const struct ring *ring) {
    uint32_t used = distance(peer_index(&ring->control->produced), ring->index);
    return used <= ring->size ? used : 0;
}

/* Where the ring's data is cut by its end: the length of the first of two pieces. */
static uint32_t first_piece(const struct ring *ring, uint32_t length) {
    uint32_t to_end = ring->size - (ring->index & (ring->size - 1));
    return length < to_end ? length : to_end;
}

uint32_t ring_put(struct ring *ring, const void *bytes, uint32_t length) {
    uint32_t space = ring_space(ring);
    if (length > space)
        length = space;
    uint32_t first = first_piece(ring, length);
    memcpy(ring->data + (ring->index & (ring->size - 1)), bytes, first);
    memcpy(ring->data, (const uint8_t *)bytes + first, length - first);
    ring->index += length;
    publish(&ring->control->produced, ring->index);
    return length;
}

uint32_t ring_take(struct ring *ring, void *bytes, uint32_t length) {
    uint32_t available = ring_available(ring);
    if (length > available)
        length = available;
    uint32_t first = first_piece(ring, length);
    memcpy(bytes, ring->data + (ring->index & (ring->size - 1)), first);
    memcpy((uint8_t *)bytes + first, ring->data, length - first);
    ring->index += length;
    publish(&ring->control->consumed, ring->index);
    return length;
}

bool ring_was_full(const struct ring *ring, uint32_t taken) {
    return taken > 0 &&
           distance(peer_index(&ring->control->produced), ring->index - taken) >= ring->size;
}
