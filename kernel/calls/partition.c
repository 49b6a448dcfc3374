/* Calls on partitions: 8 to 17. */
#include "kernel/calls/call.h"
#include "kernel/cpu.h"
#include "kernel/event.h"
#include "kernel/sched.h"

/* A badged handle can have only its own bits set. */
static void set_event(struct partition *partition, const struct handle_reference *event,
                      uint64_t bits) {
    if (event->object == NULL)
        partition_set_event(partition, NULL, 0);
    else
        partition_set_event(partition, CALL_TARGET(*event, event),
                            event->badge != 0 ? bits & event->badge : bits);
}

int64_t syscall_partition_create(uint64_t account_handle, uint64_t config_address, uint64_t c,
                                 uint64_t d, uint64_t e, uint64_t f) {
    struct partition_config config;
    if (CALL_COPY_IN(config, config_address) != STATUS_OK)
        return -STATUS_BAD_ADDRESS;
    call_begin();
    struct handle_reference account, event = {0};
    enum status status = call_object(account_handle, OBJECT_PARTITION, RIGHT_MANAGE, &account);
    if (status == STATUS_OK && config.event != 0)
        status = call_object(config.event, OBJECT_EVENT, RIGHT_SIGNAL, &event);
    if (status != STATUS_OK)
        return call_end(status);
    struct partition *partition = NULL;
    handle_t handle;
    status = handle_reserve(call_partition(), &handle);
    if (status != STATUS_OK)
        return call_end(status);
    status = partition_create(CALL_TARGET(account, partition), &config, &partition);
    if (status != STATUS_OK) {
        handle_give_up(call_partition(), handle);
        return call_end(status);
    }
    set_event(partition, &event, config.event_bits);
    handle_fill(call_partition(), handle, &partition->object, RIGHTS_ALL);
    object_put(&partition->object);
    return call_end_value(handle);
}

int64_t syscall_partition_info(uint64_t handle, uint64_t info_address, uint64_t c, uint64_t d,
                               uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_PARTITION, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    struct partition_info info;
    partition_get_info(CALL_TARGET(reference, partition), &info);
    return call_end(CALL_COPY_OUT(info_address, info));
}

int64_t syscall_partition_list(uint64_t system, uint64_t after, uint64_t info_address, uint64_t d,
                               uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(system, OBJECT_SYSTEM, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    struct partition *partition = partition_after(after);
    if (partition == NULL)
        return call_end(STATUS_NOT_FOUND);
    struct partition_info info;
    partition_get_info(partition, &info);
    status = CALL_COPY_OUT(info_address, info);
    if (status != STATUS_OK)
        return call_end(status);
    object_get(&partition->object);
    /* Who may only look at the system must not rule its partitions. */
    bool is_manager = (reference.rights & RIGHT_MANAGE) != 0;
    return call_end_new(STATUS_OK, &partition->object, is_manager ? RIGHTS_ALL : RIGHT_READ);
}

/* The partition behind a handle with a right, for the calls that only do one thing to it. */
static enum status target(uint64_t handle, uint32_t right, struct partition **partition) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_PARTITION, right, &reference);
    if (status == STATUS_OK)
        *partition = CALL_TARGET(reference, partition);
    return status;
}

int64_t syscall_partition_set_limits(uint64_t handle, uint64_t config_address, uint64_t c,
                                     uint64_t d, uint64_t e, uint64_t f) {
    struct partition_config config;
    if (CALL_COPY_IN(config, config_address) != STATUS_OK)
        return -STATUS_BAD_ADDRESS;
    call_begin();
    struct partition *partition;
    struct handle_reference event = {0};
    enum status status = target(handle, RIGHT_MANAGE, &partition);
    if (status == STATUS_OK && config.event != 0)
        status = call_object(config.event, OBJECT_EVENT, RIGHT_SIGNAL, &event);
    if (status == STATUS_OK && !partition_lives_on(partition, call_partition()))
        status = STATUS_DENIED;
    if (status == STATUS_OK)
        status = partition_set_limits(partition, &config);
    if (status == STATUS_OK)
        set_event(partition, &event, config.event_bits);
    return call_end(status);
}

int64_t syscall_partition_pause(uint64_t handle, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                uint64_t f) {
    call_begin();
    struct partition *partition;
    enum status status = target(handle, RIGHT_CONTROL, &partition);
    return call_end(status == STATUS_OK ? partition_pause(partition) : status);
}

int64_t syscall_partition_resume(uint64_t handle, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                 uint64_t f) {
    call_begin();
    struct partition *partition;
    enum status status = target(handle, RIGHT_CONTROL, &partition);
    return call_end(status == STATUS_OK ? partition_resume(partition) : status);
}

int64_t syscall_partition_stop(uint64_t handle, uint64_t exit_code, uint64_t c, uint64_t d,
                               uint64_t e, uint64_t f) {
    call_begin();
    struct partition *partition;
    enum status status = target(handle, RIGHT_CONTROL, &partition);
    if (status == STATUS_OK)
        partition_stop(partition, PARTITION_STOPPED, (int32_t)exit_code);
    return call_end(status);
}

int64_t syscall_partition_exit(uint64_t exit_code, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                               uint64_t f) {
    call_begin();
    partition_stop(call_partition(), PARTITION_STOPPED, (int32_t)exit_code);
    call_end(STATUS_OK);
    sched_run();
}

int64_t syscall_partition_destroy(uint64_t handle, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                  uint64_t f) {
    call_begin();
    struct partition *partition;
    enum status status = target(handle, RIGHT_MANAGE, &partition);
    if (status != STATUS_OK)
        return call_end(status);
    if (partition == call_partition() || partition == &kernel_partition)
        return call_end(STATUS_DENIED);
    status = partition_destroy(partition);
    if (status == STATUS_BUSY)
        call_again();
    return call_end(status);
}
