/*
 * Step, for the test suite alone: a machine whose firmware has locked VT-x off.
 */
#ifndef BULKHEAD_BOOT_TESTLOCK_H
#define BULKHEAD_BOOT_TESTLOCK_H

#include "boot/loader.h"

#define TESTLOCK_WORD "lock-vmx-off" /* on the kernel's command line */

/* Does nothing unless the command line holds TESTLOCK_WORD. */
EFI_STATUS testlock_apply(struct loader *loader);

#endif
