/*
 * Everything between a kernel file and a guest's first instruction: checks, placement, what the
 * protocol hands over, entry state. Writes guest memory only; says in one line what is wrong with a
 * file.
 */
#ifndef BULKHEAD_VMM_BOOT_BOOT_H
#define BULKHEAD_VMM_BOOT_BOOT_H

#include "guests/lib/machine_start.h"
#include "guests/vmm/boot/image.h"
#include "kernel/abi/guest.h"

/* The least RAM with which the layout below 1 MiB and a kernel make sense. */
#define BOOT_MEMORY_MIN (16ull << 20)

/* A file beside the kernel, with the text that goes with it: its name and perhaps arguments. */
struct boot_module {
    struct boot_file file;
    const char *text;
};

#define BOOT_MODULE_LIMIT MACHINE_MODULE_LIMIT

struct boot_config {
    struct boot_file kernel;
    struct boot_file initrd; /* length 0: none. Without Linux' protocol it is the first module */
    const struct boot_module *modules; /* not with Linux' protocol */
    uint32_t module_count;             /* at most BOOT_MODULE_LIMIT */
    enum boot_protocol protocol;       /* a wish: BOOT_AUTO leaves it to the file */
    const char *command_line;
    uint64_t rsdp;          /* guest-physical address of the ACPI tables' root */
    uint32_t physical_bits; /* the guest's MAXPHYADDR */
};

/*
 * Loads into MEMORY, which is fresh (zero), and makes STATE, a vCPU's after reset, the entry state.
 * False: ERROR says why, and neither was touched.
 */
bool boot_load(const struct boot_config *config, const struct guest_memory *memory,
               struct guest_state *state, struct boot_error *error);

/* --- One for each protocol: from a checked image on, as boot_load --- */

bool linux_boot(const struct boot_config *config, const struct boot_image *image,
                const struct guest_memory *memory, struct guest_state *state,
                struct boot_error *error);
bool pvh_boot(const struct boot_config *config, const struct boot_image *image,
              const struct guest_memory *memory, struct guest_state *state,
              struct boot_error *error);
bool multiboot_boot(const struct boot_config *config, const struct boot_image *image,
                    const struct guest_memory *memory, struct guest_state *state,
                    struct boot_error *error);

#endif
