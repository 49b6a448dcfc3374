/*
 * The 64-bit Linux boot protocol (Documentation/arch/x86/boot.rst), in the order in which it
 * happens. Pure.
 */
#include "guests/vmm/boot/boot.h"

#include <string.h>

#include "guests/vmm/boot/e820.h"
#include "guests/vmm/boot/initrd.h"
#include "guests/vmm/boot/layout.h"
#include "guests/vmm/boot/params.h"
#include "guests/vmm/boot/state.h"

static uint64_t command_line_max(const struct boot_image *image) {
    uint64_t room = LAYOUT_COMMAND_LINE_SIZE - 1;
    return image->command_line_max < room ? image->command_line_max : room;
}

/* A set-up header for a kernel that comes without one: what its own boot code would have set. */
static void make_setup_header(struct setup_header *setup) {
    setup->boot_flag = SETUP_BOOT_FLAG;
    setup->header = SETUP_MAGIC;
    setup->version = SETUP_VERSION_OURS;
    setup->loadflags = SETUP_LOADED_HIGH;
    setup->xloadflags = SETUP_XLOAD_KERNEL_64;
    setup->kernel_alignment = 2u << 20;
}

static void fill_zero_page(struct boot_params *params, const struct boot_config *config,
                           const struct boot_image *image, const struct guest_memory *memory,
                           uint64_t initrd_address) {
    memset(params, 0, sizeof(*params));
    if (image->setup_header_length != 0) {
        memcpy((uint8_t *)params + BOOT_PARAMS_SETUP_OFFSET,
               config->kernel.bytes + BOOT_PARAMS_SETUP_OFFSET, image->setup_header_length);
    } else {
        make_setup_header(&params->setup);
        params->setup.initrd_addr_max = (uint32_t)image->initrd_max;
        params->setup.cmdline_size = (uint32_t)image->command_line_max;
        params->setup.pref_address = image->start;
        params->setup.init_size = (uint32_t)(image->end - image->start);
    }
    params->setup.vid_mode = SETUP_VIDEO_NORMAL;
    params->setup.type_of_loader = SETUP_LOADER_UNDEFINED;
    params->setup.hardware_subarch = SETUP_SUBARCH_PC;
    params->setup.setup_data = 0;
    params->setup.code32_start = (uint32_t)image->start;
    params->setup.cmd_line_ptr = (uint32_t)LAYOUT_COMMAND_LINE;
    params->setup.ramdisk_image = (uint32_t)initrd_address;
    params->setup.ramdisk_size = (uint32_t)config->initrd.length;
    params->acpi_rsdp_addr = config->rsdp;
    e820_fill(params, memory);
}

bool linux_boot(const struct boot_config *config, const struct boot_image *image,
                const struct guest_memory *memory, struct guest_state *state,
                struct boot_error *error) {
    uint64_t initrd_address = 0;
    if (config->module_count != 0) {
        return boot_fail(error, "modules: %s is entered as Linux, which takes an initrd only",
                         config->kernel.name);
    }
    if (config->initrd.length != 0 &&
        !initrd_place(&config->initrd, image, memory, &initrd_address, error)) {
        return false;
    }
    size_t command_length = strlen(config->command_line);
    if (command_length > command_line_max(image)) {
        return boot_fail(error, "cmdline: %llu bytes; %s takes at most %llu",
                         (unsigned long long)command_length, config->kernel.name,
                         (unsigned long long)command_line_max(image));
    }

    image_load(&config->kernel, image, memory);
    if (config->initrd.length != 0) {
        memcpy(guest_memory_at(memory, initrd_address, config->initrd.length), config->initrd.bytes,
               config->initrd.length);
    }
    memcpy(guest_memory_at(memory, LAYOUT_COMMAND_LINE, command_length + 1), config->command_line,
           command_length + 1);
    fill_zero_page(guest_memory_at(memory, LAYOUT_ZERO_PAGE, sizeof(struct boot_params)), config,
                   image, memory, initrd_address);
    state_fill_64(state, memory, image->entry, config->physical_bits);
    return true;
}
