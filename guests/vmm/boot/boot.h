/*
 * Everything between a kernel file and a guest's first instruction: checks, placement, zero page,
 * entry state. Writes guest memory only; says in one line what is wrong with a file.
 */
#ifndef BULKHEAD_VMM_BOOT_BOOT_H
#define BULKHEAD_VMM_BOOT_BOOT_H

#include "guests/vmm/boot/image.h"
#include "kernel/abi/guest.h"

/* The least RAM with which the layout below 1 MiB and a kernel make sense. */
#define BOOT_MEMORY_MIN (16ull << 20)

struct boot_config {
    struct boot_file kernel;
    struct boot_file initrd; /* length 0: none */
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

#endif
