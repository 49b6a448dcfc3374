/* CPUID policy: what a guest reads, from the VMM's rows and what the kernel can give. */
#ifndef BULKHEAD_VIRT_CPUID_H
#define BULKHEAD_VIRT_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/virt/vcpu.h"
#include "kernel/abi/guest.h"

struct guest;
struct vcpu;

/* arch_guest.features: what gates MSRs and register bits. */
#define VIRT_FEATURE_ALWAYS     0x001u
#define VIRT_FEATURE_MTRR       0x002u
#define VIRT_FEATURE_PAT        0x004u
#define VIRT_FEATURE_MCA        0x008u
#define VIRT_FEATURE_APIC       0x010u
#define VIRT_FEATURE_X2APIC     0x020u
#define VIRT_FEATURE_DEADLINE   0x040u
#define VIRT_FEATURE_TSC_ADJUST 0x080u
#define VIRT_FEATURE_TSC_AUX    0x100u /* RDTSCP or RDPID */
#define VIRT_FEATURE_LONG_MODE  0x200u
#define VIRT_FEATURE_TSC        0x400u
#define VIRT_FEATURE_SYSENTER   0x800u

/* What this host's hardware adds or lacks. */
struct cpuid_host {
    cpuid_function cpuid;
    uint64_t xcr0; /* what XCR0 may be */
    bool has_rdtscp, has_invpcid;
};

/*
 * Clears in rows, in place, what the kernel cannot give; marks the rows that change at run time;
 * and derives from them what else the guest may do. Pure but for host->cpuid.
 */
void cpuid_apply(struct arch_guest *guest, struct guest_cpuid *rows, uint32_t count,
                 const struct cpuid_host *host);

/* The row for a leaf and subleaf, NULL: reads as zeros. */
const struct guest_cpuid *cpuid_find(const struct guest *guest, uint32_t leaf, uint32_t subleaf);

/* The instruction: RAX and RCX of the page in, RAX, RBX, RCX and RDX out. */
enum exit_action cpuid_exit(struct vcpu *vcpu);

/* Bytes of an XSAVE area for a value of XCR0, in standard format, or compacted. */
uint32_t cpuid_xsave_size(uint64_t xcr0, bool is_compacted);

/* XCR0 may hold this value (SDM Vol. 2, XSETBV). */
bool cpuid_xcr0_is_valid(uint64_t value, uint64_t allowed);

#endif
