/* Calls on the system: 124 to 135. */
#include "kernel/system.h"

#include "kernel/audit.h"
#include "kernel/calls/call.h"
#include "kernel/event.h"
#include "kernel/log.h"
#include "kernel/module.h"
#include "kernel/region.h"
#include "kernel/string.h"
#include "kernel/timer.h"

#define COPY_LIMIT 256u

int64_t syscall_clock_get(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    return (int64_t)clock_now_ns();
}

int64_t syscall_system_info(uint64_t handle, uint64_t info_address, uint64_t c, uint64_t d,
                            uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    struct system_info info;
    system_get_info(&info);
    return call_end(CALL_COPY_OUT(info_address, info));
}

int64_t syscall_system_open_module(uint64_t handle, uint64_t index, uint64_t info_address,
                                   uint64_t d, uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    struct module_info info;
    struct region *region = module_at(index, &info);
    if (region == NULL)
        return call_end(STATUS_NOT_FOUND);
    status = CALL_COPY_OUT(info_address, info);
    if (status != STATUS_OK)
        return call_end(status);
    object_get(&region->object);
    return call_end_new(STATUS_OK, &region->object,
                        RIGHT_READ | RIGHT_EXECUTE | RIGHT_DUPLICATE | RIGHT_GRANT);
}

int64_t syscall_system_read_log(uint64_t handle, uint64_t position, uint64_t buffer,
                                uint64_t length, uint64_t e, uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return -(int64_t)status;
    char text[COPY_LIMIT];
    size_t count = log_read(&position, text, length < sizeof text ? length : sizeof text);
    return arch_copy_to_user(buffer, text, count) ? (int64_t)count : -STATUS_BAD_ADDRESS;
}

int64_t syscall_system_log_position(uint64_t handle, uint64_t which, uint64_t c, uint64_t d,
                                    uint64_t e, uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return -(int64_t)status;
    if (which > 1)
        return -STATUS_INVALID;
    return (int64_t)(which == 0 ? log_oldest() : log_newest());
}

int64_t syscall_system_watch_log(uint64_t handle, uint64_t event_handle, uint64_t bits, uint64_t d,
                                 uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference, event;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_READ, &reference);
    if (status == STATUS_OK)
        status = call_object(event_handle, OBJECT_EVENT, RIGHT_SIGNAL, &event);
    if (status != STATUS_OK)
        return call_end(status);
    struct event *old = log_watcher();
    object_get(event.object);
    log_watch(CALL_TARGET(event, event), event.badge != 0 ? bits & event.badge : bits);
    if (old != NULL)
        object_put(&old->object);
    return call_end(STATUS_OK);
}

int64_t syscall_system_take_console(uint64_t handle, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                    uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_MANAGE, &reference);
    if (status == STATUS_OK)
        log_release_console();
    return -(int64_t)status;
}

int64_t syscall_system_shutdown(uint64_t handle, uint64_t kind, uint64_t exit_code, uint64_t d,
                                uint64_t e, uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_MANAGE, &reference);
    if (status != STATUS_OK)
        return -(int64_t)status;
    if (kind > SHUTDOWN_HALT)
        return -STATUS_INVALID;
    call_begin();
    system_shutdown((enum shutdown_kind)kind);
}

int64_t syscall_system_random(uint64_t buffer, uint64_t length, uint64_t c, uint64_t d, uint64_t e,
                              uint64_t f) {
    char random[COPY_LIMIT];
    if (length > sizeof random)
        return -STATUS_INVALID;
    if (!arch_random(random, length))
        return -STATUS_UNSUPPORTED;
    bool is_copied = arch_copy_to_user(buffer, random, length);
    memset(random, 0, sizeof random);
    return is_copied ? 0 : -STATUS_BAD_ADDRESS;
}

int64_t syscall_log_write(uint64_t line, uint64_t length, uint64_t c, uint64_t d, uint64_t e,
                          uint64_t f) {
    char text[COPY_LIMIT];
    if (length > sizeof text)
        return -STATUS_INVALID;
    if (!arch_copy_from_user(text, line, length))
        return -STATUS_BAD_ADDRESS;
    system_log_partition(call_partition(), text, length);
    return 0;
}

int64_t syscall_system_audit(uint64_t handle, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_MANAGE, &reference);
    return status == STATUS_OK ? call_end_value(audit_run()) : call_end(status);
}

int64_t syscall_system_speculation(uint64_t handle, uint64_t index, uint64_t info_address,
                                   uint64_t d, uint64_t e, uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_SYSTEM, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return -(int64_t)status;
    if (index > UINT32_MAX)
        return -STATUS_INVALID;
    struct speculation_info info;
    if (!arch_speculation_info((uint32_t)index, &info))
        return -STATUS_NOT_FOUND;
    return -(int64_t)CALL_COPY_OUT(info_address, info);
}
