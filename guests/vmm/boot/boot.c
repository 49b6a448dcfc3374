/* Checks that every protocol needs, then the protocol's own. Pure. */
#include "guests/vmm/boot/boot.h"

#include <stddef.h>

bool boot_load(const struct boot_config *config, const struct guest_memory *memory,
               struct guest_state *state, struct boot_error *error) {
    static bool (*const boot[BOOT_PROTOCOL_COUNT])(
        const struct boot_config *config, const struct boot_image *image,
        const struct guest_memory *memory, struct guest_state *state, struct boot_error *error) = {
        [BOOT_LINUX] = linux_boot,
        [BOOT_PVH] = pvh_boot,
        [BOOT_MULTIBOOT] = multiboot_boot,
    };
    struct boot_image image;
    if (memory->low_length < BOOT_MEMORY_MIN) {
        return boot_fail(error, "memory: %llu KiB; at least %llu MiB are needed",
                         (unsigned long long)(memory->low_length >> 10),
                         (unsigned long long)(BOOT_MEMORY_MIN >> 20));
    }
    return image_check(&config->kernel, config->protocol, memory, &image, error) &&
           boot[image.protocol](config, &image, memory, state, error);
}
