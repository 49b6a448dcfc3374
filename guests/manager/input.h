/* What is typed: the escape key's commands, and bytes for whoever is in front. */
#ifndef BULKHEAD_MANAGER_INPUT_H
#define BULKHEAD_MANAGER_INPUT_H

#include <stdint.h>

/* A byte from the line; it is looked at by input_pump. */
void input_receive(uint8_t byte);
/* Gives on what has been received, as far as it is taken, and holds or lets go the other end of the
 * line. */
void input_pump(void);

#endif
