/* The prompt: lines of commands. */
#ifndef BULKHEAD_MANAGER_PROMPT_H
#define BULKHEAD_MANAGER_PROMPT_H

#include <stdint.h>

void prompt_show(void);
void prompt_hide(void);
/* A typed byte while the prompt is in front. */
void prompt_input(uint8_t byte);

#endif
