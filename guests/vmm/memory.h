/* The guest's RAM: a region of this partition, mapped for the guest and for the VMM. */
#ifndef BULKHEAD_VMM_MEMORY_H
#define BULKHEAD_VMM_MEMORY_H

#include "guests/vmm/machine.h"

/* Creates the guest's space and its memory, as settings.memory says. Ends the program if it cannot.
 */
void memory_create(struct machine *machine);

#endif
