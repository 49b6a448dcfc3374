/* Blocks and tables of the secondary CPUs, in the CPU area. */
#include "arch/x86_64/cpu/block.h"

#include <stddef.h>

#include "arch/x86_64/cpu/tables.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "arch/x86_64/mm/layout.h"
#include "kernel/arch.h"
#include "kernel/frame.h"

static uint64_t slots = 1; /* the boot CPU's tables are in slot 0 */

static bool map_clear(uint64_t address) {
    uint64_t frame = frame_allocate_clear();
    return frame != FRAME_NONE && kernel_space_map_page(address, frame);
}

/* The caller panics when this fails: what has been mapped by then is not taken back. */
struct cpu *arch_cpu_allocate(uint32_t index, uint32_t apic_id) {
    (void)index;
    (void)apic_id;
    if (slots == LAYOUT_CPU_LIMIT)
        return NULL;
    uint64_t base = LAYOUT_CPUS + slots++ * LAYOUT_CPU_STRIDE;
    for (uint64_t offset = 0; offset < ARCH_CPU_BLOCK_SIZE; offset += PAGE_SIZE) {
        enum block_page kind = block_page_kind(offset);
        if (kind == BLOCK_PAGE_DATA && !map_clear(base + offset))
            return NULL;
        if (kind == BLOCK_PAGE_ENTRY && !kernel_space_map_entry(base + offset))
            return NULL;
    }
    for (uint64_t page = 0; page < TABLES_PAGES; page++)
        if (!map_clear(base + LAYOUT_CPU_TABLES + page * PAGE_SIZE))
            return NULL;
    struct cpu *cpu = (struct cpu *)base;
    tables_init((struct arch_tables *)(base + LAYOUT_CPU_TABLES), cpu);
    return cpu;
}
