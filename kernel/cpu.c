/* Calls from one CPU to the others, and the lock of management calls. */
#include "kernel/cpu.h"

#include "kernel/arch.h"
#include "kernel/sched.h"
#include "kernel/thread.h"

struct cpu **cpus;
uint32_t cpu_count;

static uint32_t management_lock; /* 1: taken */

/* A thread that shall stop must not wait here: who stops it holds the lock and waits for it. */
bool kernel_lock_acquire_unless_held(void) {
    const struct cpu *cpu = cpu_self();
    while (__atomic_exchange_n(&management_lock, 1, __ATOMIC_ACQUIRE) != 0) {
        while (__atomic_load_n(&management_lock, __ATOMIC_RELAXED) != 0) {
            cpu_serve();
            if (cpu->current != NULL && __atomic_load_n(&cpu->current->is_held, __ATOMIC_ACQUIRE))
                return false;
            arch_cpu_relax();
        }
    }
    return true;
}

void kernel_lock_acquire(void) {
    if (kernel_lock_acquire_unless_held())
        return;
    arch_thread_restart_call(cpu_self()->current);
    sched_run();
}

void kernel_lock_release(void) {
    __atomic_store_n(&management_lock, 0, __ATOMIC_RELEASE);
}

void cpu_serve(void) {
    struct cpu *cpu = cpu_self();
    uint32_t requested = __atomic_load_n(&cpu->call_requested, __ATOMIC_ACQUIRE);
    if (requested == cpu->call_done)
        return;
    cpu->call_function(cpu->call_argument);
    __atomic_store_n(&cpu->call_done, requested, __ATOMIC_RELEASE);
}

static void request(struct cpu *cpu, cpu_function function, void *argument) {
    cpu->call_function = function;
    cpu->call_argument = argument;
    __atomic_store_n(&cpu->call_requested, cpu->call_requested + 1, __ATOMIC_RELEASE);
    arch_cpu_kick(cpu);
}

static void await(struct cpu *cpu) {
    while (__atomic_load_n(&cpu->call_done, __ATOMIC_ACQUIRE) != cpu->call_requested)
        arch_cpu_relax();
}

void cpu_call_one(struct cpu *cpu, cpu_function function, void *argument) {
    if (cpu == cpu_self()) {
        function(argument);
        return;
    }
    request(cpu, function, argument);
    await(cpu);
}

/* All are asked before the first is awaited, so that they work at the same time. */
void cpu_call_all(cpu_function function, void *argument) {
    struct cpu *self = cpu_self();
    for (uint32_t i = 0; i < cpu_count; i++)
        if (cpus[i] != self && cpus[i]->online)
            request(cpus[i], function, argument);
    function(argument);
    for (uint32_t i = 0; i < cpu_count; i++)
        if (cpus[i] != self && cpus[i]->online)
            await(cpus[i]);
}
