/*
 * Buddy allocator. A byte per frame says whether a free block begins there and how large it is; the
 * links of the free lists stand in the free memory itself.
 */
#include "kernel/frame.h"

#include "kernel/arch.h"
#include "kernel/list.h"
#include "kernel/spinlock.h"

#define FRAME_SHIFT 12
#define BLOCK_FREE  0x80u /* a free block of the order in the low bits begins here */

static struct {
    struct spinlock lock;
    uint8_t *block; /* by frame number */
    uint64_t frame_limit;
    uint64_t free_count;
    uint64_t total_count;
    struct list free[FRAME_ORDER_MAX + 1];
} frames;

static struct list *link_of(uint64_t frame) {
    return arch_memory_at(frame << FRAME_SHIFT);
}

static void put_block(uint64_t frame, uint32_t order) {
    frames.block[frame] = (uint8_t)(BLOCK_FREE | order);
    list_prepend(&frames.free[order], link_of(frame));
}

static void take_block(uint64_t frame) {
    frames.block[frame] = 0;
    list_remove(link_of(frame));
}

/* Puts a block back, joined with its buddy as long as that is free too. */
static void release(uint64_t frame, uint32_t order) {
    frames.free_count += 1ull << order;
    while (order < FRAME_ORDER_MAX) {
        uint64_t buddy = frame ^ 1ull << order;
        if (buddy >= frames.frame_limit || frames.block[buddy] != (BLOCK_FREE | order))
            break;
        take_block(buddy);
        frame &= ~(1ull << order);
        order++;
    }
    put_block(frame, order);
}

void frame_add(uint64_t base, uint64_t length) {
    uint64_t frame = base >> FRAME_SHIFT;
    uint64_t end = (base + length) >> FRAME_SHIFT;
    if (frame == 0)
        frame = 1; /* an address of 0 is a bug more often than a page */
    if (end > frames.frame_limit)
        end = frames.frame_limit;
    spinlock_acquire(&frames.lock);
    while (frame < end) {
        uint32_t order = 0;
        while (order < FRAME_ORDER_MAX && (frame & 1ull << order) == 0 &&
               frame + (2ull << order) <= end)
            order++;
        release(frame, order);
        frames.total_count += 1ull << order;
        frame += 1ull << order;
    }
    spinlock_release(&frames.lock);
}

/* The frame table is taken from the end of the first usable row that has room for it. */
void frame_init(const struct boot_info *info) {
    const struct boot_memory *memory = arch_memory_at(info->memory);
    for (uint32_t order = 0; order <= FRAME_ORDER_MAX; order++)
        list_init(&frames.free[order]);
    frames.free_count = 0;
    frames.total_count = 0;
    frames.frame_limit = 0;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        uint64_t end = (memory[i].base + memory[i].length) >> FRAME_SHIFT;
        bool is_ram = memory[i].type == BOOT_MEMORY_USABLE || memory[i].type == BOOT_MEMORY_LOADER;
        if (is_ram && end > frames.frame_limit)
            frames.frame_limit = end;
    }
    uint64_t table_size = (frames.frame_limit + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint32_t table_row = info->memory_count;
    for (uint32_t i = 0; i < info->memory_count && table_row == info->memory_count; i++)
        if (memory[i].type == BOOT_MEMORY_USABLE && memory[i].base >= 0x100000 &&
            memory[i].length >= table_size)
            table_row = i;
    if (table_row == info->memory_count)
        kernel_panic(NULL, "no %lu KiB of memory in one piece for the frame table",
                     (unsigned long)table_size / 1024);
    uint64_t table = memory[table_row].base + memory[table_row].length - table_size;
    frames.block = arch_memory_at(table);
    for (uint64_t i = 0; i < table_size; i += PAGE_SIZE)
        arch_page_clear(frames.block + i);
    for (uint32_t i = 0; i < info->memory_count; i++)
        if (memory[i].type == BOOT_MEMORY_USABLE)
            frame_add(memory[i].base, memory[i].length - (i == table_row ? table_size : 0));
}

uint64_t frame_allocate(uint32_t order) {
    if (order > FRAME_ORDER_MAX)
        return FRAME_NONE;
    spinlock_acquire(&frames.lock);
    uint32_t from = order;
    while (from <= FRAME_ORDER_MAX && list_is_empty(&frames.free[from]))
        from++;
    if (from > FRAME_ORDER_MAX) {
        spinlock_release(&frames.lock);
        return FRAME_NONE;
    }
    uint64_t frame = arch_memory_physical(frames.free[from].next) >> FRAME_SHIFT;
    take_block(frame);
    while (from > order) {
        from--;
        put_block(frame + (1ull << from), from);
    }
    frames.free_count -= 1ull << order;
    spinlock_release(&frames.lock);
    return frame << FRAME_SHIFT;
}

uint64_t frame_allocate_clear(void) {
    uint64_t base = frame_allocate(0);
    if (base != FRAME_NONE)
        arch_page_clear(arch_memory_at(base));
    return base;
}

void frame_free(uint64_t base, uint32_t order) {
    spinlock_acquire(&frames.lock);
    release(base >> FRAME_SHIFT, order);
    spinlock_release(&frames.lock);
}

uint64_t frame_free_count(void) {
    return __atomic_load_n(&frames.free_count, __ATOMIC_RELAXED);
}

uint64_t frame_total_count(void) {
    return frames.total_count;
}
