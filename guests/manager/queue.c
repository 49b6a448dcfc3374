/* The byte queue. Pure. */
#include "guests/manager/queue.h"

#include <string.h>

void queue_init(struct queue *queue, uint8_t *data, uint32_t size) {
    *queue = (struct queue){.data = data, .size = size};
}

uint32_t queue_space(const struct queue *queue) {
    return queue->size - queue->used;
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t queue_put(struct queue *queue, const void *bytes, uint32_t length) {
    uint32_t count = smaller(length, queue_space(queue));
    uint32_t place = (queue->first + queue->used) % queue->size;
    uint32_t piece = smaller(count, queue->size - place);
    memcpy(queue->data + place, bytes, piece);
    memcpy(queue->data, (const uint8_t *)bytes + piece, count - piece);
    queue->used += count;
    return count;
}

void queue_put_over(struct queue *queue, const void *bytes, uint32_t length) {
    if (length > queue->size) {
        bytes = (const uint8_t *)bytes + (length - queue->size);
        length = queue->size;
    }
    if (length > queue_space(queue))
        queue_drop(queue, length - queue_space(queue));
    queue_put(queue, bytes, length);
}

void queue_put_back(struct queue *queue, const void *bytes, uint32_t length) {
    uint32_t count = smaller(length, queue_space(queue));
    const uint8_t *last = (const uint8_t *)bytes + (length - count);
    queue->first = (queue->first + queue->size - count) % queue->size;
    queue->used += count;
    uint32_t piece = smaller(count, queue->size - queue->first);
    memcpy(queue->data + queue->first, last, piece);
    memcpy(queue->data, last + piece, count - piece);
}

uint32_t queue_peek(const struct queue *queue, void *bytes, uint32_t length) {
    uint32_t count = smaller(length, queue->used);
    uint32_t piece = smaller(count, queue->size - queue->first);
    memcpy(bytes, queue->data + queue->first, piece);
    memcpy((uint8_t *)bytes + piece, queue->data, count - piece);
    return count;
}

void queue_drop(struct queue *queue, uint32_t length) {
    uint32_t count = smaller(length, queue->used);
    queue->first = (queue->first + count) % queue->size;
    queue->used -= count;
}

uint32_t queue_take(struct queue *queue, void *bytes, uint32_t length) {
    uint32_t count = queue_peek(queue, bytes, length);
    queue_drop(queue, count);
    return count;
}
