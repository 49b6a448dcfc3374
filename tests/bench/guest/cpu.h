/* The processor, as far as the bench guest uses it. */
#ifndef BULKHEAD_BENCH_CPU_H
#define BULKHEAD_BENCH_CPU_H

#include <stdint.h>

/* SDM Vol. 4, table 2-2, and Vol. 3, table 11-6 "Local APIC Register Address Map Supported by
 * x2APIC". */
#define MSR_APIC_BASE    0x1bu
#define MSR_MISC_ENABLE  0x1a0u
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC_EOI   0x80bu
#define MSR_X2APIC_SVR   0x80fu
#define MSR_X2APIC_TIMER 0x832u
#define MSR_X2APIC_SELF  0x83fu

#define APIC_BASE_X2APIC    (3ull << 10) /* EN and EXTD */
#define APIC_SVR_ENABLE     (1ull << 8)
#define APIC_TIMER_DEADLINE (2ull << 17)

/* CPUID.1:ECX */
#define CPUID_X2APIC   (1u << 21)
#define CPUID_DEADLINE (1u << 24)

static inline uint64_t cpu_ticks(void) {
    return __builtin_ia32_rdtsc();
}

static inline void cpu_write_msr(uint32_t index, uint64_t value) {
    __asm__ volatile("wrmsr"
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline uint64_t cpu_read_msr(uint32_t index) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}

static inline uint32_t cpu_cpuid_ecx(uint32_t leaf) {
    uint32_t eax = leaf, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ecx;
}

static inline void cpu_out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port));
}

static inline void cpu_out16(uint16_t port, uint16_t value) {
    __asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port));
}

static inline uint8_t cpu_in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Bochs' debugger stops here when it is told to (magic_break); otherwise it does nothing. */
static inline void cpu_marker(void) {
    __asm__ volatile("xchg %%bx, %%bx" : : : "memory");
}

/* Interrupts are on after these; their handlers change RAX, RCX and RDX. */
static inline void cpu_interrupts_on(void) {
    __asm__ volatile("sti" : : : "rax", "rcx", "rdx", "memory");
}

/* Waits for one interrupt with interrupts off before and after. */
static inline void cpu_wait(void) {
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "rax", "rcx", "rdx", "memory");
}

static inline void cpu_interrupts_off(void) {
    __asm__ volatile("cli" : : : "memory");
}

#endif
