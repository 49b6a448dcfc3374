#include "arch/x86_64/platform/symbols.h"

#include <stddef.h>

#include "kernel/arch.h"
#include "kernel/string.h"

/* System V ABI, chapter 4 "Object Files": ELF-64 */
struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t size, program_size, program_count, section_size, section_count, names_section;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF-64");

struct elf_section {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t alignment, entry_size;
};
_Static_assert(sizeof(struct elf_section) == 64, "ELF-64");

struct elf_symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};
_Static_assert(sizeof(struct elf_symbol) == 24, "ELF-64");

#define SECTION_SYMBOLS 2u
#define SECTION_STRINGS 3u
#define SYMBOL_TYPE     0xfu
#define SYMBOL_FUNCTION 2u

static struct symbol_table kernel_symbols;

static bool is_inside(uint64_t length, uint64_t offset, uint64_t size) {
    return offset <= length && size <= length - offset;
}

static bool read_section(const uint8_t *file, uint64_t length, const struct elf_header *header,
                         uint32_t index, struct elf_section *section) {
    if (index >= header->section_count ||
        !is_inside(length, header->section_offset, (uint64_t)header->section_count * 64))
        return false;
    memcpy(section, file + header->section_offset + (uint64_t)index * 64, sizeof *section);
    return is_inside(length, section->offset, section->size);
}

bool symbols_open(struct symbol_table *table, const void *file, uint64_t length) {
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1};
    struct elf_header header;
    struct elf_section symbols, names;
    if (length < sizeof header)
        return false;
    memcpy(&header, file, sizeof header);
    if (memcmp(header.ident, magic, sizeof magic) != 0 || header.section_size != 64)
        return false;
    for (uint32_t i = 0; i < header.section_count; i++) {
        if (!read_section(file, length, &header, i, &symbols) || symbols.type != SECTION_SYMBOLS)
            continue;
        const uint8_t *bytes = file;
        if (!read_section(file, length, &header, symbols.link, &names) ||
            names.type != SECTION_STRINGS || names.size == 0 ||
            bytes[names.offset + names.size - 1] != 0)
            return false;
        *table = (struct symbol_table){
            .symbols = bytes + symbols.offset,
            .symbol_count = symbols.size / sizeof(struct elf_symbol),
            .names = (const char *)bytes + names.offset,
            .names_length = names.size,
        };
        return true;
    }
    return false;
}

const char *symbols_find(const struct symbol_table *table, uint64_t address, uint64_t *offset) {
    for (uint64_t i = 0; i < table->symbol_count; i++) {
        struct elf_symbol symbol;
        memcpy(&symbol, table->symbols + i * sizeof symbol, sizeof symbol);
        if ((symbol.info & SYMBOL_TYPE) == SYMBOL_FUNCTION && symbol.name < table->names_length &&
            address >= symbol.value && address - symbol.value < symbol.size) {
            *offset = address - symbol.value;
            return table->names + symbol.name;
        }
    }
    return NULL;
}

void symbols_init(const struct boot_info *info) {
    if (info->kernel_file != 0)
        symbols_open(&kernel_symbols, arch_memory_at(info->kernel_file), info->kernel_file_length);
}

const struct symbol_table *symbols_kernel(void) {
    return &kernel_symbols;
}
