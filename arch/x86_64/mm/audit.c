/*
 * The kernel's half of the address space, looked at as the processor sees it: the tables that each
 * CPU has loaded, leaf by leaf, and the pages that must not be there.
 */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/block.h"
#include "arch/x86_64/mm/format.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "arch/x86_64/mm/layout.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/page_table.h"

#define KERNEL_HALF 0x0000800000000000ull /* of the 48 bits that tables translate */
#define TOP_ENTRIES 512u

typedef void (*reporter)(const char *what, uint64_t address);

static uint64_t canonical(uint64_t address) {
    return address < KERNEL_HALF ? address : address | 0xffff000000000000ull;
}

static bool visit(void *context, uint64_t address, const struct page_table_entry *entry) {
    reporter report = *(reporter *)context;
    if (address < KERNEL_HALF) {
        report("the kernel's own space maps a low page", address);
        return true;
    }
    if ((entry->rights & MAP_WRITE) != 0 && (entry->rights & MAP_EXECUTE) != 0)
        report("a kernel page is writable and executable", canonical(address));
    if ((entry->raw & FORMAT_USER) != 0)
        report("ring 3 can reach a kernel page", canonical(address));
    return true;
}

/* Ring 3 can reach a page only if every entry on the way says so: the top ones alone settle it. */
static void check_loaded_tables(void *context) {
    reporter report = *(reporter *)context;
    const uint64_t *loaded = arch_memory_at(asm_read_cr3() & FORMAT_ADDRESS);
    const uint64_t *root = arch_memory_at(kernel_space_root());
    for (uint32_t i = TOP_ENTRIES / 2; i < TOP_ENTRIES; i++)
        if (((loaded[i] ^ root[i]) & ~(uint64_t)FORMAT_ACCESSED) != 0)
            report("a CPU has loaded another kernel half: top entry", i);
}

static void check_guards(const struct page_table *table, reporter report) {
    for (uint32_t i = 0; i < cpu_count; i++)
        for (uint64_t offset = 0; offset < ARCH_CPU_BLOCK_SIZE; offset += PAGE_SIZE) {
            uint64_t address = (uint64_t)cpus[i] + offset;
            struct page_table_entry entry;
            bool is_there = page_table_lookup(table, address & (2 * KERNEL_HALF - 1), &entry);
            bool is_guard = block_page_kind(offset) == BLOCK_PAGE_GUARD;
            if (is_guard && is_there)
                report("a guard page of a CPU's stacks is mapped", address);
            if (!is_guard && !is_there)
                report("a page of a CPU's block is missing", address);
        }
}

void arch_audit(void (*report)(const char *what, uint64_t address)) {
    struct page_table table = {format_kernel(), kernel_space_root(), NULL};
    page_table_walk(&table, visit, &report);
    check_guards(&table, report);
    cpu_call_all(check_loaded_tables, &report);
}
