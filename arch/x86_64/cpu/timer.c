#include "arch/x86_64/cpu/timer.h"

#include <stdbool.h>

#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/msr.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"

#define DIVIDE_BY_1  0xbu /* SDM Vol. 3, figure 11-10 "Divide Configuration Register" */
#define COUNT_MAX    UINT32_MAX
#define FACTOR_SHIFT 32

static uint64_t timer_rate;
static uint64_t count_factor; /* counts per tick, times 2^FACTOR_SHIFT */

void timer_start_free_running(void) {
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | APIC_LVT_ONE_SHOT);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_TIMER_INITIAL, COUNT_MAX);
}

uint32_t timer_count(void) {
    return apic_read(APIC_TIMER_CURRENT);
}

void timer_set_rates(uint64_t timer_hz, uint64_t ticks_per_second) {
    timer_rate = timer_hz;
    count_factor = (uint64_t)(((unsigned __int128)timer_hz << FACTOR_SHIFT) / ticks_per_second);
}

uint64_t arch_timer_hz(void) {
    return timer_rate;
}

void timer_init_cpu(void) {
    bool has_deadline = cpu_has(FEATURE_TSC_DEADLINE);
    apic_write(APIC_TIMER_INITIAL, 0);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER,
               (has_deadline ? APIC_LVT_DEADLINE : APIC_LVT_ONE_SHOT) | VECTOR_TIMER);
    cpu_self()->arch.timer_deadline = UINT64_MAX;
    if (!has_deadline)
        return;
    /* The change of mode must be done before the deadline is written: SDM Vol. 3, 11.5.4.1. */
    asm_mfence();
    asm_wrmsr(MSR_TSC_DEADLINE, 0);
}

/* Counts until then: at least one, at most what the counter holds, which then comes too early. */
static uint32_t counts_until(uint64_t deadline) {
    uint64_t now = asm_rdtsc();
    if (deadline <= now)
        return 1;
    unsigned __int128 counts = ((unsigned __int128)(deadline - now) * count_factor) >> FACTOR_SHIFT;
    return counts >= COUNT_MAX ? COUNT_MAX : (uint32_t)counts + 1;
}

static void program(uint64_t deadline) {
    if (cpu_has(FEATURE_TSC_DEADLINE))
        asm_wrmsr(MSR_TSC_DEADLINE, deadline == UINT64_MAX ? 0 : deadline);
    else
        apic_write(APIC_TIMER_INITIAL, deadline == UINT64_MAX ? 0 : counts_until(deadline));
}

void arch_timer_set(uint64_t deadline) {
    struct cpu *cpu = cpu_self();
    if (cpu->arch.timer_deadline == deadline)
        return;
    cpu->arch.timer_deadline = deadline;
    program(deadline);
}

void timer_interrupt(void) {
    struct cpu *cpu = cpu_self();
    uint64_t deadline = cpu->arch.timer_deadline;
    if (deadline == UINT64_MAX)
        return; /* it was on its way when it was set to never */
    if (asm_rdtsc() < deadline) {
        program(deadline); /* longer than the counter could hold, or its rate is not exact */
        return;
    }
    cpu->arch.timer_deadline = UINT64_MAX;
    kernel_timer_expired();
}

uint64_t arch_ticks(void) {
    return asm_rdtsc();
}
