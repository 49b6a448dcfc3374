#include "arch/x86_64/cpu/clock.h"

#include <stdbool.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/timer.h"
#include "kernel/arch.h"
#include "kernel/log.h"

#define MEASURE_PER_SECOND 100u /* measures for 10 ms */
#define SAMPLES            5u   /* of each end; the one that took the shortest counts */
#define DIFFERENCE_PERCENT 1u

static uint64_t ticks_per_second;

struct sample {
    uint64_t tsc;
    uint64_t reference;
    uint32_t timer;
};

/* The three counters at one moment, as nearly as can be. */
static struct sample take_sample(const struct reference_clock *reference) {
    struct sample best = {0, 0, 0};
    uint64_t shortest = UINT64_MAX;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t before = asm_rdtsc();
        uint64_t value = reference->read(reference);
        uint64_t after = asm_rdtsc();
        uint32_t timer = timer_count();
        if (after - before < shortest) {
            shortest = after - before;
            best = (struct sample){before + (after - before) / 2, value, timer};
        }
    }
    return best;
}

uint64_t arch_ticks_per_second(void) {
    return ticks_per_second;
}

static bool differs(uint64_t left, uint64_t right) {
    uint64_t difference = left > right ? left - right : right - left;
    return difference > left / 100 * DIFFERENCE_PERCENT;
}

static void compare(uint64_t claimed, const char *source) {
    if (claimed != 0 && differs(ticks_per_second, claimed))
        log_line("warning: %s says %lu kHz, the TSC runs at %lu kHz: the measured rate is used",
                 source, claimed / 1000, ticks_per_second / 1000);
}

void clock_calibrate(const struct reference_clock *reference) {
    timer_start_free_running();
    struct sample start = take_sample(reference), end;
    uint64_t elapsed;
    do {
        end = take_sample(reference);
        elapsed = (end.reference - start.reference) & reference->mask;
    } while (elapsed < reference->hz / MEASURE_PER_SECOND);
    ticks_per_second = (uint64_t)((unsigned __int128)(end.tsc - start.tsc) * reference->hz /
                                  elapsed);
    uint64_t timer_hz = (uint64_t)(start.timer - end.timer) * reference->hz / elapsed;
    timer_set_rates(timer_hz, ticks_per_second);
    log_line("TSC %lu kHz, APIC timer %lu kHz, by %s; %s", ticks_per_second / 1000, timer_hz / 1000,
             reference->name,
             cpu_has(FEATURE_TSC_DEADLINE) ? "TSC-deadline mode" : "one-shot mode");
    compare(cpu_features.tsc_hz_claimed, "CPUID 15h");
    if (cpu_features.tsc_hz_claimed == 0)
        compare(cpu_features.base_hz_claimed, "CPUID 16h");
    if (!cpu_has(FEATURE_TSC_INVARIANT))
        log_line("warning: the TSC is not invariant by CPUID: time may drift when clocks change");
}
