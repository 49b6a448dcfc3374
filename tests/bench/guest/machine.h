/* The machine that the bench guest runs on: serial line, interrupts, end. */
#ifndef BULKHEAD_BENCH_MACHINE_H
#define BULKHEAD_BENCH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#define MACHINE_VECTOR_IPI   0x40u
#define MACHINE_VECTOR_TIMER 0x41u

/* Interrupt table, x2APIC mode, deadline timer. Interrupts stay off. */
void machine_init(void);
bool machine_has_x2apic(void);
bool machine_has_deadline(void);
/* By the ACPI control register. */
noreturn void machine_power_off(void);

void machine_print(const char *text);
void machine_print_number(uint64_t value);
/* A number of hundredths, as 12.34. */
void machine_print_hundredths(uint64_t value);

#endif
