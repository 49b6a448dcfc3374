/* Machine checks: hardware errors, after which nothing can be trusted. */
#ifndef BULKHEAD_CPU_MACHINE_CHECK_H
#define BULKHEAD_CPU_MACHINE_CHECK_H

#include <stdnoreturn.h>

struct arch_frame;

/* Panics with what the error banks say. */
noreturn void machine_check_panic(const struct arch_frame *frame);

/* Turns the reporting of every bank on, on the running CPU. */
void machine_check_init_cpu(void);

#endif
