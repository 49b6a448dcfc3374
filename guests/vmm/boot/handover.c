/* Placement of modules, and the area of the boot loader's structures. */
#include "guests/vmm/boot/handover.h"

#include <string.h>

#include "guests/vmm/boot/layout.h"
#include "kernel/abi/types.h"

/* In the area: what all structures and tables of either protocol take at most, texts aside. */
#define TABLES_MAX 4096u
#define ALIGNMENT  8u

static uint64_t page_up(uint64_t address) {
    return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static uint64_t aligned(uint64_t address) {
    return (address + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

static void gather(struct handover *handover, const struct boot_config *config) {
    if (config->initrd.length != 0) {
        handover->file[handover->file_count++] =
            (struct handover_file){.file = &config->initrd, .text = config->initrd.name};
    }
    for (uint32_t i = 0; i < config->module_count && i < BOOT_MODULE_LIMIT; i++) {
        const struct boot_module *module = &config->modules[i];
        handover->file[handover->file_count++] = (struct handover_file){.file = &module->file,
                                                                        .text = module->text};
    }
}

/* One behind the other from FIRST on. False: END comes before the last. */
static bool place(struct handover *handover, uint64_t first, uint64_t end) {
    for (uint32_t i = 0; i < handover->file_count; i++) {
        struct handover_file *file = &handover->file[i];
        first = page_up(first);
        if (first > end || file->file->length > end - first) {
            return false;
        }
        file->address = first;
        first += file->file->length;
    }
    return true;
}

bool handover_plan(struct handover *handover, const struct boot_config *config,
                   const struct boot_image *image, const struct guest_memory *memory,
                   struct boot_error *error) {
    *handover = (struct handover){.memory = memory, .next = LAYOUT_HANDOVER};
    gather(handover, config);
    if (!place(handover, image->end, memory->low_length) &&
        !place(handover, LAYOUT_HIGH, image->start)) {
        uint64_t total = 0;
        for (uint32_t i = 0; i < handover->file_count; i++) {
            total += handover->file[i].file->length;
        }
        return boot_fail(error,
                         "%s: its modules (%llu bytes) do not fit beside the kernel: it ends at "
                         "%#llx, memory for them ends at %#llx",
                         config->kernel.name, (unsigned long long)total,
                         (unsigned long long)image->end, (unsigned long long)memory->low_length);
    }
    uint64_t texts = strlen(config->kernel.name) + strlen(config->command_line);
    for (uint32_t i = 0; i < handover->file_count; i++) {
        texts += strlen(handover->file[i].text);
    }
    if (texts > LAYOUT_HANDOVER_SIZE - TABLES_MAX) {
        return boot_fail(error,
                         "cmdline: with the modules' arguments %llu bytes; %s takes at most %llu",
                         (unsigned long long)texts, config->kernel.name,
                         (unsigned long long)(LAYOUT_HANDOVER_SIZE - TABLES_MAX));
    }
    return true;
}

void *handover_take(struct handover *handover, uint64_t length, uint32_t *address) {
    *address = (uint32_t)handover->next;
    handover->next = aligned(handover->next + length);
    return guest_memory_at(handover->memory, *address, length);
}

uint32_t handover_texts(struct handover *handover, const char *first, const char *second) {
    size_t first_length = strlen(first), second_length = strlen(second);
    uint32_t address;
    char *place = handover_take(handover, first_length + second_length + 2, &address);
    memcpy(place, first, first_length);
    if (second_length != 0) {
        place[first_length] = ' ';
        memcpy(place + first_length + 1, second, second_length);
    }
    return address;
}

uint32_t handover_text(struct handover *handover, const char *text) {
    return handover_texts(handover, text, "");
}

void handover_load(struct handover *handover, const struct boot_config *config,
                   const struct boot_image *image) {
    image_load(&config->kernel, image, handover->memory);
    for (uint32_t i = 0; i < handover->file_count; i++) {
        struct handover_file *file = &handover->file[i];
        if (file->file->length != 0) {
            memcpy(guest_memory_at(handover->memory, file->address, file->file->length),
                   file->file->bytes, file->file->length);
        }
        file->text_address = handover_text(handover, file->text);
    }
}
