/* The bits of the manager's one event. */
#ifndef BULKHEAD_MANAGER_EVENTS_H
#define BULKHEAD_MANAGER_EVENTS_H

#include <stdint.h>

#include "guests/manager/config.h"

#define EVENTS_UART 0x1ull
#define EVENTS_LOG  0x2ull

/* Two bits a machine: its partition's state has changed; its VMM has something to tell. */
#define EVENTS_MACHINE_FIRST   8u
#define EVENTS_STATE(machine)  (1ull << (EVENTS_MACHINE_FIRST + 2 * (machine)))
#define EVENTS_NOTIFY(machine) (2ull << (EVENTS_MACHINE_FIRST + 2 * (machine)))
_Static_assert(EVENTS_MACHINE_FIRST + 2 * CONFIG_MACHINE_LIMIT <= 63,
               "event_wait takes bits 0 to 62");

#define EVENTS_ALL (UINT64_MAX >> 1)

#endif
