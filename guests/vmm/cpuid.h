/*
 * What a guest's CPUID says: the host's, through a table of what may pass, and what the machine
 * adds. Pure: the host's CPUID comes through a function.
 */
#ifndef BULKHEAD_VMM_CPUID_H
#define BULKHEAD_VMM_CPUID_H

#include <stdint.h>

#include "kernel/abi/guest.h"

struct cpuid_registers {
    uint32_t eax, ebx, ecx, edx;
};

struct cpuid_config {
    /* The host's CPUID. */
    struct cpuid_registers (*host)(uint32_t leaf, uint32_t subleaf);
    uint64_t ticks_per_second; /* of the TSC, measured; 0: unknown */
    uint32_t cpu_count;
};

/* The rows for guest_set_cpuid, sorted; returns how many. ROWS has GUEST_CPUID_LIMIT places. */
uint32_t cpuid_build(const struct cpuid_config *config, struct guest_cpuid *rows);

/* MAXPHYADDR as the rows say it: what the guest's page tables and MTRRs may use. */
uint32_t cpuid_physical_bits(const struct guest_cpuid *rows, uint32_t row_count);

/* The processor's own CPUID instruction. */
struct cpuid_registers cpuid_host(uint32_t leaf, uint32_t subleaf);

#endif
