#include "arch/x86_64/cpu/syscall.h"

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/block.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/speculation.h"
#include "kernel/cpu.h"

/* SDM Vol. 3, 5.8.8 "Fast System Calls in 64-Bit Mode", figure 5-14 */
#define HOST_STAR ((uint64_t)SELECTOR_SYSRET_BASE << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32)

/* The entry in the page behind this CPU's struct cpu. */
static uint64_t host_lstar(const struct cpu *cpu) {
    uint64_t entry = (uint64_t)(speculation_does(SPECULATION_AT_SYSCALL) ? syscall_entry_guarded
                                                                         : syscall_entry);
    return (uint64_t)cpu + BLOCK_ENTRY + (entry - (uint64_t)kernel_entry_page);
}

static void load(struct cpu *cpu, uint64_t star, uint64_t lstar, uint64_t fmask) {
    struct arch_cpu *arch = &cpu->arch;
    if (arch->lstar != lstar) {
        asm_wrmsr(MSR_LSTAR, lstar);
        arch->lstar = lstar;
    }
    if (arch->star != star) {
        asm_wrmsr(MSR_STAR, star);
        arch->star = star;
    }
    if (arch->fmask != fmask) {
        asm_wrmsr(MSR_FMASK, fmask);
        arch->fmask = fmask;
    }
}

void syscall_init_cpu(struct cpu *cpu) {
    asm_wrmsr(MSR_STAR, HOST_STAR);
    cpu->arch.host_lstar = host_lstar(cpu);
    asm_wrmsr(MSR_LSTAR, cpu->arch.host_lstar);
    asm_wrmsr(MSR_FMASK, SYSCALL_FLAGS_MASK);
    cpu->arch.star = HOST_STAR;
    cpu->arch.lstar = cpu->arch.host_lstar;
    cpu->arch.fmask = SYSCALL_FLAGS_MASK;
    cpu->arch.syscall_is_guest = false;
}

void syscall_load_guest(struct cpu *cpu, uint64_t star, uint64_t lstar, uint64_t fmask) {
    load(cpu, star, lstar, fmask);
    cpu->arch.syscall_is_guest = true;
}

void syscall_load_host(struct cpu *cpu) {
    if (!cpu->arch.syscall_is_guest)
        return;
    load(cpu, HOST_STAR, cpu->arch.host_lstar, SYSCALL_FLAGS_MASK);
    cpu->arch.syscall_is_guest = false;
}
