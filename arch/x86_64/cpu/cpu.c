#include "arch/x86_64/cpu/cpu.h"

#include <stddef.h>

#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/block.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/machine_check.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/speculation.h"
#include "arch/x86_64/cpu/syscall.h"
#include "arch/x86_64/cpu/tables.h"
#include "arch/x86_64/cpu/xstate.h"
#include "arch/x86_64/mm/format.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/log.h"

/* What goes on in CR4, each where CPUID has it. */
static const struct {
    uint32_t bit;
    enum cpu_feature feature;
} cr4_rows[] = {
    {CR4_PAE,                     FEATURE_ALWAYS  },
    {CR4_OSFXSR | CR4_OSXMMEXCPT, FEATURE_FXSR    },
    {CR4_MCE,                     FEATURE_MCE     },
    {CR4_PGE,                     FEATURE_PGE     },
    {CR4_UMIP,                    FEATURE_UMIP    },
    {CR4_FSGSBASE,                FEATURE_FSGSBASE},
    {CR4_OSXSAVE,                 FEATURE_XSAVE   },
    {CR4_SMEP,                    FEATURE_SMEP    },
    {CR4_SMAP,                    FEATURE_SMAP    },
};

/* Features without which this kernel does not run. */
static const enum cpu_feature required[] = {
    FEATURE_MSR, FEATURE_TSC,     FEATURE_APIC, FEATURE_FXSR,      FEATURE_SSE2,
    FEATURE_PAT, FEATURE_SYSCALL, FEATURE_NX,   FEATURE_LONG_MODE,
};

static uint32_t is_halting;
static struct arch_tables boot_tables __attribute__((section(".bss.aligned")));

uint64_t cpu_wanted_cr4(void) {
    uint64_t cr4 = 0;
    for (size_t i = 0; i < sizeof cr4_rows / sizeof cr4_rows[0]; i++)
        if (cpu_has(cr4_rows[i].feature))
            cr4 |= cr4_rows[i].bit;
    return cr4;
}

void cpu_init_registers(struct cpu *cpu) {
    asm_write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
    /* LA57 cannot be changed while paging is on; the loader's tables have four levels. */
    asm_write_cr4(cpu_wanted_cr4());
    asm_wrmsr(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
    asm_wrmsr(MSR_PAT, FORMAT_PAT);
    asm_write_dr7(DR7_NONE);
    asm_write_dr6(DR6_NONE);
    if (msr_exists(MSR_SYSENTER_CS))
        asm_wrmsr(MSR_SYSENTER_CS, 0); /* a null selector: SYSENTER faults in ring 3 */
    if (msr_exists(MSR_TSC_AUX))
        asm_wrmsr(MSR_TSC_AUX, 0); /* what threads see; guests have their own */
    cpu->arch.stack_top = (uint64_t)cpu + ARCH_CPU_BLOCK_SIZE;
    cpu->arch.timer_deadline = UINT64_MAX;
    syscall_init_cpu(cpu);
    xstate_init_cpu(cpu);
    machine_check_init_cpu();
    speculation_init_cpu();
}

static void read_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_result *result) {
    asm_cpuid(leaf, subleaf, &result->eax, &result->ebx, &result->ecx, &result->edx);
}

void arch_boot_cpu_init(const struct boot_info *info, struct cpu *cpu) {
    features_read(&cpu_features, read_cpuid);
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (!cpu_has(required[i]))
            kernel_panic(NULL, "this processor lacks %s, without which Bulkhead cannot run",
                         feature_name(required[i]));
    tables_init(&boot_tables, cpu);
    tables_load(&boot_tables);
    interrupt_init();
    interrupt_load();
    speculation_init(info);
    cpu_init_registers(cpu);
}

const char *arch_cpu_name(void) {
    return cpu_features.name;
}

void arch_cpu_relax(void) {
    asm_pause();
}

void arch_cpu_idle(void) {
    interrupt_report_nmis(cpu_self());
    asm_sti_hlt_cli();
}

void arch_cpu_kick(struct cpu *cpu) {
    apic_send(cpu->apic_id, APIC_ICR_FIXED | VECTOR_KICK);
}

bool cpu_is_halting(void) {
    return __atomic_load_n(&is_halting, __ATOMIC_ACQUIRE) != 0;
}

noreturn void cpu_halt(void) {
    for (;;) {
        asm_cli();
        asm_hlt();
    }
}

noreturn void arch_halt_all(void) {
    if (__atomic_exchange_n(&is_halting, 1, __ATOMIC_ACQ_REL) == 0)
        apic_send_all_others(APIC_ICR_NMI);
    cpu_halt();
}
