/* Numbers for people: the exits of all vCPUs, summed, into the page shared with the manager. */
#ifndef BULKHEAD_VMM_STATISTICS_H
#define BULKHEAD_VMM_STATISTICS_H

#include "guests/vmm/machine.h"

/* Answers the manager's request, if there is one. */
void statistics_answer(struct machine *machine);

#endif
