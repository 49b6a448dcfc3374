/*
 * When the VMM got where on the way to its guest's first instruction, in ticks of the time-stamp
 * counter: one line in the log, from which `make bench` takes the phases of a start.
 */
#ifndef BULKHEAD_VMM_MILESTONES_H
#define BULKHEAD_VMM_MILESTONES_H

#include "kernel/abi/types.h"

enum milestone {
    MILESTONE_STARTED, /* this program runs */
    MILESTONE_MADE,    /* the machine is there: memory, vCPUs, devices */
    MILESTONE_LOADED,  /* with its kernel in memory */
    MILESTONE_COUNT
};

void milestones_reached(enum milestone milestone);
/* The line. The next thing is to be the guest's entry. */
void milestones_log(handle_t guest);

#endif
