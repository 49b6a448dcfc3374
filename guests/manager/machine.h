/*
 * The machines: each a partition that runs the VMM. Starting, stopping, how they end, what is
 * exchanged with their consoles.
 */
#ifndef BULKHEAD_MANAGER_MACHINE_H
#define BULKHEAD_MANAGER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/lib/machine_start.h"
#include "guests/manager/config.h"
#include "guests/manager/queue.h"
#include "kernel/abi/types.h"

#define MACHINE_QUEUE_SIZE \
    16384u /* bytes typed that the guest has not taken, and bytes kept to be shown */

enum machine_state {
    MACHINE_OFF, /* not started, or ended well */
    MACHINE_RUNNING,
    MACHINE_PAUSED,
    MACHINE_FAILED, /* ended with an error, or could not be started */
    MACHINE_FAULTED /* the kernel stopped its VMM */
};

struct machine {
    const struct config_machine *config;
    enum machine_state state;
    handle_t partition;            /* 0: there is none */
    handle_t event;                /* the VMM's */
    struct machine_shared *shared; /* NULL: not known */
    struct ring input, output;     /* the manager's ends */
    struct queue typed;            /* waits for space in input */
    struct queue kept;             /* output that came while another console was in front */
    bool is_stopping;              /* asked to, by a person: no restart */
    bool is_adopted; /* found running by a restarted manager: tells of nothing by itself */
    uint64_t started_ns;
    uint32_t quick_failures;    /* ends with an error soon after the start, in a row */
    struct partition_info last; /* of the partition at its end */
};

/* All machines of the configuration, in its order. Their VMMs will set bits of this event. */
void machine_set_up(const struct config *config, handle_t event);
uint32_t machine_count(void);
struct machine *machine_at(uint32_t index);
struct machine *machine_find(const char *name);

/* Starts one that has no partition. False: a message has said why not. */
bool machine_start(struct machine *machine);
/* Takes over the partition that a manager before this one has started. */
void machine_adopt(struct machine *machine, handle_t partition);
/* Ends it at once. */
void machine_stop(struct machine *machine);
/* Presses its power button: the guest decides. */
void machine_press_power(struct machine *machine);
bool machine_pause(struct machine *machine);
bool machine_resume(struct machine *machine);
bool machine_is_alive(const struct machine *machine);
/* Whether some machine runs or is paused; and whether one has ever faulted, failed, or not been
 * started. */
bool machine_any_alive(void);
bool machine_any_failed(void);
/* What the machine that has ended last left as its status: 0, or its debug-exit code's low byte. */
unsigned machine_exit_status(void);
const char *machine_state_name(const struct machine *machine);
/* The partition's accounts: now, or at its end. False: it never had one. */
bool machine_info(const struct machine *machine, struct partition_info *info);

/* The bits of the event that machines set: `bits` were set, see what has happened. A machine that
 * has ended is passed to `ended` before its partition is destroyed, and restarted if that is its
 * policy. */
void machine_take_events(uint64_t bits, void (*ended)(struct machine *machine));
/* The same for those that tell of nothing by themselves; and whether there are such. */
void machine_poll(void (*ended)(struct machine *machine));
bool machine_needs_polling(void);

/* Moves what was typed on to the guest. */
void machine_push_input(struct machine *machine);
/* Takes the guest's output: at most `length` bytes. */
uint32_t machine_take_output(struct machine *machine, uint8_t *bytes, uint32_t length);

/* Asks the VMM for statistics; machine_has_statistics tells when they are in machine->shared. */
void machine_ask_statistics(struct machine *machine);
bool machine_has_statistics(const struct machine *machine);

#endif
