#include "arch/x86_64/mm/kernel_space.h"

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/block.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/tables.h"
#include "arch/x86_64/mm/format.h"
#include "arch/x86_64/mm/layout.h"
#include "arch/x86_64/mm/pcid.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/frame.h"
#include "kernel/page_table.h"

#define LOWER_48 0x0000ffffffffffffull /* the walker wants addresses without their sign */
#define UNCACHED (MEMORY_UNCACHED << MAP_MEMORY_TYPE_SHIFT)
#define ENTRIES  512u

/* linker.ld */
extern const uint8_t kernel_text_start[], kernel_text_end[], kernel_rodata_start[],
    kernel_rodata_end[], kernel_sealed_start[], kernel_sealed_end[], kernel_data_start[],
    kernel_image_end[];

static uint64_t allocate_table(struct page_table_allocator *self) {
    (void)self;
    return frame_allocate_clear();
}

static void free_table(struct page_table_allocator *self, uint64_t table) {
    (void)self;
    frame_free(table, 0);
}

static struct page_table_allocator allocator = {allocate_table, free_table};
static struct page_table tables = {NULL, UINT64_MAX, &allocator};
static uint64_t image_virtual, image_physical;
static uint64_t next_device = LAYOUT_DEVICES;

uint64_t kernel_space_root(void) {
    return tables.root;
}

static bool map(uint64_t address, uint64_t physical, uint64_t length, uint32_t flags) {
    return page_table_map(&tables, address & LOWER_48, physical, length, flags) == STATUS_OK;
}

static void map_or_panic(uint64_t address, uint64_t physical, uint64_t length, uint32_t flags) {
    if (length != 0 && !map(address, physical, length, flags))
        kernel_panic(NULL, "the kernel's space: %lx cannot be mapped", address);
}

/* ---- the direct map */

enum direct_rights { DIRECT_NOT, DIRECT_READ, DIRECT_WRITE };

static enum direct_rights rights_of(uint32_t type) {
    switch (type) {
    case BOOT_MEMORY_USABLE:
    case BOOT_MEMORY_MODULE:
    case BOOT_MEMORY_LOADER: return DIRECT_WRITE;
    case BOOT_MEMORY_ACPI_RECLAIM:
    case BOOT_MEMORY_ACPI_NVS: return DIRECT_READ;
    /* The kernel's image is not in it: its text shall be writable nowhere. */
    default: return DIRECT_NOT;
    }
}

/* Adjacent rows with the same rights become one piece, for the sake of large pages. */
static void map_memory(const struct boot_info *info) {
    const struct boot_memory *rows = arch_memory_at(info->memory);
    for (uint32_t i = 0; i < info->memory_count; i++) {
        enum direct_rights rights = rights_of(rows[i].type);
        uint64_t base = rows[i].base, end = base + rows[i].length;
        while (i + 1 < info->memory_count && rows[i + 1].base == end &&
               rights_of(rows[i + 1].type) == rights)
            end += rows[++i].length;
        if (rights != DIRECT_NOT)
            map_or_panic(LAYOUT_DIRECT_MAP + base, base, end - base,
                         rights == DIRECT_WRITE ? MAP_READ | MAP_WRITE : MAP_READ);
    }
}

/* ---- the image */

static uint64_t image_physical_of(const void *address) {
    return image_physical + ((uint64_t)address - image_virtual);
}

static void map_image(const uint8_t *start, const uint8_t *end, uint32_t flags) {
    map_or_panic((uint64_t)start, image_physical_of(start), (uint64_t)(end - start), flags);
}

/* The boot CPU's block: its guard pages are left out, the entry code put in. */
static void map_boot_block(void) {
    for (uint64_t offset = 0; offset < ARCH_CPU_BLOCK_SIZE; offset += PAGE_SIZE) {
        const uint8_t *page = boot_cpu_block + offset;
        enum block_page kind = block_page_kind(offset);
        if (kind == BLOCK_PAGE_DATA)
            map_image(page, page + PAGE_SIZE, MAP_READ | MAP_WRITE);
        else if (kind == BLOCK_PAGE_ENTRY && !kernel_space_map_entry((uint64_t)page))
            kernel_panic(NULL, "no memory for the kernel's space");
    }
}

static void map_kernel(void) {
    map_image(kernel_text_start, kernel_text_end, MAP_READ | MAP_EXECUTE);
    map_image(kernel_rodata_start, kernel_rodata_end, MAP_READ);
    map_image(kernel_sealed_start, kernel_sealed_end, MAP_READ | MAP_WRITE);
    map_image(kernel_data_start, boot_cpu_block, MAP_READ | MAP_WRITE);
    map_boot_block();
    map_image(boot_cpu_block + ARCH_CPU_BLOCK_SIZE, kernel_image_end, MAP_READ | MAP_WRITE);
}

/* The boot CPU's descriptor tables move to where nothing follows them (cpu/tables.h). */
static struct arch_tables *map_boot_tables(const struct cpu *cpu) {
    uint64_t address = LAYOUT_CPUS + LAYOUT_CPU_TABLES;
    map_or_panic(address, image_physical_of(cpu->arch.tables), sizeof(struct arch_tables),
                 MAP_READ | MAP_WRITE);
    return (struct arch_tables *)address;
}

/* Entries of the top table that later mappings use: program spaces copy them once. */
static void reserve(uint64_t address) {
    uint64_t *root = arch_memory_at(tables.root);
    uint64_t *entry = &root[address >> 39 & (ENTRIES - 1)];
    if (*entry != 0)
        return;
    uint64_t table = frame_allocate_clear();
    if (table == FRAME_NONE)
        kernel_panic(NULL, "no memory for the kernel's space");
    *entry = table | tables.format->table_bits;
}

void arch_kernel_space_init(const struct boot_info *info) {
    struct cpu *cpu = cpu_self();
    format_init();
    image_virtual = info->kernel_virtual;
    image_physical = info->kernel_base;
    tables.format = format_kernel();
    tables.root = frame_allocate_clear();
    if (tables.root == FRAME_NONE)
        kernel_panic(NULL, "no memory for the kernel's space");
    map_memory(info);
    map_kernel();
    struct arch_tables *boot_tables = map_boot_tables(cpu);
    reserve(LAYOUT_DEVICES);
    asm_write_cr3(tables.root);
    cpu->arch.tables = boot_tables;
    tables_load(boot_tables);
    pcid_init_cpu(cpu);
}

/* ---- later additions */

static void *map_window(uint64_t physical, uint64_t length, uint32_t flags) {
    uint64_t offset = physical & (PAGE_SIZE - 1);
    if (length == 0 || length > LAYOUT_DEVICES_END - next_device - 2 * PAGE_SIZE ||
        physical > FORMAT_ADDRESS - length)
        return NULL;
    uint64_t size = (offset + length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint64_t address = next_device;
    if (!map(address, physical - offset, size, flags))
        return NULL;
    next_device += size + PAGE_SIZE; /* an unmapped page between two windows */
    return (void *)(address + offset);
}

void *kernel_space_map_device(uint64_t physical, uint64_t length) {
    return map_window(physical, length, MAP_READ | MAP_WRITE | UNCACHED);
}

const void *kernel_space_map_reserved(uint64_t physical, uint64_t length) {
    return map_window(physical, length, MAP_READ);
}

bool kernel_space_map_page(uint64_t address, uint64_t physical) {
    return map(address, physical, PAGE_SIZE, MAP_READ | MAP_WRITE);
}

bool kernel_space_map_entry(uint64_t address) {
    return map(address, image_physical_of(kernel_entry_page), PAGE_SIZE, MAP_READ | MAP_EXECUTE);
}

/* The entry of a 4 KiB page of the image. */
static uint64_t *image_entry(uint64_t address) {
    uint64_t *table = arch_memory_at(tables.root);
    for (uint32_t shift = 39; shift > 12; shift -= 9)
        table = arch_memory_at(table[address >> shift & (ENTRIES - 1)] & FORMAT_ADDRESS);
    return &table[address >> 12 & (ENTRIES - 1)];
}

void kernel_space_seal(void) {
    for (uint64_t page = (uint64_t)kernel_sealed_start; page < (uint64_t)kernel_sealed_end;
         page += PAGE_SIZE) {
        *image_entry(page) &= ~FORMAT_WRITE;
        asm_invlpg(page);
    }
}

/* ---- the direct map, for everybody */

void *arch_memory_at(uint64_t physical) {
    return (void *)(LAYOUT_DIRECT_MAP + physical);
}

uint64_t arch_memory_physical(const void *address) {
    if ((uint64_t)address >= BOOT_KERNEL_BASE)
        return image_physical_of(address);
    return (uint64_t)address - LAYOUT_DIRECT_MAP;
}
