/*
 * The local APIC's timer: TSC-deadline mode where the processor has it, else one shot with the
 * measured rate. SDM Vol. 3, 11.5.4 "APIC Timer".
 */
#ifndef BULKHEAD_CPU_TIMER_H
#define BULKHEAD_CPU_TIMER_H

#include <stdint.h>

/* For calibration: the counter at full speed without interrupts; its present value counts down. */
void timer_start_free_running(void);
uint32_t timer_count(void);

/* Rates per second; before the first arch_timer_set. */
void timer_set_rates(uint64_t timer_hz, uint64_t ticks_per_second);

void timer_init_cpu(void);
void timer_interrupt(void);

#endif
