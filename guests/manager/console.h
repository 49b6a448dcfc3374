/*
 * Who is in front on the serial line: one machine's console, or the prompt. Output of the others is
 * kept and shown when they come to the front.
 */
#ifndef BULKHEAD_MANAGER_CONSOLE_H
#define BULKHEAD_MANAGER_CONSOLE_H

#include <stdbool.h>

#include "guests/manager/machine.h"

/* The machine in front; NULL: the prompt. */
struct machine *console_front(void);
/* Brings a machine, or (NULL) the prompt, to the front. */
void console_show(struct machine *machine);
/* The next machine that has a console and runs, in the configuration's order. */
void console_show_next(void);
/* The machine that was in front before the prompt. */
void console_show_last(void);
bool console_has(const struct machine *machine);

/* Moves output of the machine in front to the screen while that is ready, and keeps the others'. */
/* True: a machine that is not in front has written more, and will not tell again. */
bool console_pump(void);
/* A machine has ended: all that it has written comes out now. */
void console_drain(struct machine *machine);

#endif
