/*
 * Entry by PVH: a note names a 32-bit entry point, EBX points at struct hvm_start_info (Xen,
 * docs/misc/pvh.pandoc and xen/include/public/arch-x86/hvm/start_info.h). Pure.
 */
#include "guests/vmm/boot/boot.h"
#include "guests/vmm/boot/handover.h"
#include "guests/vmm/boot/memory_map.h"
#include "guests/vmm/boot/state.h"

#define START_MAGIC   0x336ec578u
#define START_VERSION 1u

struct start {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map;
    uint32_t memory_map_count;
    uint32_t reserved;
};
_Static_assert(sizeof(struct start) == 56, "start_info.h, version 1");

struct start_module {
    uint64_t address;
    uint64_t length;
    uint64_t command_line;
    uint64_t reserved;
};
_Static_assert(sizeof(struct start_module) == 32, "start_info.h");

struct start_memory {
    uint64_t address;
    uint64_t length;
    uint32_t type;
    uint32_t reserved;
};
_Static_assert(sizeof(struct start_memory) == 24, "start_info.h");

static uint32_t write_modules(struct handover *handover) {
    uint32_t address;
    struct start_module *modules = handover_take(handover, handover->file_count * sizeof(*modules),
                                                 &address);
    for (uint32_t i = 0; i < handover->file_count; i++) {
        const struct handover_file *file = &handover->file[i];
        modules[i] = (struct start_module){.address = file->address,
                                           .length = file->file->length,
                                           .command_line = file->text_address};
    }
    return address;
}

static uint32_t write_memory_map(struct handover *handover, uint32_t *count) {
    struct memory_map_range ranges[MEMORY_MAP_LIMIT];
    uint32_t address;
    *count = memory_map_make(handover->memory, ranges);
    struct start_memory *table = handover_take(handover, *count * sizeof(*table), &address);
    for (uint32_t i = 0; i < *count; i++) {
        table[i] = (struct start_memory){.address = ranges[i].address,
                                         .length = ranges[i].length,
                                         .type = ranges[i].type};
    }
    return address;
}

bool pvh_boot(const struct boot_config *config, const struct boot_image *image,
              const struct guest_memory *memory, struct guest_state *state,
              struct boot_error *error) {
    struct handover handover;
    uint32_t address;
    if (!handover_plan(&handover, config, image, memory, error)) {
        return false;
    }
    struct start *start = handover_take(&handover, sizeof(*start), &address);
    handover_load(&handover, config, image);
    *start = (struct start){.magic = START_MAGIC,
                            .version = START_VERSION,
                            .module_count = handover.file_count,
                            .command_line = handover_text(&handover, config->command_line),
                            .rsdp = config->rsdp};
    if (handover.file_count != 0) {
        start->modules = write_modules(&handover);
    }
    start->memory_map = write_memory_map(&handover, &start->memory_map_count);
    state_fill_32(state, memory, image->entry, config->physical_bits);
    state->gpr[GPR_RBX] = address;
    return true;
}
