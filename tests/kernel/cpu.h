/*
 * The suite's only inline assembly: instructions that C has no words for. The larger pieces are in
 * the .S files beside.
 */
#ifndef BULKHEAD_TEST_KERNEL_CPU_H
#define BULKHEAD_TEST_KERNEL_CPU_H

#include <stdint.h>

struct cpu_leaf {
    uint32_t eax, ebx, ecx, edx;
};

static inline uint8_t cpu_in(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void cpu_out(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline struct cpu_leaf cpu_identify(uint32_t leaf, uint32_t subleaf) {
    struct cpu_leaf result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
    return result;
}

/* XCR0; only where CPUID says OSXSAVE. */
static inline uint64_t cpu_extended_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_relax(void) {
    __asm__ volatile("pause" ::: "memory");
}

static inline uint64_t cpu_ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t cpu_flags(void) {
    uint64_t flags;
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    return flags;
}

static inline void cpu_set_flags(uint64_t flags) {
    __asm__ volatile("pushq %0\n\tpopfq" : : "r"(flags) : "cc", "memory");
}

/* A system call with the direction flag set. */
static inline int64_t cpu_call_backwards(uint64_t number, uint64_t first, uint64_t second) {
    int64_t result;
    __asm__ volatile("std\n\tsyscall\n\tcld"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second)
                     : "rcx", "r11", "cc", "memory");
    return result;
}

/* Faults in ring 3. */
static inline void cpu_halt(void) {
    __asm__ volatile("hlt");
}

/* Access rights of a selector that this privilege level may see; 0: it sees none. */
static inline uint32_t cpu_access_rights(uint32_t selector) {
    uint32_t rights = 0;
    __asm__ volatile("larl %1, %0" : "+r"(rights) : "r"(selector) : "cc");
    return rights;
}

/* Leaf 7: bits of EBX and ECX. */
#define CPU_HAS_FSGSBASE(leaf7) (((leaf7).ebx & 1u << 0) != 0)
#define CPU_HAS_UMIP(leaf7)     (((leaf7).ecx & 1u << 2) != 0)

#endif
