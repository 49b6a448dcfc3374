/* What the bench guest's assembly gives to its C. */
#ifndef BULKHEAD_BENCH_START_H
#define BULKHEAD_BENCH_START_H

#include <stdint.h>
#include <stdnoreturn.h>

extern uint64_t start_ticks;              /* TSC at the first instruction */
extern volatile uint64_t interrupt_ticks; /* TSC when the last timer interrupt arrived */
extern volatile uint64_t interrupt_count; /* interrupts of both kinds */

/* Handlers for the interrupt table; not to be called. */
void interrupt_ipi(void);
void interrupt_timer(void);

#define EXCEPTION_COUNT     32u
#define EXCEPTION_STUB_SIZE 16u
extern const uint8_t exception_stubs[]; /* one each EXCEPTION_STUB_SIZE bytes */

/* Where the stubs end: says what happened and turns the machine off. */
noreturn void exception(uint64_t vector, uint64_t error, uint64_t address);

#endif
