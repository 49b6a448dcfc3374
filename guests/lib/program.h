/*
 * Makes a partition that runs a program: partition, image, stack, handles, start information,
 * thread. In this order; a step that fails returns the negative of an enum status, and program_drop
 * undoes all.
 */
#ifndef BULKHEAD_PROGRAM_H
#define BULKHEAD_PROGRAM_H

#include <stdint.h>

#include "guests/lib/start_info.h"
#include "kernel/abi/types.h"

struct program {
    handle_t partition;
    handle_t space;
    handle_t thread;
    struct start_info *info; /* mapped here until the program starts */
    uint64_t entry;
};

/* An empty partition on the account's quota, with a space and start information. */
int64_t program_create(struct program *program, handle_t account,
                       const struct partition_config *config);
/* Loads an ELF file. INVALID: *fault says in words what is wrong with it; otherwise *fault is NULL.
 */
int64_t program_load(struct program *program, const void *file, uint64_t length,
                     const char **fault);
/* Gives it a handle with these rights under a name; length: see struct start_handle. */
int64_t program_grant(struct program *program, const char *name, handle_t handle, uint32_t rights,
                      uint64_t length);
/* QUOTA: the start information is full. */
int64_t program_add_argument(struct program *program, const char *argument);
/* Its first thread runs. stack_size: whole pages. */
int64_t program_start(struct program *program, uint64_t stack_size);
/* Destroys the partition if there is one, and forgets everything. */
void program_drop(struct program *program);

#endif
