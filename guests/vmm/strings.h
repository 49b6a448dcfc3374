/* String instructions: MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS, alone or repeated. */
#ifndef BULKHEAD_VMM_STRINGS_H
#define BULKHEAD_VMM_STRINGS_H

#include "guests/vmm/emulate.h"

bool strings_has(const struct decode *decode);

/*
 * Carries out one element, or as many as RCX says up to a limit, each whole or not at all. IS_OVER:
 * the instruction is complete, RIP moves on. False: an element faults; those before it are done.
 */
bool strings_execute(struct emulate *emulate, const struct decode *decode, bool *is_over);

#endif
