/* Regions: memory in extents as large as can be had. */
#include "kernel/region.h"

#include "kernel/arch.h"
#include "kernel/frame.h"
#include "kernel/partition.h"
#include "kernel/space.h"

#define EXTENTS_PER_PAGE 255u
#define CLEAR_STEP       (16 * PAGE_SIZE) /* bytes cleared before others may run: 8,192 stores */

/* Extents stand in a chain of pages. */
struct region_page {
    struct region_page *next;
    uint64_t count;
    struct region_extent extent[EXTENTS_PER_PAGE];
};
_Static_assert(sizeof(struct region_page) == PAGE_SIZE, "a kernel page");

static uint64_t extent_length(const struct region_extent *extent) {
    return PAGE_SIZE << extent->order;
}

static struct region_extent *add_extent(struct region *region) {
    struct region_page *page = region->last_page;
    if (page == NULL || page->count == EXTENTS_PER_PAGE) {
        struct region_page *fresh = partition_page_allocate(region->object.owner);
        if (fresh == NULL)
            return NULL;
        if (page == NULL)
            region->first_page = fresh;
        else
            page->next = fresh;
        region->last_page = page = fresh;
    }
    return &page->extent[page->count++];
}

/* The largest block that is not larger than what is still wanted. */
static uint64_t allocate_block(uint64_t pages, uint32_t *order) {
    uint32_t wanted = 63u - (uint32_t)__builtin_clzll(pages);
    if (wanted > FRAME_ORDER_MAX)
        wanted = FRAME_ORDER_MAX;
    for (*order = wanted;; (*order)--) {
        uint64_t base = frame_allocate(*order);
        if (base != FRAME_NONE || *order == 0)
            return base;
    }
}

static enum status allocate_extents(struct region *region) {
    uint64_t pages = region->length / PAGE_SIZE;
    while (pages > 0) {
        struct region_extent *extent = add_extent(region);
        if (extent == NULL)
            return STATUS_QUOTA;
        uint64_t base = allocate_block(pages, &extent->order);
        if (base == FRAME_NONE) {
            region->last_page->count--;
            return STATUS_NO_MEMORY;
        }
        extent->base = base;
        pages -= 1ull << extent->order;
    }
    return STATUS_OK;
}

enum status region_create(struct partition *partition, uint64_t length, struct region **result) {
    if (length == 0 || length % PAGE_SIZE != 0)
        return STATUS_INVALID;
    struct region *region = object_create(OBJECT_REGION, partition);
    if (region == NULL)
        return STATUS_QUOTA;
    list_init(&region->mappings);
    if (!partition_charge(partition, length / PAGE_SIZE)) {
        object_put(&region->object);
        return STATUS_QUOTA;
    }
    region->length = length;
    enum status status = allocate_extents(region);
    if (status != STATUS_OK) {
        object_put(&region->object);
        return status;
    }
    *result = region;
    return STATUS_OK;
}

enum status region_create_fixed(struct partition *partition, uint64_t base, uint64_t length,
                                struct region **result) {
    struct region *region = object_create(OBJECT_REGION, partition);
    if (region == NULL)
        return STATUS_QUOTA;
    list_init(&region->mappings);
    region->length = length;
    region->cleared = length;
    region->is_fixed = true;
    region->fixed_base = base;
    *result = region;
    return STATUS_OK;
}

uint64_t region_physical(const struct region *region, uint64_t offset, uint64_t *length) {
    if (region->is_fixed) {
        *length = region->length - offset;
        return region->fixed_base + offset;
    }
    uint64_t start = 0;
    for (const struct region_page *page = region->first_page; page != NULL; page = page->next)
        for (uint64_t i = 0; i < page->count; i++) {
            const struct region_extent *extent = &page->extent[i];
            if (offset - start < extent_length(extent)) {
                *length = extent_length(extent) - (offset - start);
                return extent->base + (offset - start);
            }
            start += extent_length(extent);
        }
    *length = 0;
    return FRAME_NONE;
}

bool region_clear_some(struct region *region) {
    uint64_t end = region->cleared + CLEAR_STEP;
    if (end > region->length)
        end = region->length;
    while (region->cleared < end) {
        uint64_t run;
        char *memory = arch_memory_at(region_physical(region, region->cleared, &run));
        for (; run > 0 && region->cleared < end; run -= PAGE_SIZE, memory += PAGE_SIZE) {
            arch_page_clear(memory);
            region->cleared += PAGE_SIZE;
        }
    }
    return region->cleared == region->length;
}

/* Mappings count on their region, so none is left here. */
void region_destroy(struct region *region) {
    if (region->is_fixed)
        return;
    struct region_page *page = region->first_page;
    while (page != NULL) {
        struct region_page *next = page->next;
        for (uint64_t i = 0; i < page->count; i++)
            frame_free(page->extent[i].base, page->extent[i].order);
        partition_page_free(region->object.owner, page);
        page = next;
    }
    region->first_page = NULL;
    partition_uncharge(region->object.owner, region->length / PAGE_SIZE);
}
