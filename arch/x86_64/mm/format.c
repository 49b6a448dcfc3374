#include "arch/x86_64/mm/format.h"

#include "arch/x86_64/cpu/features.h"
#include "kernel/abi/types.h"

static uint64_t memory_type_bits(uint32_t flags) {
    uint32_t type = (flags & MAP_MEMORY_TYPE) >> MAP_MEMORY_TYPE_SHIFT;
    return (type & 1 ? FORMAT_PWT : 0) | (type & 2 ? FORMAT_PCD : 0);
}

static uint64_t leaf(uint32_t level, uint32_t flags) {
    uint64_t entry = FORMAT_PRESENT | memory_type_bits(flags);
    if (level > 0)
        entry |= FORMAT_LARGE;
    if ((flags & MAP_WRITE) != 0)
        entry |= FORMAT_WRITE;
    if ((flags & MAP_EXECUTE) == 0)
        entry |= FORMAT_NX;
    return entry;
}

static uint64_t program_leaf(uint32_t level, uint32_t flags) {
    return leaf(level, flags) | FORMAT_USER;
}

static uint64_t kernel_leaf(uint32_t level, uint32_t flags) {
    return leaf(level, flags) | FORMAT_GLOBAL;
}

static uint32_t rights(uint64_t entry) {
    if ((entry & FORMAT_PRESENT) == 0)
        return 0;
    return MAP_READ | ((entry & FORMAT_WRITE) != 0 ? MAP_WRITE : 0) |
           ((entry & FORMAT_NX) == 0 ? MAP_EXECUTE : 0);
}

static struct page_format program __attribute__((section(".sealed"))) = {
    .name = "program",
    .levels = 4,
    .largest_level = 1,
    .present_mask = FORMAT_PRESENT,
    .address_mask = FORMAT_ADDRESS,
    .large_bit = FORMAT_LARGE,
    .table_bits = FORMAT_PRESENT | FORMAT_WRITE | FORMAT_USER,
    .leaf = program_leaf,
    .rights = rights,
};

static struct page_format kernel __attribute__((section(".sealed"))) = {
    .name = "kernel",
    .levels = 4,
    .largest_level = 1,
    .present_mask = FORMAT_PRESENT,
    .address_mask = FORMAT_ADDRESS,
    .large_bit = FORMAT_LARGE,
    .table_bits = FORMAT_PRESENT | FORMAT_WRITE,
    .leaf = kernel_leaf,
    .rights = rights,
};

void format_init(void) {
    program.largest_level = cpu_has(FEATURE_PAGE_1G) ? 2 : 1;
    kernel.largest_level = program.largest_level;
}

const struct page_format *format_program(void) {
    return &program;
}

const struct page_format *format_kernel(void) {
    return &kernel;
}
