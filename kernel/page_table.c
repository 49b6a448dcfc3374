/*
 * The walker over page tables of any format. A map first builds all tables that it needs and checks
 * that nothing is in the way; only then it writes leaves, so that it does all or nothing.
 */
#include "kernel/page_table.h"

#include <stddef.h>

#include "kernel/arch.h"

#define ENTRIES 512u

static uint32_t level_shift(uint32_t level) {
    return 12 + 9 * level;
}

static uint64_t level_size(uint32_t level) {
    return 1ull << level_shift(level);
}

static uint64_t *entry_of(uint64_t table, uint32_t level, uint64_t address) {
    uint64_t *entries = arch_memory_at(table);
    return &entries[address >> level_shift(level) & (ENTRIES - 1)];
}

static bool is_present(const struct page_format *format, uint64_t entry) {
    return (entry & format->present_mask) != 0;
}

static bool is_leaf(const struct page_format *format, uint32_t level, uint64_t entry) {
    return level == 0 || (entry & format->large_bit) != 0;
}

static bool is_empty(const struct page_format *format, uint64_t table) {
    const uint64_t *entries = arch_memory_at(table);
    for (uint32_t i = 0; i < ENTRIES; i++)
        if (is_present(format, entries[i]))
            return false;
    return true;
}

/* The largest level at which a page can begin here. */
static uint32_t leaf_level(const struct page_format *format, uint64_t address, uint64_t physical,
                           uint64_t length) {
    uint32_t level = format->largest_level;
    while (level > 0 &&
           (((address | physical) & (level_size(level) - 1)) != 0 || length < level_size(level)))
        level--;
    return level;
}

/* The slot for a leaf at that level, with the tables above it; NULL and *status: why not. */
static uint64_t *prepare_slot(struct page_table *table, uint64_t address, uint32_t leaf,
                              enum status *status) {
    const struct page_format *format = table->format;
    uint64_t current = table->root;
    for (uint32_t level = format->levels - 1; level > leaf; level--) {
        uint64_t *entry = entry_of(current, level, address);
        if (!is_present(format, *entry)) {
            uint64_t fresh = table->allocator->allocate(table->allocator);
            if (fresh == UINT64_MAX) {
                *status = STATUS_QUOTA;
                return NULL;
            }
            *entry = fresh | format->table_bits;
        } else if (is_leaf(format, level, *entry)) {
            *status = STATUS_EXISTS;
            return NULL;
        }
        current = *entry & format->address_mask;
    }
    uint64_t *slot = entry_of(current, leaf, address);
    if (is_present(format, *slot)) {
        /* An empty table may stand where a large page shall go. */
        if (is_leaf(format, leaf, *slot) || !is_empty(format, *slot & format->address_mask)) {
            *status = STATUS_EXISTS;
            return NULL;
        }
    }
    return slot;
}

/* Frees the tables on the way to an address that hold nothing. */
static void free_empty(struct page_table *table, uint64_t address) {
    const struct page_format *format = table->format;
    uint64_t *path[8];
    uint32_t depth = 0;
    uint64_t current = table->root;
    for (uint32_t level = format->levels - 1; level > 0; level--) {
        uint64_t *entry = entry_of(current, level, address);
        if (!is_present(format, *entry) || is_leaf(format, level, *entry))
            break;
        path[depth++] = entry;
        current = *entry & format->address_mask;
    }
    while (depth > 0) {
        uint64_t *entry = path[--depth];
        uint64_t child = *entry & format->address_mask;
        if (!is_empty(format, child))
            return;
        *entry = 0;
        table->allocator->free(table->allocator, child);
    }
}

static enum status prepare(struct page_table *table, uint64_t address, uint64_t physical,
                           uint64_t length) {
    enum status status = STATUS_OK;
    uint64_t done = 0;
    while (done < length && status == STATUS_OK) {
        uint32_t level = leaf_level(table->format, address + done, physical + done, length - done);
        prepare_slot(table, address + done, level, &status);
        done += level_size(level);
    }
    if (status != STATUS_OK)
        for (uint64_t undo = 0; undo < done && undo < length; undo += level_size(0))
            free_empty(table, address + undo);
    return status;
}

enum status page_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint64_t length, uint32_t flags) {
    const struct page_format *format = table->format;
    enum status status = prepare(table, address, physical, length);
    while (status == STATUS_OK && length > 0) {
        uint32_t level = leaf_level(format, address, physical, length);
        uint64_t *slot = prepare_slot(table, address, level, &status);
        if (slot == NULL)
            break;
        uint64_t old_table = is_present(format, *slot) ? *slot & format->address_mask : UINT64_MAX;
        *slot = physical | format->leaf(level, flags);
        if (old_table != UINT64_MAX)
            table->allocator->free(table->allocator, old_table);
        address += level_size(level);
        physical += level_size(level);
        length -= level_size(level);
    }
    return status;
}

void page_table_unmap(struct page_table *table, uint64_t address, uint64_t length) {
    const struct page_format *format = table->format;
    uint64_t end = address + length;
    while (address < end) {
        uint64_t current = table->root;
        uint32_t level = format->levels - 1;
        uint64_t *entry = entry_of(current, level, address);
        while (is_present(format, *entry) && !is_leaf(format, level, *entry)) {
            current = *entry & format->address_mask;
            entry = entry_of(current, --level, address);
        }
        if (is_present(format, *entry))
            *entry = 0;
        uint64_t next = (address | (level_size(level) - 1)) + 1;
        /* The last page of a table, or of the range: the table may be empty now. */
        bool leaves_table = level + 1 < format->levels && (next & (level_size(level + 1) - 1)) == 0;
        if (leaves_table || next >= end)
            free_empty(table, address);
        address = next;
    }
}

/* Recursion goes as deep as there are levels: four. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void free_below(struct page_table *table, uint64_t entry, uint32_t level) {
    const struct page_format *format = table->format;
    uint64_t child = entry & format->address_mask;
    if (level > 1) {
        const uint64_t *entries = arch_memory_at(child);
        for (uint32_t i = 0; i < ENTRIES; i++)
            if (is_present(format, entries[i]) && !is_leaf(format, level - 1, entries[i]))
                free_below(table, entries[i], level - 1);
    }
    table->allocator->free(table->allocator, child);
}

void page_table_free_tables(struct page_table *table, uint32_t top_entries) {
    uint32_t top = table->format->levels - 1;
    uint64_t *entries = arch_memory_at(table->root);
    for (uint32_t i = 0; i < top_entries && i < ENTRIES; i++) {
        if (is_present(table->format, entries[i]) && !is_leaf(table->format, top, entries[i]))
            free_below(table, entries[i], top);
        entries[i] = 0;
    }
}

static struct page_table_entry describe(const struct page_format *format, uint32_t level,
                                        uint64_t raw) {
    return (struct page_table_entry){
        .physical = raw & format->address_mask & ~(level_size(level) - 1),
        .size = level_size(level),
        .rights = format->rights(raw),
        .raw = raw,
    };
}

bool page_table_lookup(const struct page_table *table, uint64_t address,
                       struct page_table_entry *entry) {
    const struct page_format *format = table->format;
    uint64_t current = table->root;
    for (uint32_t level = format->levels; level-- > 0;) {
        uint64_t raw = *entry_of(current, level, address);
        if (!is_present(format, raw))
            return false;
        if (is_leaf(format, level, raw)) {
            *entry = describe(format, level, raw);
            return true;
        }
        current = raw & format->address_mask;
    }
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as there are levels */
static bool walk(const struct page_format *format, uint64_t current, uint32_t level,
                 uint64_t address, bool (*visit)(void *, uint64_t, const struct page_table_entry *),
                 void *context) {
    const uint64_t *entries = arch_memory_at(current);
    for (uint32_t i = 0; i < ENTRIES; i++, address += level_size(level)) {
        if (!is_present(format, entries[i]))
            continue;
        if (!is_leaf(format, level, entries[i])) {
            if (!walk(format, entries[i] & format->address_mask, level - 1, address, visit,
                      context))
                return false;
            continue;
        }
        struct page_table_entry entry = describe(format, level, entries[i]);
        if (!visit(context, address, &entry))
            return false;
    }
    return true;
}

bool page_table_walk(const struct page_table *table,
                     bool (*visit)(void *context, uint64_t address,
                                   const struct page_table_entry *entry),
                     void *context) {
    return walk(table->format, table->root, table->format->levels - 1, 0, visit, context);
}
