/*
 * The thread that brings the world to the devices: time, console input, the power button, requests
 * for statistics. It sleeps until one of them is due.
 */
#ifndef BULKHEAD_VMM_IO_THREAD_H
#define BULKHEAD_VMM_IO_THREAD_H

#include "guests/vmm/machine.h"

/* Starts it. Ends the program if it cannot. */
void io_thread_start(struct machine *machine);

/* After an access that may have moved a device's deadline; the caller holds the lock. */
void io_thread_deadline_moved(struct machine *machine);

#endif
