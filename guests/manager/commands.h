/* The commands of the prompt. */
#ifndef BULKHEAD_MANAGER_COMMANDS_H
#define BULKHEAD_MANAGER_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

/* Runs one line; it is changed. */
void commands_run(char *line);
/* A command waits for an answer; until when. No other runs meanwhile. */
bool commands_is_waiting(void);
uint64_t commands_deadline_ns(void);
/* Looks whether the answer is there, or its time over. True: the command has just ended. */
bool commands_pump(void);
/* What Ctrl-A h shows. */
void commands_show_keys(void);

#endif
