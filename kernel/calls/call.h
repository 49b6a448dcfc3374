/* What the files of this folder begin with: handlers have the six arguments of the dispatch table,
 * whether or not they use them. */
#ifndef BULKHEAD_KERNEL_CALLS_CALL_H
#define BULKHEAD_KERNEL_CALLS_CALL_H

#include "kernel/arch.h"
#include "kernel/object.h"
#include "kernel/partition.h"
#include "kernel/syscall.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* The structure behind a reference of known type. */
#define CALL_TARGET(reference, type) LIST_MEMBER((reference).object, struct type, object)

/* Copies a structure of the caller's. */
#define CALL_COPY_IN(structure, address)                                         \
    (arch_copy_from_user(&(structure), (address), sizeof(structure)) ? STATUS_OK \
                                                                     : STATUS_BAD_ADDRESS)
#define CALL_COPY_OUT(address, structure) \
    (arch_copy_to_user((address), &(structure), sizeof(structure)) ? STATUS_OK : STATUS_BAD_ADDRESS)

#endif
