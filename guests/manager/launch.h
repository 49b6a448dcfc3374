/* How a machine's partition is made, and how a restarted manager finds one again. */
#ifndef BULKHEAD_MANAGER_LAUNCH_H
#define BULKHEAD_MANAGER_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/manager/machine.h"

/* Fills partition, event, shared and rings of the machine. False: a message has said why not. */
bool launch(struct machine *machine, uint32_t index, handle_t manager_event);
/* Fills event, shared and rings of a machine whose partition runs. False: they cannot be found. */
bool launch_find_again(struct machine *machine);

#endif
