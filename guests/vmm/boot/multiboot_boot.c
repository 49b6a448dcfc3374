/*
 * What a multiboot kernel finds: EAX a magic number, EBX the boot information (Multiboot
 * Specification, 3.2 "Machine state" and 3.3 "Boot information format"). Pure.
 */
#include <stddef.h>

#include "guests/vmm/boot/boot.h"
#include "guests/vmm/boot/handover.h"
#include "guests/vmm/boot/layout.h"
#include "guests/vmm/boot/memory_map.h"
#include "guests/vmm/boot/state.h"

#define LOADER_MAGIC 0x2badb002u
#define KIB          1024u

#define INFO_MEMORY       0x001u
#define INFO_COMMAND_LINE 0x004u
#define INFO_MODULES      0x008u
#define INFO_MEMORY_MAP   0x040u
#define INFO_LOADER_NAME  0x200u

struct info {
    uint32_t flags;
    uint32_t memory_lower; /* KiB from 0 */
    uint32_t memory_upper; /* KiB from 1 MiB */
    uint32_t boot_device;
    uint32_t command_line;
    uint32_t module_count;
    uint32_t modules;
    uint32_t symbols[4];
    uint32_t memory_map_length; /* bytes */
    uint32_t memory_map;
    uint32_t drives_length;
    uint32_t drives;
    uint32_t configuration;
    uint32_t loader_name;
    uint32_t apm;
    uint32_t vbe[4];
    uint32_t framebuffer[7];
    uint32_t unused; /* behind the last field, for alignment */
};
_Static_assert(offsetof(struct info, memory_map_length) == 44, "Multiboot 3.3");
_Static_assert(offsetof(struct info, loader_name) == 64, "Multiboot 3.3");

struct info_module {
    uint32_t start;
    uint32_t end;
    uint32_t text;
    uint32_t reserved;
};
_Static_assert(sizeof(struct info_module) == 16, "Multiboot 3.3");

struct info_memory {
    uint32_t size; /* of what follows */
    uint64_t address;
    uint64_t length;
    uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct info_memory) == 24, "Multiboot 3.3");

static uint32_t write_modules(struct handover *handover) {
    uint32_t address;
    struct info_module *modules = handover_take(handover, handover->file_count * sizeof(*modules),
                                                &address);
    for (uint32_t i = 0; i < handover->file_count; i++) {
        const struct handover_file *file = &handover->file[i];
        modules[i] = (struct info_module){.start = (uint32_t)file->address,
                                          .end = (uint32_t)(file->address + file->file->length),
                                          .text = file->text_address};
    }
    return address;
}

static uint32_t write_memory_map(struct handover *handover, uint32_t *length) {
    struct memory_map_range ranges[MEMORY_MAP_LIMIT];
    uint32_t count = memory_map_make(handover->memory, ranges), address;
    *length = count * (uint32_t)sizeof(struct info_memory);
    struct info_memory *table = handover_take(handover, *length, &address);
    for (uint32_t i = 0; i < count; i++) {
        table[i] = (struct info_memory){.size = sizeof(*table) - sizeof(table->size),
                                        .address = ranges[i].address,
                                        .length = ranges[i].length,
                                        .type = ranges[i].type};
    }
    return address;
}

bool multiboot_boot(const struct boot_config *config, const struct boot_image *image,
                    const struct guest_memory *memory, struct guest_state *state,
                    struct boot_error *error) {
    struct handover handover;
    uint32_t address;
    if (!handover_plan(&handover, config, image, memory, error)) {
        return false;
    }
    struct info *info = handover_take(&handover, sizeof(*info), &address);
    handover_load(&handover, config, image);
    *info = (struct info){
        .flags = INFO_MEMORY | INFO_COMMAND_LINE | INFO_MEMORY_MAP | INFO_LOADER_NAME,
        .memory_lower = (uint32_t)(LAYOUT_LOW_END / KIB),
        .memory_upper = (uint32_t)((memory->low_length - LAYOUT_HIGH) / KIB),
        /* The kernel's name comes first, as other loaders of this protocol have it. */
        .command_line = handover_texts(&handover, config->kernel.name, config->command_line),
        .loader_name = handover_text(&handover, HANDOVER_LOADER),
    };
    if (handover.file_count != 0) {
        info->flags |= INFO_MODULES;
        info->module_count = handover.file_count;
        info->modules = write_modules(&handover);
    }
    info->memory_map = write_memory_map(&handover, &info->memory_map_length);
    state_fill_32(state, memory, image->entry, config->physical_bits);
    state->gpr[GPR_RAX] = LOADER_MAGIC;
    state->gpr[GPR_RBX] = address;
    return true;
}
