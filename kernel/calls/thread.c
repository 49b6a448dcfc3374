/* Calls on threads: 24 to 32. */
#include "kernel/thread.h"

#include "kernel/calls/call.h"
#include "kernel/cpu.h"
#include "kernel/sched.h"
#include "kernel/space.h"

int64_t syscall_thread_create(uint64_t partition_handle, uint64_t space_handle,
                              uint64_t config_address, uint64_t d, uint64_t e, uint64_t f) {
    struct thread_config config;
    if (CALL_COPY_IN(config, config_address) != STATUS_OK)
        return -STATUS_BAD_ADDRESS;
    call_begin();
    struct handle_reference partition, space;
    enum status status = call_object(partition_handle, OBJECT_PARTITION, RIGHT_MANAGE, &partition);
    if (status == STATUS_OK)
        status = call_object(space_handle, OBJECT_SPACE, RIGHT_MAP, &space);
    if (status != STATUS_OK)
        return call_end(status);
    struct thread *thread = NULL;
    handle_t handle;
    status = handle_reserve(call_partition(), &handle);
    if (status != STATUS_OK)
        return call_end(status);
    status = thread_create(CALL_TARGET(partition, partition), CALL_TARGET(space, space), &config,
                           &thread);
    if (status != STATUS_OK) {
        handle_give_up(call_partition(), handle);
        return call_end(status);
    }
    handle_fill(call_partition(), handle, &thread->object, RIGHTS_ALL);
    object_put(&thread->object);
    return call_end_value(handle);
}

int64_t syscall_thread_resume(uint64_t handle, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                              uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_THREAD, RIGHT_CONTROL, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    struct thread *thread = CALL_TARGET(reference, thread);
    if (thread->run_state != THREAD_STATE_SUSPENDED)
        return call_end(STATUS_BAD_STATE);
    thread_start(thread);
    return call_end(STATUS_OK);
}

int64_t syscall_thread_exit(uint64_t code, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                            uint64_t f) {
    thread_exit(code);
}

int64_t syscall_thread_yield(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f) {
    struct cpu *cpu = cpu_self();
    cpu->current->yields = true;
    cpu->reschedule = true;
    return 0;
}

int64_t syscall_thread_get_state(uint64_t handle, uint64_t state_address, uint64_t c, uint64_t d,
                                 uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_THREAD, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    const struct thread *thread = CALL_TARGET(reference, thread);
    struct thread_state state = {0};
    arch_thread_get_state(thread, &state);
    state.cpu_time_ns = clock_ticks_to_ns(thread->cpu_ticks);
    state.state = thread->run_state;
    state.cpu = thread->cpu->index;
    return call_end(CALL_COPY_OUT(state_address, state));
}
