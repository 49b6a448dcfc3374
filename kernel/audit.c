/*
 * Every leaf of every space must be what a mapping's record says, no more; the kernel's own tables
 * are the architecture's to look at; the accounts must add up to the machine's memory.
 */
#include "kernel/audit.h"

#include "kernel/arch.h"
#include "kernel/log.h"
#include "kernel/page_table.h"
#include "kernel/partition.h"
#include "kernel/region.h"
#include "kernel/space.h"
#include "kernel/system.h"

#define LINES_LIMIT 20u

static uint32_t findings;
static uint64_t leaves;

static void report(const char *what, uint64_t address) {
    if (findings++ < LINES_LIMIT)
        log_line("audit: %s at %lx", what, (unsigned long)address);
}

static const struct mapping *mapping_at(const struct space *space, uint64_t address) {
    LIST_FOR_EACH (link, &space->mappings) {
        const struct mapping *mapping = LIST_MEMBER(link, struct mapping, space_link);
        if (address - mapping->address < mapping->length)
            return mapping;
    }
    return NULL;
}

static void check_leaf(const struct space *space, uint64_t address,
                       const struct page_table_entry *entry) {
    const struct mapping *mapping = mapping_at(space, address);
    if (mapping == NULL) {
        report("a page is mapped without a record", address);
        return;
    }
    uint64_t run;
    uint64_t offset = mapping->offset + (address - mapping->address);
    if (region_physical(mapping->region, offset, &run) != entry->physical || run < entry->size)
        report("a page is not the one of its region", address);
    if ((entry->rights & ~mapping->flags) != 0)
        report("a page has more rights than its mapping", address);
    if (mapping->region->cleared != mapping->region->length)
        report("a page is mapped before its region is cleared", address);
}

static bool visit_leaf(void *context, uint64_t address, const struct page_table_entry *entry) {
    const struct space *space = context;
    if (space->kind == SPACE_PROGRAM && address >= space->end)
        return false; /* the kernel's half, which is the same in all */
    leaves++;
    if (space->kind == SPACE_PROGRAM && (entry->rights & MAP_WRITE) != 0 &&
        (entry->rights & MAP_EXECUTE) != 0)
        report("a program's page is writable and executable", address);
    check_leaf(space, address, entry);
    return true;
}

static void check_partition(struct partition *partition) {
    LIST_FOR_EACH (link, &partition->objects) {
        struct object *object = LIST_MEMBER(link, struct object, owner_link);
        if (object->type != OBJECT_SPACE)
            continue;
        struct space *space = LIST_MEMBER(object, struct space, object);
        struct page_table table = {space->format, space->root, NULL};
        page_table_walk(&table, visit_leaf, space);
    }
}

static void check_accounts(void) {
    static struct system_info info; /* too large for a kernel stack's taste; kernel_lock is held */
    system_get_info(&info);
    uint64_t sum = info.memory_free + info.memory_charged + info.memory_kernel;
    log_line("audit: %lu KiB free + %lu KiB charged + %lu KiB kernel, %lu KiB installed",
             (unsigned long)info.memory_free / 1024, (unsigned long)info.memory_charged / 1024,
             (unsigned long)info.memory_kernel / 1024, (unsigned long)info.memory_total / 1024);
    if (sum != info.memory_total)
        report("the accounts do not add up: bytes missing", info.memory_total - sum);
}

uint32_t audit_run(void) {
    findings = 0;
    leaves = 0;
    struct partition *partition = partition_after(0);
    for (; partition != NULL; partition = partition_after(partition->id))
        check_partition(partition);
    arch_audit(report);
    check_accounts();
    log_line("audit: %lu pages of programs and guests, %u findings", (unsigned long)leaves,
             findings);
    return findings;
}
