#include "drivers/hpet.h"

/* IA-PC HPET Specification 1.0a, 2.3 "Memory Mapped Registers": indexes of 64-bit registers */
#define CAPABILITIES      (0x000 / 8)
#define CONFIGURATION     (0x010 / 8)
#define COUNTER           (0x0f0 / 8)
#define REVISION_MASK     0xffu
#define COUNTER_IS_64     (1u << 13)
#define PERIOD_SHIFT      32 /* femtoseconds */
#define PERIOD_MAX        100000000u
#define ENABLE            1u
#define FEMTOS_PER_SECOND 1000000000000000ull
#define PROBE_READS       1000u

static uint64_t read_counter(const struct reference_clock *clock) {
    if (clock->mask == UINT32_MAX) /* half of a 64-bit access need not be supported then */
        return ((volatile uint32_t *)clock->registers)[COUNTER * 2];
    return clock->registers[COUNTER];
}

bool hpet_open(struct reference_clock *clock, volatile void *registers) {
    volatile uint64_t *words = registers;
    uint64_t capabilities = words[CAPABILITIES];
    uint64_t period = capabilities >> PERIOD_SHIFT;
    if ((capabilities & REVISION_MASK) == 0 || period == 0 || period > PERIOD_MAX)
        return false; /* also an empty bus, which reads as all ones */
    words[CONFIGURATION] |= ENABLE;
    *clock = (struct reference_clock){
        .name = "HPET",
        .hz = FEMTOS_PER_SECOND / period,
        .mask = (capabilities & COUNTER_IS_64) != 0 ? UINT64_MAX : UINT32_MAX,
        .read = read_counter,
        .registers = words,
    };
    uint64_t start = read_counter(clock);
    for (uint32_t i = 0; i < PROBE_READS; i++)
        if (read_counter(clock) != start)
            return true;
    return false;
}
