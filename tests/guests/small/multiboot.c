/* The boot information of Multiboot Specification version 0.6.96, 3.3. */
#include "tests/guests/small/found.h"

#define LOADER_MAGIC 0x2badb002u

#define INFO_MEMORY       0x001u
#define INFO_COMMAND_LINE 0x004u
#define INFO_MODULES      0x008u
#define INFO_MEMORY_MAP   0x040u
#define INFO_LOADER_NAME  0x200u
#define INFO_EXPECTED \
    (INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME)

/* In multiboot_start.S: which of the two kernels this is, and the number that it leaves. */
extern const char multiboot_name[];
extern const uint8_t multiboot_value;

struct info {
    uint32_t flags, lower, upper, device;
    const char *command_line;
    uint32_t module_count;
    const struct {
        uint32_t start, end;
        const char *text;
        uint32_t reserved;
    } * module;
    uint32_t symbols[4];
    uint32_t map_length;
    const uint8_t *map;
    uint32_t drives[2], configuration;
    const char *loader;
};

_Noreturn void multiboot_main(uint32_t magic, const struct info *info);

static void take_range(struct found *found, const uint32_t *words) {
    struct found_range *range = &found->range[found->range_count++];
    range->address = words[1] | (uint64_t)words[2] << 32;
    range->length = words[3] | (uint64_t)words[4] << 32;
    range->type = words[5];
}

_Noreturn void multiboot_main(uint32_t magic, const struct info *info) {
    static struct found found;
    found.name = multiboot_name;
    found.is_complete = magic == LOADER_MAGIC && (info->flags & INFO_EXPECTED) == INFO_EXPECTED;
    found.command_line = info->command_line;
    found.loader = info->loader;
    for (uint32_t i = 0; i < info->module_count && i < FOUND_LIMIT; i++) {
        found.module[found.module_count++] = (struct found_module){
            info->module[i].start, info->module[i].end - info->module[i].start,
            info->module[i].text};
    }
    /* Each entry's size does not count itself. */
    for (uint32_t at = 0; at < info->map_length && found.range_count < FOUND_LIMIT;) {
        const uint32_t *words = (const void *)(info->map + at);
        take_range(&found, words);
        at += words[0] + 4;
    }
    found_report(&found, multiboot_value);
}
