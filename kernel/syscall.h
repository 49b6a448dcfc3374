/* System calls: the dispatch table, and what the handlers in calls/ share. */
#ifndef BULKHEAD_KERNEL_SYSCALL_H
#define BULKHEAD_KERNEL_SYSCALL_H

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "abi/syscall_numbers.h"
#include "abi/syscall_table.h"
#include "kernel/abi/types.h"
#include "kernel/handle.h"

typedef int64_t (*system_call_function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/* Every slot is filled; numbers that no call has return BAD_CALL. */
extern const system_call_function system_calls[SYS_COUNT];

#define DECLARE_CALL(number, name, argument_count) \
    int64_t syscall_##name(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
#define DECLARE_NOTHING(number, name)
SYSCALL_TABLE(DECLARE_CALL, DECLARE_NOTHING)
#undef DECLARE_CALL
#undef DECLARE_NOTHING

struct partition;
struct thread;

/* The calling thread and its partition. */
struct thread *call_thread(void);
struct partition *call_partition(void);

/* A handle of the caller, through the gate. */
enum status call_object(uint64_t handle, enum object_type type, uint32_t rights,
                        struct handle_reference *result);

/* Management calls are between these two. end frees what has died and returns the call's result. */
void call_begin(void);
int64_t call_end(enum status status);
int64_t call_end_value(int64_t value);
/* The call starts anew, after others have had their turn: for long work done in pieces. */
noreturn void call_again(void);

/* A new object's handle, with all rights that its type knows; drops the creator's count. */
int64_t call_end_new(enum status status, struct object *object, uint32_t rights);

#endif
