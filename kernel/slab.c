/*
 * Each page begins with a header; the rest is slots of one size, the free ones chained. A page
 * whose last slot is freed goes back to the quota at once, so that counts return to where they
 * were.
 */
#include "kernel/slab.h"

#include <stdbool.h>
#include "kernel/partition.h"
#include "kernel/string.h"

#define SMALLEST_SHIFT 7u
#define HEADER_SIZE    64u

struct slab_page {
    struct list link; /* in slab.partial; in no list when full */
    void *free;       /* chain through the slots' first words */
    uint32_t used;
    uint32_t never_used; /* offset of the first slot that was never given out */
};
_Static_assert(sizeof(struct slab_page) <= HEADER_SIZE, "slots begin behind it");

void slab_init(struct slab *slab) {
    for (uint32_t i = 0; i < SLAB_CLASS_COUNT; i++)
        list_init(&slab->partial[i]);
}

static uint32_t class_of(size_t size) {
    uint32_t class = 0;
    while (class < SLAB_CLASS_COUNT && (size_t)1 << (SMALLEST_SHIFT + class) < size)
        class ++;
    return class;
}

static bool is_full(const struct slab_page *page, size_t slot) {
    return page->free == NULL && page->never_used + slot > PAGE_SIZE;
}

void *slab_allocate(struct partition *partition, size_t size) {
    uint32_t class = class_of(size);
    if (class == SLAB_CLASS_COUNT)
        return partition_page_allocate(partition);
    struct list *partial = &partition->slab.partial[class];
    size_t slot = (size_t)1 << (SMALLEST_SHIFT + class);
    if (list_is_empty(partial)) {
        struct slab_page *fresh = partition_page_allocate(partition);
        if (fresh == NULL)
            return NULL;
        fresh->never_used = HEADER_SIZE;
        list_append(partial, &fresh->link);
    }
    struct slab_page *page = LIST_MEMBER(partial->next, struct slab_page, link);
    void *memory = page->free;
    if (memory != NULL) {
        memcpy(&page->free, memory, sizeof page->free);
    } else {
        memory = (char *)page + page->never_used;
        page->never_used += (uint32_t)slot;
    }
    page->used++;
    if (is_full(page, slot))
        list_remove(&page->link);
    memset(memory, 0, slot);
    return memory;
}

void slab_free(struct partition *partition, void *memory, size_t size) {
    uint32_t class = class_of(size);
    if (class == SLAB_CLASS_COUNT) {
        partition_page_free(partition, memory);
        return;
    }
    size_t slot = (size_t)1 << (SMALLEST_SHIFT + class);
    struct slab_page *page = (struct slab_page *)((uintptr_t)memory & ~(uintptr_t)(PAGE_SIZE - 1));
    if (is_full(page, slot))
        list_append(&partition->slab.partial[class], &page->link);
    memcpy(memory, &page->free, sizeof page->free);
    page->free = memory;
    if (--page->used == 0) {
        list_remove(&page->link);
        partition_page_free(partition, page);
    }
}
