/*
 * The instructions that C has no words for. All inline assembly of the loader is here and in
 * bytes.c.
 */
#ifndef BULKHEAD_BOOT_CPU_H
#define BULKHEAD_BOOT_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_CR4_LA57 (1ull << 12)

#define CPU_MSR_FEATURE_CONTROL  0x3au
#define CPU_FEATURE_CONTROL_LOCK (1ull << 0)

struct cpu_leaf {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpu_leaf cpu_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpu_leaf r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t cpu_tsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t cpu_read_msr(uint32_t msr) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t cpu_read_cr4(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

/* One try at a random number; false when the generator had none ready (SDM Vol. 1, 7.3.17). */
static inline bool cpu_rdrand(uint64_t *value) {
    bool ready;
    __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ready));
    return ready;
}

static inline uint8_t cpu_in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void cpu_out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* CPUID.1:ECX */
static inline bool cpu_has_vmx(void) {
    return (cpu_cpuid(1, 0).ecx & (1u << 5)) != 0;
}

static inline bool cpu_has_rdrand(void) {
    return (cpu_cpuid(1, 0).ecx & (1u << 30)) != 0;
}

/* CPUID.80000001H:EDX, which every 64-bit CPU has. */
static inline bool cpu_has_nx(void) {
    return (cpu_cpuid(0x80000001u, 0).edx & (1u << 20)) != 0;
}

static inline bool cpu_has_gigabyte_pages(void) {
    return (cpu_cpuid(0x80000001u, 0).edx & (1u << 26)) != 0;
}

/* This CPU's x2APIC id where CPUID has the topology leaf, else its 8-bit initial APIC id. */
static inline uint32_t cpu_apic_id(void) {
    if (cpu_cpuid(0, 0).eax >= 0xbu) {
        struct cpu_leaf topology = cpu_cpuid(0xbu, 0);
        if (topology.ebx != 0) {
            return topology.edx;
        }
    }
    return cpu_cpuid(1, 0).ebx >> 24;
}

#endif
