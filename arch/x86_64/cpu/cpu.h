/* Bringing up the running CPU, and the end of all. */
#ifndef BULKHEAD_CPU_CPU_H
#define BULKHEAD_CPU_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

struct cpu;

/* Control registers, EFER, PAT, SYSCALL MSRs and extended state of the running CPU. */
void cpu_init_registers(struct cpu *cpu);

/* Pure: what CR4 shall be on a processor with the features in cpu_features. */
uint64_t cpu_wanted_cr4(void);

/* Every CPU shall stop, for a panic or for good. */
bool cpu_is_halting(void);
noreturn void cpu_halt(void);

#endif
