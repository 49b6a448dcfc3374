/* The boot sequence: one list for the first CPU, one for the others. */
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/manager.h"
#include "kernel/module.h"
#include "kernel/partition.h"
#include "kernel/sched.h"
#include "kernel/system.h"
#include "kernel/timer.h"

#define CPU_LIMIT (PAGE_SIZE / sizeof(struct cpu *))

static void cpu_init(struct cpu *cpu, uint32_t index, uint32_t apic_id) {
    cpu->index = index;
    cpu->apic_id = apic_id;
    list_init(&cpu->ready);
    list_init(&cpu->timers);
    cpu->timer_armed = UINT64_MAX;
    cpu->slice_end = UINT64_MAX;
    cpu->running_since = arch_ticks();
    cpus[index] = cpu;
}

static void start_other_cpus(const struct boot_info *info) {
    const struct boot_cpu *rows = arch_memory_at(info->cpu);
    for (uint32_t i = 1; i < info->cpu_count; i++) {
        if ((rows[i].flags & BOOT_CPU_ENABLED) == 0)
            continue;
        if (cpu_count == CPU_LIMIT) {
            log_line("CPU with APIC id %u is left out: there are more than %u", rows[i].apic_id,
                     (unsigned)CPU_LIMIT);
            continue;
        }
        struct cpu *cpu = arch_cpu_allocate(cpu_count, rows[i].apic_id);
        if (cpu == NULL) {
            log_line("no memory for CPU %u: it and those behind it are left out", cpu_count);
            return;
        }
        cpu_init(cpu, cpu_count, rows[i].apic_id);
        if (arch_cpu_start(cpu, info))
            cpu_count++;
    }
}

/* Memory that the loader used for what has been read by now. */
static void free_loader_memory(const struct boot_info *info) {
    const struct boot_memory *rows = arch_memory_at(info->memory);
    struct boot_memory loader[32];
    uint32_t count = 0;
    /* Copied first: the map itself lies in such memory. */
    for (uint32_t i = 0; i < info->memory_count && count < 32; i++)
        if (rows[i].type == BOOT_MEMORY_LOADER)
            loader[count++] = rows[i];
    for (uint32_t i = 0; i < count; i++)
        frame_add(loader[i].base, loader[i].length);
}

noreturn void kernel_main(const struct boot_info *info) {
    static struct cpu *boot_cpu_row[1];
    cpus = boot_cpu_row;
    struct cpu *cpu = cpu_self();
    arch_boot_cpu_init(info, cpu); /* descriptor tables first: from here on faults are reported */
    log_line("Bulkhead starts");
    frame_init(info);             /* memory, for everything below */
    arch_kernel_space_init(info); /* final page tables, before anything is mapped into them */
    partition_init_kernel();      /* who pays for what follows */
    arch_platform_init(info);     /* interrupt controllers; the TSC's rate */
    clock_init(arch_ticks_per_second());
    const struct boot_cpu *boot_cpu = arch_memory_at(info->cpu);
    struct cpu **rows = partition_page_allocate(&kernel_partition);
    if (rows == NULL)
        kernel_panic(NULL, "no memory for the table of CPUs");
    cpus = rows;
    cpu_init(cpu, 0, boot_cpu->apic_id);
    cpu->online = true;
    cpu_count = 1;
    arch_guests_init_cpu(cpu); /* the others do this in their own list */
    start_other_cpus(info);
    system_init(info); /* accounts: all that is fixed has been taken */
    module_init(info);
    log_line("%u CPU%s, %lu MiB of memory free, %u boot modules, machines: %s", cpu_count,
             cpu_count == 1 ? "" : "s", (unsigned long)(frame_free_count() / 256), module_count(),
             arch_guests_reason() == NULL ? "yes" : arch_guests_reason());
    manager_start();
    free_loader_memory(info); /* last: info itself is gone now */
    sched_run();
}

noreturn void kernel_secondary_main(struct cpu *cpu) {
    arch_guests_init_cpu(cpu);
    __atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
    sched_run();
}
