/* The board of a machine, connected to the world: interrupts, console, time, power. */
#ifndef BULKHEAD_VMM_WIRING_H
#define BULKHEAD_VMM_WIRING_H

#include "guests/vmm/machine.h"

/* The board in its state after power-on. Needs memory, guest, manager and the console's rings. */
void wiring_create(struct machine *machine);

#endif
