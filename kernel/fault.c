/* What happens when a partition does in ring 3 what it may not, and when the kernel itself fails.
 */
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/manager.h"
#include "kernel/object.h"
#include "kernel/partition.h"
#include "kernel/print.h"
#include "kernel/sched.h"
#include "kernel/thread.h"

static const char *const fault_names[] = {
    [FAULT_NONE] = "nothing",
    [FAULT_MEMORY] = "memory access",
    [FAULT_INSTRUCTION] = "undefined or privileged instruction",
    [FAULT_ARITHMETIC] = "arithmetic fault",
    [FAULT_DEBUG] = "breakpoint or single step",
    [FAULT_ALIGNMENT] = "misaligned access",
    [FAULT_PROTECTION] = "protection fault",
    [FAULT_KILLED] = "killed",
    [FAULT_OTHER] = "fault",
};

noreturn void kernel_thread_fault(struct thread *thread, const struct fault_info *fault) {
    struct partition *partition = thread->partition;
    if (!kernel_lock_acquire_unless_held())
        sched_run();
    log_line("%s: %s at %lx, instruction %lx, stack %lx", partition->name, fault_names[fault->kind],
             (unsigned long)fault->address, (unsigned long)fault->instruction,
             (unsigned long)fault->stack);
    partition->fault = *fault;
    partition_stop(partition, PARTITION_FAULTED, 0);
    if (partition == manager_partition)
        manager_restart_later();
    object_reap();
    kernel_lock_release();
    sched_run();
}

static uint32_t panics;

noreturn void kernel_panic(const void *frame, const char *format, ...) {
    if (__atomic_fetch_add(&panics, 1, __ATOMIC_RELAXED) == 0) {
        char text[256];
        va_list arguments;
        va_start(arguments, format);
        print_format_list(text, sizeof text, format, arguments);
        va_end(arguments);
        log_take_console();
        log_line("panic: %s", text);
        arch_backtrace(frame);
        log_line("power off, status 1");
        arch_power_off();
    }
    arch_halt_all();
}
