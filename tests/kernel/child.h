/*
 * Child partitions that run functions of this program. Code and constants of the suite are mapped
 * in them at the same addresses, its variables are not: such a function lives on its stack, its
 * board and system calls, and ends by partition_exit or thread_exit.
 */
#ifndef BULKHEAD_TEST_KERNEL_CHILD_H
#define BULKHEAD_TEST_KERNEL_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "tests/kernel/board.h"

#define CHILD_LIMIT         32u /* alive at the same time */
#define CHILD_QUOTA         0x100000ull
#define CHILD_PATIENCE_NS   30000000000ull /* for what should take much less */
#define CHILD_EXIT_SURVIVED 77 /* exit code of a child whose forbidden act went through */

typedef void (*child_function)(volatile struct board *board);

struct child {
    handle_t partition;
    handle_t space;
    handle_t thread; /* the newest */
    uint32_t slot;
    uint32_t thread_count;
    volatile struct board *board;
};

/* What children need, once. */
bool child_setup(void);
/* The region of all boards: the handle with which a later life finds them again. */
handle_t child_boards(void);
/* A child's state changes set this event's bit 1 << child->slot. */
handle_t child_event(void);

/* A partition with a space that shows the suite's code and a cleared board. False: it was reported
 * as a failed check and nothing is left of it. */
bool child_create(struct child *child, uint64_t quota);
bool child_create_with(struct child *child, const struct partition_config *limits);
/* A thread with a stack; argument: for the first argument register (0: the board). */
bool child_thread(struct child *child, child_function function, uint64_t argument, uint32_t cpu,
                  uint32_t flags, uint64_t thread_pointer);
/* One thread with the board as its argument, on any CPU. */
bool child_start(struct child *child, child_function function);
/* A handle of the suite's for the child. 0: it failed, and was reported. */
handle_t child_give(struct child *child, handle_t handle, uint32_t rights);
/* Handles to its own partition, space and newest thread, with all rights. */
handle_t child_give_itself(struct child *child);
/* Fresh memory of the child's at an address of it; also mapped here if `here` is not NULL. */
bool child_map(struct child *child, uint64_t address, uint64_t size, uint32_t flags, void **here);

struct partition_info child_info(const struct child *child);
/* Waits until it has stopped or faulted, or the patience is over; returns its last state. */
struct partition_info child_await_end(const struct child *child);
/* Waits until *value is at least `wanted`; false: the patience was over. */
bool child_await_value(const volatile uint64_t *value, uint64_t wanted);
void child_destroy(struct child *child);

/* create, start, await, destroy: the exit code, or -1 if it did not stop by itself. */
int64_t child_run(child_function function, uint64_t first_argument);

/* Sleeps on an event of the suite's. */
void child_sleep(uint64_t ns);

#endif
