/* A vCPU's life: enter the guest, serve what made it leave, enter again. */
#ifndef BULKHEAD_VMM_LOOP_H
#define BULKHEAD_VMM_LOOP_H

#include "guests/vmm/machine.h"

/* On the vCPU's own thread. Does not return. VCPU is a struct vcpu. */
void loop_run(void *vcpu);

#endif
