/* What the prompt's commands tell about the computer and the machines. Prints to the screen. */
#ifndef BULKHEAD_MANAGER_INFO_H
#define BULKHEAD_MANAGER_INFO_H

#include "guests/manager/machine.h"

void info_list(void);
void info_system(void);
void info_machine(const struct machine *machine);
void info_statistics(const struct machine *machine);

#endif
