#include "arch/x86_64/cpu/tables.h"

#include "arch/x86_64/cpu/block.h"
#include "arch/x86_64/cpu/registers.h"
#include "kernel/cpu.h"
#include "kernel/string.h"

#define SEGMENT_WRITABLE (1ull << 41) /* data; in code segments: readable */
#define SEGMENT_ACCESSED (1ull << 40)
#define SEGMENT_CODE     (1ull << 43)
#define SEGMENT_USER     (1ull << 44) /* S: code or data, not a system segment */
#define SEGMENT_DPL      45
#define SEGMENT_PRESENT  (1ull << 47)
#define SEGMENT_LONG     (1ull << 53)
#define SEGMENT_TASK     (9ull << 40) /* available 64-bit TSS */

uint64_t tables_segment(bool is_code, uint32_t privilege) {
    uint64_t kind = is_code ? SEGMENT_CODE | SEGMENT_LONG : 0;
    return kind | SEGMENT_WRITABLE | SEGMENT_ACCESSED | SEGMENT_USER | SEGMENT_PRESENT |
           (uint64_t)privilege << SEGMENT_DPL;
}

void tables_task_segment(uint64_t descriptor[2], uint64_t base, uint32_t limit) {
    descriptor[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | SEGMENT_TASK | SEGMENT_PRESENT |
                    (uint64_t)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
    descriptor[1] = base >> 32;
}

void tables_init(struct arch_tables *tables, struct cpu *cpu) {
    uint64_t block = (uint64_t)cpu;
    tables->task.ist[TASK_IST_NMI - 1] = block + BLOCK_NMI + BLOCK_PAGE;
    tables->task.ist[TASK_IST_DOUBLE - 1] = block + BLOCK_DOUBLE + BLOCK_PAGE;
    tables->task.ist[TASK_IST_MACHINE - 1] = block + BLOCK_MACHINE + BLOCK_PAGE;
    tables->task.ist[TASK_IST_DEBUG - 1] = block + BLOCK_DEBUG + BLOCK_PAGE;
    tables->task.port_bitmap_offset = offsetof(struct task_state, port_bitmap);
    memset(tables->task.port_bitmap, 0xff, sizeof tables->task.port_bitmap);
    tables->task.port_bitmap_end = 0xff;
    tables->gdt[SELECTOR_KERNEL_CODE / 8] = tables_segment(true, 0);
    tables->gdt[SELECTOR_KERNEL_DATA / 8] = tables_segment(false, 0);
    /* SYSRET's base itself would be 32-bit code: there is none. */
    tables->gdt[SELECTOR_USER_DATA / 8] = tables_segment(false, 3);
    tables->gdt[SELECTOR_USER_CODE / 8] = tables_segment(true, 3);
    cpu->arch.tables = tables;
}

void tables_load_task(struct arch_tables *tables) {
    struct descriptor_pointer pointer = {sizeof tables->gdt - 1, (uint64_t)tables->gdt};
    asm_lgdt(&pointer);
    /* LTR wants the descriptor available, and marks it busy. */
    tables_task_segment(&tables->gdt[SELECTOR_TASK / 8], (uint64_t)&tables->task,
                        sizeof tables->task - 1);
    asm_ltr(SELECTOR_TASK);
}

void tables_load(struct arch_tables *tables) {
    struct descriptor_pointer pointer = {sizeof tables->gdt - 1, (uint64_t)tables->gdt};
    asm_lgdt(&pointer);
    asm_load_code_and_stack(SELECTOR_KERNEL_CODE, SELECTOR_KERNEL_DATA);
    asm_clear_data_segments();
    asm_lldt(0);
    tables_load_task(tables);
}

static void set_range(uint8_t *bitmap, const struct thread_ports *range, bool is_open) {
    for (uint32_t port = range->first; port <= range->last; port++) {
        uint8_t bit = (uint8_t)(1u << (port & 7));
        if ((port & 7) == 0 && range->last - port >= 7) {
            bitmap[port / 8] = is_open ? 0 : 0xff;
            port += 7;
        } else if (is_open) {
            bitmap[port / 8] = (uint8_t)(bitmap[port / 8] & ~bit);
        } else {
            bitmap[port / 8] |= bit;
        }
    }
}

void tables_set_ports(struct arch_tables *tables, const struct thread_ports *ports,
                      uint32_t count) {
    bool is_same = tables->open_count == count;
    for (uint32_t i = 0; i < count && is_same; i++)
        is_same = tables->open[i].first == ports[i].first && tables->open[i].last == ports[i].last;
    if (is_same)
        return;
    for (uint32_t i = 0; i < tables->open_count; i++)
        set_range(tables->task.port_bitmap, &tables->open[i], false);
    for (uint32_t i = 0; i < count; i++) {
        set_range(tables->task.port_bitmap, &ports[i], true);
        tables->open[i] = ports[i];
    }
    tables->open_count = count;
}
