/* Every way in which this program ends. Each writes the reason to the log and does not return. */
#ifndef BULKHEAD_VMM_END_H
#define BULKHEAD_VMM_END_H

#include <stdint.h>
#include <stdnoreturn.h>

#include "guests/vmm/machine.h"

/* The machine cannot be set up or go on: a line for people. */
noreturn void end_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As end_failed, for a system call: "what: why". */
noreturn void end_call_failed(const char *what, int64_t result);

/* The guest has asked for its end (machine->wish). */
noreturn void end_wished(const struct machine *machine);

/* The guest has shut its processor down: a triple fault. */
noreturn void end_triple_fault(const struct vcpu *vcpu);

/* Every vCPU waits for an interrupt that it has forbidden. */
noreturn void end_halted(void);

#endif
