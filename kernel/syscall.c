/* The system-call table, and the frame of management calls. */
#include "kernel/syscall.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/object.h"
#include "kernel/partition.h"
#include "kernel/sched.h"
#include "kernel/thread.h"

static int64_t bad_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -STATUS_BAD_CALL;
}

static int64_t not_yet(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -STATUS_NOT_YET;
}

#define CALL_NOW(number, name, argument_count) [number] = syscall_##name,
#define CALL_LATER(number, name)               [number] = not_yet,
/* Slots that no row names are holes of the numbering. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
const system_call_function system_calls[SYS_COUNT] = {[0 ... SYS_COUNT - 1] = bad_call,
                                                      SYSCALL_TABLE(CALL_NOW, CALL_LATER)};
#pragma GCC diagnostic pop

struct thread *call_thread(void) {
    return cpu_self()->current;
}

struct partition *call_partition(void) {
    return cpu_self()->current->partition;
}

enum status call_object(uint64_t handle, enum object_type type, uint32_t rights,
                        struct handle_reference *result) {
    if (handle > UINT32_MAX)
        return STATUS_BAD_HANDLE;
    return handle_lookup(call_partition(), (handle_t)handle, type, rights, result);
}

void call_begin(void) {
    kernel_lock_acquire();
}

int64_t call_end_value(int64_t value) {
    object_reap();
    kernel_lock_release();
    return value;
}

int64_t call_end(enum status status) {
    return call_end_value(-(int64_t)status);
}

noreturn void call_again(void) {
    object_reap();
    kernel_lock_release();
    arch_thread_restart_call(call_thread());
    sched_resume();
}

int64_t call_end_new(enum status status, struct object *object, uint32_t rights) {
    if (status != STATUS_OK)
        return call_end(status);
    handle_t handle;
    status = handle_insert(call_partition(), object, rights, 0, &handle);
    object_put(object);
    return status == STATUS_OK ? call_end_value(handle) : call_end(status);
}
