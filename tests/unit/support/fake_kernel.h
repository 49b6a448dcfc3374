/*
 * As much of a kernel as the manager notices, for tests on the host: handles, events, partitions,
 * modules, a log, a clock that moves when everybody waits, a serial port. A scenario runs in a
 * process of its own; when the manager has nothing to do, the next step of the scenario is taken.
 */
#ifndef BULKHEAD_TESTS_FAKE_KERNEL_H
#define BULKHEAD_TESTS_FAKE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/lib/machine_start.h"
#include "guests/lib/start_info.h"
#include "kernel/abi/types.h"

/* What the manager believes to have started. */
struct fake_partition {
    char name[PARTITION_NAME_SIZE];
    uint64_t id;
    uint32_t state;
    int32_t exit_code;
    struct fault_info fault;
    uint64_t quota;
    bool is_destroyed;
    handle_t event; /* the manager's, with event_bits: told of changes */
    uint64_t event_bits;
    uint64_t own_event_bits;       /* set in the event that was made in it */
    struct machine_shared *shared; /* the region that was made in it, of that size */
    struct start_info info;        /* what it was started with; only the structure's own part */
    uint8_t info_rest[START_INFO_SIZE];
    struct ring input, output; /* the VMM's ends */
};

typedef bool fake_step(unsigned n); /* false: the scenario has ended */

/* Runs the manager with this bulkhead.conf through the scenario; what it has sent by the serial
 * port, and the status given to system_shutdown: -1 if it was not called, -2 if the manager
 * crashed. The text is valid until the next run. */
const char *fake_run(const char *configuration, fake_step *step, int *status);

/* For steps. The n-th partition that was created, 0 the first; NULL: there are fewer. */
struct fake_partition *fake_partition(unsigned n);
/* Bytes typed on the serial line. */
void fake_type(const char *bytes);
void fake_type_bytes(const char *bytes, size_t length);
/* A guest writes to its console, and reads what was typed for it. */
uint32_t fake_guest_write(struct fake_partition *partition, const char *text);
uint32_t fake_guest_read(struct fake_partition *partition, char *buffer, uint32_t size);
void fake_end(struct fake_partition *partition, uint32_t exit_code);
void fake_fault(struct fake_partition *partition, uint64_t address, uint64_t instruction);
/* The machine's VMM tells the manager of something. */
void fake_notify(struct fake_partition *partition);
void fake_log(const char *line);
/* What the serial port has sent so far. */
const char *fake_sent(void);
bool fake_is_held(void); /* the last of XON and XOFF was XOFF */

/* Settings for the next run. */
extern const char *fake_guests_reason; /* why there can be no machines; NULL: there can */
extern bool fake_has_vmm;              /* there is a module vmm */
extern bool fake_is_vmm_broken;        /* and it is no ELF file */
extern unsigned
    fake_running_before; /* the first so many machines run already: the manager was restarted */

#endif
