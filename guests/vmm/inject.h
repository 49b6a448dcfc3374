/* Events for a guest at its next entry. Each replaces what was asked for before. */
#ifndef BULKHEAD_VMM_INJECT_H
#define BULKHEAD_VMM_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/exceptions.h"
#include "guests/vmm/machine.h"

/* The vector that the PIC has given, after EXIT_WINDOW. */
void inject_external(struct vcpu *vcpu, uint8_t vector);

void inject_exception(struct vcpu *vcpu, uint8_t vector, bool has_error, uint32_t error);

/* A page fault: also sets CR2, by the vCPU's whole state; rare, and slow. */
void inject_page_fault(struct vcpu *vcpu, uint64_t linear, uint32_t error);

#endif
