/* A queue of bytes in the manager's own memory. Pure. */
#ifndef BULKHEAD_MANAGER_QUEUE_H
#define BULKHEAD_MANAGER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue {
    uint8_t *data;
    uint32_t size;
    uint32_t first; /* index of the oldest byte */
    uint32_t used;
};

void queue_init(struct queue *queue, uint8_t *data, uint32_t size);
uint32_t queue_space(const struct queue *queue);
/* Puts as many as fit; returns how many. */
uint32_t queue_put(struct queue *queue, const void *bytes, uint32_t length);
/* Puts all; the oldest go where there is no space. */
void queue_put_over(struct queue *queue, const void *bytes, uint32_t length);
/* Puts bytes before the oldest, as many of their last as fit. */
void queue_put_back(struct queue *queue, const void *bytes, uint32_t length);
/* Takes at most `length` of the oldest; returns how many. peek leaves them. */
uint32_t queue_take(struct queue *queue, void *bytes, uint32_t length);
uint32_t queue_peek(const struct queue *queue, void *bytes, uint32_t length);
void queue_drop(struct queue *queue, uint32_t length);

#endif
