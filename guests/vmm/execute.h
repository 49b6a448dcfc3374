/* Instructions with one memory operand that ModRM names, and PUSH and POP of one. */
#ifndef BULKHEAD_VMM_EXECUTE_H
#define BULKHEAD_VMM_EXECUTE_H

#include "guests/vmm/emulate.h"

/* Does everything but move RIP. False: nothing is changed, emulate.fault says why. */
bool execute(struct emulate *emulate, const struct decode *decode);

#endif
