#include "drivers/pm_timer.h"

#include "drivers/io.h"

/* ACPI 6.4, 4.8.2.1 "Power Management Timer" */
#define PM_TIMER_HZ 3579545u
#define PROBE_READS 1000u

static uint64_t read_timer(const struct reference_clock *clock) {
    return io_in32(clock->port) & clock->mask;
}

bool pm_timer_open(struct reference_clock *clock, uint16_t port, bool is_32_bit) {
    *clock = (struct reference_clock){.name = "ACPI PM timer",
                                      .hz = PM_TIMER_HZ,
                                      .mask = is_32_bit ? 0xffffffffu : 0xffffffu,
                                      .read = read_timer,
                                      .port = port};
    uint64_t start = read_timer(clock);
    for (uint32_t i = 0; i < PROBE_READS; i++)
        if (read_timer(clock) != start)
            return true;
    return false;
}
