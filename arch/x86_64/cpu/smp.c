#include "arch/x86_64/cpu/smp.h"

#include <stddef.h>

#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/block.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/tables.h"
#include "arch/x86_64/cpu/timer.h"
#include "arch/x86_64/mm/format.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "arch/x86_64/mm/pcid.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/string.h"

/* The trampoline's pages: code, then tables that also map these pages one to one. */
#define TRAMPOLINE_TABLES 0x1000u
_Static_assert(TRAMPOLINE_TABLES + 3 * PAGE_SIZE <= BOOT_TRAMPOLINE_SIZE, "root and two tables");
#define LARGE_PAGE        0x200000u
#define ROOT_ENTRY_KERNEL 256u /* the upper half begins */

/* SDM Vol. 3, 9.4.4.1 "Typical BSP Initialization Sequence" */
#define INIT_WAIT_US    10000u
#define STARTUP_WAIT_US 200u
#define ANSWER_WAIT_US  2000000u

extern const uint8_t smp_trampoline[], smp_trampoline_end[];

static void wait_us(uint64_t microseconds) {
    uint64_t end = asm_rdtsc() + arch_ticks_per_second() * microseconds / 1000000;
    while (asm_rdtsc() < end)
        asm_pause();
}

static bool wait_online(const struct cpu *cpu, uint64_t microseconds) {
    uint64_t end = asm_rdtsc() + arch_ticks_per_second() * microseconds / 1000000;
    while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
        if (asm_rdtsc() >= end)
            return false;
        asm_pause();
    }
    return true;
}

/* The kernel's upper half and the first 2 MiB one to one. No CPU keeps these tables. */
static uint64_t make_tables(uint64_t trampoline) {
    uint64_t *root = arch_memory_at(trampoline + TRAMPOLINE_TABLES);
    uint64_t *directory_pointers = arch_memory_at(trampoline + TRAMPOLINE_TABLES + PAGE_SIZE);
    uint64_t *directory = arch_memory_at(trampoline + TRAMPOLINE_TABLES + 2 * PAGE_SIZE);
    const uint64_t *kernel = arch_memory_at(kernel_space_root());
    memset(root, 0, 3 * PAGE_SIZE);
    memcpy(root + ROOT_ENTRY_KERNEL, kernel + ROOT_ENTRY_KERNEL, PAGE_SIZE / 2);
    root[0] = arch_memory_physical(directory_pointers) | FORMAT_PRESENT | FORMAT_WRITE;
    directory_pointers[0] = arch_memory_physical(directory) | FORMAT_PRESENT | FORMAT_WRITE;
    _Static_assert(LARGE_PAGE > 0x100000, "the trampoline is below 1 MiB");
    directory[0] = FORMAT_PRESENT | FORMAT_WRITE | FORMAT_LARGE;
    return arch_memory_physical(root);
}

bool arch_cpu_start(struct cpu *cpu, const struct boot_info *info) {
    uint64_t trampoline = info->trampoline;
    if (trampoline == 0 || trampoline + BOOT_TRAMPOLINE_SIZE > 0x100000) {
        log_line("CPU %u is not started: there is no memory below 1 MiB", cpu->index);
        return false;
    }
    uint8_t *page = arch_memory_at(trampoline);
    memcpy(page, smp_trampoline, (uint64_t)smp_trampoline_end - (uint64_t)smp_trampoline);
    struct smp_start start = {
        .cr3 = make_tables(trampoline),
        .cr4 = CR4_PAE,
        .efer = EFER_LME | EFER_NXE,
        .stack = (uint64_t)cpu + ARCH_CPU_BLOCK_SIZE,
        .entry = (uint64_t)secondary_start,
    };
    memcpy(page + SMP_START_OFFSET, &start, sizeof start);

    apic_send(cpu->apic_id, APIC_ICR_INIT | APIC_ICR_ASSERT | APIC_ICR_LEVEL);
    apic_send(cpu->apic_id, APIC_ICR_INIT | APIC_ICR_LEVEL);
    wait_us(INIT_WAIT_US);
    for (uint32_t attempt = 0; attempt < 2; attempt++) {
        apic_send(cpu->apic_id, APIC_ICR_START | (uint32_t)(trampoline >> 12));
        if (wait_online(cpu, attempt == 0 ? STARTUP_WAIT_US : ANSWER_WAIT_US))
            return true;
    }
    /* Wherever it is, it stops there, and waits for a start that never comes. */
    apic_send(cpu->apic_id, APIC_ICR_INIT | APIC_ICR_ASSERT | APIC_ICR_LEVEL);
    apic_send(cpu->apic_id, APIC_ICR_INIT | APIC_ICR_LEVEL);
    log_line("CPU %u (APIC id %u) does not answer: going on without it", cpu->index, cpu->apic_id);
    return false;
}

noreturn void smp_secondary(void) {
    struct cpu *cpu = cpu_self();
    asm_write_cr3(kernel_space_root());
    tables_load(cpu->arch.tables);
    interrupt_load();
    cpu_init_registers(cpu);
    pcid_init_cpu(cpu);
    apic_init_cpu();
    timer_init_cpu();
    kernel_secondary_main(cpu);
}
