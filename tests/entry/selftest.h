/* A kernel that compares the entry check with the processor, in the manager's place. */
#ifndef BULKHEAD_TESTS_ENTRY_SELFTEST_H
#define BULKHEAD_TESTS_ENTRY_SELFTEST_H

#include <stdint.h>

#include "arch/x86_64/cpu/tables.h"

/* ---- enter.S */

/* VMLAUNCH of the current VMCS; HOST_RSP is written here, HOST_RIP must be entry_try_exit. 0: an
 * exit brought us back, of whatever kind. 1: VMLAUNCH failed, with or without an error number. */
uint64_t entry_try(void);
void entry_try_exit(void);

void entry_store_idtr(struct descriptor_pointer *pointer);

#endif
