/* Calls on events: 52 to 55. */
#include "kernel/event.h"

#include "kernel/calls/call.h"

int64_t syscall_event_create(uint64_t partition_handle, uint64_t b, uint64_t c, uint64_t d,
                             uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference partition;
    enum status status = call_object(partition_handle, OBJECT_PARTITION, RIGHT_MANAGE, &partition);
    if (status != STATUS_OK)
        return call_end(status);
    struct event *event = NULL;
    status = event_create(CALL_TARGET(partition, partition), &event);
    return call_end_new(status, event == NULL ? NULL : &event->object, RIGHTS_ALL);
}

/* Not a management call: no lock but the event's own. */
int64_t syscall_event_signal(uint64_t handle, uint64_t bits, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_EVENT, RIGHT_SIGNAL, &reference);
    if (status != STATUS_OK)
        return -(int64_t)status;
    event_signal(CALL_TARGET(reference, event),
                 reference.badge != 0 ? bits & reference.badge : bits);
    return 0;
}

int64_t syscall_event_wait(uint64_t handle, uint64_t mask, uint64_t deadline, uint64_t d,
                           uint64_t e, uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_EVENT, RIGHT_WAIT, &reference);
    if (status != STATUS_OK)
        return -(int64_t)status;
    if (mask == 0 || mask >> 63 != 0)
        return -STATUS_INVALID;
    return event_wait(call_thread(), CALL_TARGET(reference, event), mask, deadline);
}
