/* Spaces: regions mapped through page tables whose pages the space's partition pays. */
#include "kernel/space.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/frame.h"
#include "kernel/page_table.h"
#include "kernel/partition.h"
#include "kernel/region.h"

#define GUEST_SPACE_END (1ull << 39) /* more would only cost; processors have at least that */

/* Tables for the page-table walker, charged to a space's owner. */
struct space_tables {
    struct page_table_allocator allocator;
    struct space *space;
};

static uint64_t allocate_table(struct page_table_allocator *allocator) {
    struct space *space = LIST_MEMBER(allocator, struct space_tables, allocator)->space;
    void *table = partition_page_allocate(space->object.owner);
    if (table == NULL)
        return UINT64_MAX;
    space->table_count++;
    return arch_memory_physical(table);
}

static void free_table(struct page_table_allocator *allocator, uint64_t table) {
    struct space *space = LIST_MEMBER(allocator, struct space_tables, allocator)->space;
    space->table_count--;
    partition_page_free(space->object.owner, arch_memory_at(table));
}

static struct space_tables tables_of(struct space *space) {
    return (struct space_tables){
        {allocate_table, free_table},
        space
    };
}

static struct page_table table_of(const struct space *space, struct space_tables *tables) {
    return (struct page_table){space->format, space->root, &tables->allocator};
}

enum status space_create(struct partition *partition, enum space_kind kind, struct space **result) {
    const struct page_format *format = arch_page_format(kind);
    if (format == NULL)
        return STATUS_UNSUPPORTED;
    struct space *space = object_create(OBJECT_SPACE, partition);
    if (space == NULL)
        return STATUS_QUOTA;
    list_init(&space->mappings);
    space->kind = kind;
    space->format = format;
    space->end = kind == SPACE_PROGRAM ? SPACE_PROGRAM_END : GUEST_SPACE_END;
    struct space_tables tables = tables_of(space);
    space->root = allocate_table(&tables.allocator);
    if (space->root == UINT64_MAX) {
        object_put(&space->object);
        return STATUS_QUOTA;
    }
    arch_space_init(space);
    *result = space;
    return STATUS_OK;
}

static void flush(void *argument) {
    (void)argument;
    arch_flush_translations();
}

/* The link of the first mapping at or behind an address. */
static struct list *mapping_behind(struct space *space, uint64_t address) {
    LIST_FOR_EACH (link, &space->mappings) {
        struct mapping *mapping = LIST_MEMBER(link, struct mapping, space_link);
        if (mapping->address + mapping->length > address)
            return link;
    }
    return &space->mappings;
}

static bool is_occupied(struct space *space, struct list *link, uint64_t end) {
    return link != &space->mappings && LIST_MEMBER(link, struct mapping, space_link)->address < end;
}

static bool range_is_valid(const struct space *space, uint64_t address, uint64_t length) {
    uint64_t first = space->kind == SPACE_PROGRAM ? PAGE_SIZE : 0;
    return length > 0 && (address | length) % PAGE_SIZE == 0 && address >= first &&
           length <= space->end && address <= space->end - length;
}

static enum status map_pieces(struct space *space, const struct region *region, uint64_t offset,
                              uint64_t address, uint64_t length, uint32_t flags) {
    struct space_tables tables = tables_of(space);
    struct page_table table = table_of(space, &tables);
    uint64_t done = 0;
    enum status status = STATUS_OK;
    while (done < length && status == STATUS_OK) {
        uint64_t run;
        uint64_t physical = region_physical(region, offset + done, &run);
        if (run > length - done)
            run = length - done;
        status = page_table_map(&table, address + done, physical, run, flags);
        if (status == STATUS_OK)
            done += run;
    }
    if (status != STATUS_OK && done > 0) {
        page_table_unmap(&table, address, done);
        cpu_call_all(flush, NULL); /* a speculative walk may have seen the pieces */
    }
    return status;
}

enum status space_map(struct space *space, struct region *region, uint64_t offset, uint64_t address,
                      uint64_t length, uint32_t flags) {
    const uint32_t known = MAP_READ | MAP_WRITE | MAP_EXECUTE | MAP_MEMORY_TYPE;
    bool writes_and_executes = (flags & (MAP_WRITE | MAP_EXECUTE)) == (MAP_WRITE | MAP_EXECUTE);
    if ((flags & ~known) != 0 || (flags & MAP_READ) == 0 || (flags & MAP_MEMORY_TYPE) != 0 ||
        (space->kind == SPACE_PROGRAM && writes_and_executes) ||
        !range_is_valid(space, address, length) || offset % PAGE_SIZE != 0 ||
        length > region->length || offset > region->length - length)
        return STATUS_INVALID;
    struct list *behind = mapping_behind(space, address);
    if (is_occupied(space, behind, address + length))
        return STATUS_EXISTS;
    struct mapping *mapping = object_create(OBJECT_NONE, space->object.owner);
    if (mapping == NULL)
        return STATUS_QUOTA;
    enum status status = map_pieces(space, region, offset, address, length, flags);
    list_init(&mapping->space_link);
    list_init(&mapping->region_link);
    if (status != STATUS_OK) {
        object_put(&mapping->object);
        return status;
    }
    object_get(&region->object);
    mapping->space = space;
    mapping->region = region;
    mapping->address = address;
    mapping->length = length;
    mapping->offset = offset;
    mapping->flags = flags;
    list_insert_before(behind, &mapping->space_link);
    list_append(&region->mappings, &mapping->region_link);
    return STATUS_OK;
}

static void remove_mapping(struct mapping *mapping) {
    list_remove(&mapping->space_link);
    list_remove(&mapping->region_link);
    struct region *region = mapping->region;
    object_put(&mapping->object);
    object_put(&region->object);
}

enum status space_unmap(struct space *space, uint64_t address, uint64_t length) {
    if (!range_is_valid(space, address, length))
        return STATUS_INVALID;
    uint64_t end = address + length;
    uint64_t covered = address;
    struct list *first = mapping_behind(space, address);
    for (struct list *link = first; is_occupied(space, link, end); link = link->next) {
        struct mapping *mapping = LIST_MEMBER(link, struct mapping, space_link);
        if (mapping->address < address || mapping->address + mapping->length > end)
            return STATUS_INVALID;
        if (mapping->address != covered)
            return STATUS_NOT_FOUND;
        covered += mapping->length;
    }
    if (covered != end)
        return STATUS_NOT_FOUND;
    struct space_tables tables = tables_of(space);
    struct page_table table = table_of(space, &tables);
    page_table_unmap(&table, address, length);
    cpu_call_all(flush, NULL);
    for (struct list *link = first, *next; is_occupied(space, link, end); link = next) {
        next = link->next;
        remove_mapping(LIST_MEMBER(link, struct mapping, space_link));
    }
    return STATUS_OK;
}

void space_unmap_region(struct region *region) {
    LIST_FOR_EACH_SAFE (link, &region->mappings) {
        struct mapping *mapping = LIST_MEMBER(link, struct mapping, region_link);
        space_unmap(mapping->space, mapping->address, mapping->length);
    }
}

enum status space_clear(struct space *space) {
    if (list_is_empty(&space->mappings))
        return STATUS_OK;
    struct mapping *mapping = LIST_MEMBER(space->mappings.next, struct mapping, space_link);
    space_unmap(space, mapping->address, mapping->length);
    return list_is_empty(&space->mappings) ? STATUS_OK : STATUS_BUSY;
}

/* No thread, guest or device uses the space any more, so nothing has to be flushed but what
 * hardware may have cached of it. */
void space_destroy(struct space *space) {
    if (space->root == UINT64_MAX)
        return;
    struct space_tables tables = tables_of(space);
    struct page_table table = table_of(space, &tables);
    while (!list_is_empty(&space->mappings))
        remove_mapping(LIST_MEMBER(space->mappings.next, struct mapping, space_link));
    cpu_call_all(flush, NULL);
    page_table_free_tables(&table, (uint32_t)(space->end >> 39));
    arch_space_destroy(space);
    free_table(&tables.allocator, space->root);
}
