/*
 * Every instruction that C has no words for. The only header with inline assembly, beside
 * arch_cpu_self() in arch_types.h; each function is one instruction, or a few that belong together.
 */
#ifndef BULKHEAD_CPU_ASM_H
#define BULKHEAD_CPU_ASM_H

#include <stdbool.h>
#include <stdint.h>

/* ---- I/O ports */

static inline uint8_t asm_in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t asm_in16(uint16_t port) {
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t asm_in32(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void asm_out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void asm_out16(uint16_t port, uint16_t value) {
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void asm_out32(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* ---- model-specific registers, CPUID, time */

static inline uint64_t asm_rdmsr(uint32_t index) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return ((uint64_t)high << 32) | low;
}

static inline void asm_wrmsr(uint32_t index, uint64_t value) {
    __asm__ volatile("wrmsr"
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline void asm_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *eax, uint32_t *ebx,
                             uint32_t *ecx, uint32_t *edx) {
    __asm__ volatile("cpuid"
                     : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(*edx)
                     : "a"(leaf), "c"(subleaf));
}

static inline uint64_t asm_rdtsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

static inline bool asm_rdrand(uint64_t *value) {
    bool is_valid;
    __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(is_valid));
    return is_valid;
}

static inline bool asm_rdseed(uint64_t *value) {
    bool is_valid;
    __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(is_valid));
    return is_valid;
}

/* high:low / divisor; high < divisor, or it faults. */
static inline uint64_t asm_divide(uint64_t high, uint64_t low, uint64_t divisor) {
    uint64_t quotient, remainder;
    __asm__("div %4" : "=a"(quotient), "=d"(remainder) : "0"(low), "1"(high), "r"(divisor) : "cc");
    return quotient;
}

/* ---- control and debug registers */

#define ASM_REGISTER(name)                                                  \
    static inline uint64_t asm_read_##name(void) {                          \
        uint64_t value;                                                     \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory"); \
        return value;                                                       \
    }                                                                       \
    static inline void asm_write_##name(uint64_t value) {                   \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
    }
ASM_REGISTER(cr0)
ASM_REGISTER(cr2)
ASM_REGISTER(cr3)
ASM_REGISTER(cr4)
ASM_REGISTER(dr0)
ASM_REGISTER(dr1)
ASM_REGISTER(dr2)
ASM_REGISTER(dr3)
ASM_REGISTER(dr6)
ASM_REGISTER(dr7)
#undef ASM_REGISTER

/* CR0.TS = 0 */
static inline void asm_clts(void) {
    __asm__ volatile("clts" : : : "memory");
}

/* ---- interrupts and waiting */

/* Interrupts that are pending are taken here: STI holds them back for one instruction. */
static inline void asm_sti_cli(void) {
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

/* STI delays interrupts by one instruction, so none can come between it and HLT. */
static inline void asm_sti_hlt_cli(void) {
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void asm_hlt(void) {
    __asm__ volatile("hlt" : : : "memory");
}

static inline void asm_cli(void) {
    __asm__ volatile("cli" : : : "memory");
}

static inline void asm_pause(void) {
    __asm__ volatile("pause" : : : "memory");
}

/* Enters the handler of NMIs through its gate; its IRET ends the blocking of NMIs. */
static inline void asm_int_nmi(void) {
    __asm__ volatile("int $2" : : : "memory");
}

/* ---- descriptor tables */

struct descriptor_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));
_Static_assert(sizeof(struct descriptor_pointer) == 10, "SDM Vol. 3, 3.5.1, pseudo-descriptor");

static inline void asm_lgdt(const struct descriptor_pointer *pointer) {
    __asm__ volatile("lgdt %0" : : "m"(*pointer) : "memory");
}

static inline void asm_lidt(const struct descriptor_pointer *pointer) {
    __asm__ volatile("lidt %0" : : "m"(*pointer) : "memory");
}

static inline void asm_lldt(uint16_t selector) {
    __asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}

static inline void asm_ltr(uint16_t selector) {
    __asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

/* Loads CS through a far return, and SS. */
static inline void asm_load_code_and_stack(uint64_t code, uint16_t stack) {
    uint64_t address;
    __asm__ volatile("lea 1f(%%rip), %0\n\t"
                     "push %1\n\t"
                     "push %0\n\t"
                     "lretq\n"
                     "1:\tmov %2, %%ss"
                     : "=&r"(address)
                     : "r"(code), "r"((uint32_t)stack)
                     : "memory");
}

/* DS, ES, FS and GS hold the null selector; the bases of FS and GS are undefined afterwards. */
static inline void asm_clear_data_segments(void) {
    __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs"
                     :
                     : "r"(0)
                     : "memory");
}

#define ASM_SEGMENT(name)                                      \
    static inline uint16_t asm_read_##name(void) {             \
        uint32_t value;                                        \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value)); \
        return (uint16_t)value;                                \
    }
ASM_SEGMENT(cs)
ASM_SEGMENT(ss)
#undef ASM_SEGMENT

/* With CR4.FSGSBASE. */
#define ASM_BASE(name)                                                \
    static inline uint64_t asm_rd##name(void) {                       \
        uint64_t value;                                               \
        __asm__ volatile("rd" #name " %0" : "=r"(value));             \
        return value;                                                 \
    }                                                                 \
    static inline void asm_wr##name(uint64_t value) {                 \
        __asm__ volatile("wr" #name " %0" : : "r"(value) : "memory"); \
    }
ASM_BASE(fsbase)
ASM_BASE(gsbase)
#undef ASM_BASE

/* ---- caches and translations */

static inline void asm_invlpg(uint64_t address) {
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void asm_wbinvd(void) {
    __asm__ volatile("wbinvd" : : : "memory");
}

static inline void asm_mfence(void) {
    __asm__ volatile("mfence" : : : "memory");
}

/* Eight bytes at a time. */
static inline void asm_clear_words(void *to, uint64_t count) {
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0ul) : "memory");
}

static inline void asm_clear_bytes(void *to, uint64_t count) {
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
}

/* ---- extended state */

static inline uint64_t asm_xgetbv(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

static inline void asm_xsetbv(uint64_t value) {
    __asm__ volatile("xsetbv"
                     :
                     : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

#define ASM_STATE(name, operand)                                                      \
    static inline void asm_##name(operand area) {                                     \
        __asm__ volatile(#name "64 (%0)" : : "r"(area), "a"(-1), "d"(-1) : "memory"); \
    }
ASM_STATE(xsave, void *)
ASM_STATE(xsaveopt, void *)
ASM_STATE(xrstor, const void *)
ASM_STATE(fxsave, void *)
ASM_STATE(fxrstor, const void *)
#undef ASM_STATE

#endif
