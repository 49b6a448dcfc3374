/*
 * The SYSCALL MSRs (STAR, LSTAR, FMASK), which VT-x does not switch. While a guest runs they hold
 * its values; before ring 3 runs they must hold the kernel's. Writes that change nothing are left
 * out.
 */
#ifndef BULKHEAD_CPU_SYSCALL_H
#define BULKHEAD_CPU_SYSCALL_H

#include <stdint.h>

struct cpu;

/* Every CPU has its own LSTAR: the page of entry code is mapped behind its struct cpu. */
void syscall_init_cpu(struct cpu *cpu);

/* Before a guest runs. Its values are kept in its own structure: with them intercepted or not, read
 * them back by RDMSR at unload if the guest may write them without an exit. */
void syscall_load_guest(struct cpu *cpu, uint64_t star, uint64_t lstar, uint64_t fmask);

/* Before ring 3 runs; arch_thread_run does it. */
void syscall_load_host(struct cpu *cpu);

#endif
