/* struct hvm_start_info (xen/include/public/arch-x86/hvm/start_info.h). */
#include "tests/guests/small/found.h"

#define START_MAGIC   0x336ec578u
#define START_VERSION 1u
#define VALUE         0x12

struct start {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, map;
    uint32_t map_count, reserved;
};

struct start_module {
    uint64_t address, length, text, reserved;
};

struct start_range {
    uint64_t address, length;
    uint32_t type, reserved;
};

_Noreturn void pvh_main(const struct start *start);

static const void *at(uint64_t address) {
    return (const void *)(uintptr_t)address;
}

_Noreturn void pvh_main(const struct start *start) {
    static struct found found = {.name = "pvh"};
    const struct start_module *module = at(start->modules);
    const struct start_range *range = at(start->map);
    found.is_complete = start->magic == START_MAGIC && start->version == START_VERSION &&
                        start->flags == 0;
    found.command_line = at(start->command_line);
    found.rsdp = (uint32_t)start->rsdp;
    for (uint32_t i = 0; i < start->module_count && i < FOUND_LIMIT; i++) {
        found.module[found.module_count++] = (struct found_module){(uint32_t)module[i].address,
                                                                   (uint32_t)module[i].length,
                                                                   at(module[i].text)};
    }
    for (uint32_t i = 0; i < start->map_count && i < FOUND_LIMIT; i++) {
        found.range[found.range_count++] = (struct found_range){range[i].address, range[i].length,
                                                                range[i].type};
    }
    found_report(&found, VALUE);
}
