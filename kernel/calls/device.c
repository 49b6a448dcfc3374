/* Calls on ports, interrupts and devices: 72 to 84. */
#include "kernel/calls/call.h"
#include "kernel/event.h"
#include "kernel/interrupt.h"
#include "kernel/ports.h"
#include "kernel/thread.h"

int64_t syscall_ports_create(uint64_t handle, uint64_t first, uint64_t count, uint64_t d,
                             uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference original;
    enum status status = call_object(handle, OBJECT_PORTS, RIGHT_DUPLICATE, &original);
    if (status != STATUS_OK)
        return call_end(status);
    if (first > UINT16_MAX || count > UINT16_MAX + 1ul)
        return call_end(STATUS_INVALID);
    struct ports *ports = NULL;
    status = ports_create(call_partition(), CALL_TARGET(original, ports), (uint32_t)first,
                          (uint32_t)count, &ports);
    return call_end_new(status, ports == NULL ? NULL : &ports->object, original.rights);
}

int64_t syscall_ports_open(uint64_t ports_handle, uint64_t thread_handle, uint64_t c, uint64_t d,
                           uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference ports, thread;
    enum status status = call_object(ports_handle, OBJECT_PORTS, RIGHT_READ | RIGHT_WRITE, &ports);
    if (status == STATUS_OK)
        status = call_object(thread_handle, OBJECT_THREAD, RIGHT_CONTROL, &thread);
    if (status != STATUS_OK)
        return call_end(status);
    return call_end(ports_open(CALL_TARGET(ports, ports), CALL_TARGET(thread, thread)));
}

int64_t syscall_interrupt_bind(uint64_t system, uint64_t line, uint64_t flags,
                               uint64_t event_handle, uint64_t bits, uint64_t f) {
    call_begin();
    struct handle_reference reference, event;
    enum status status = call_object(system, OBJECT_SYSTEM, RIGHT_MANAGE, &reference);
    if (status == STATUS_OK)
        status = call_object(event_handle, OBJECT_EVENT, RIGHT_SIGNAL, &event);
    if (status != STATUS_OK)
        return call_end(status);
    if (line > UINT32_MAX || (flags & ~(uint64_t)INTERRUPT_GLOBAL) != 0)
        return call_end(STATUS_INVALID);
    return call_end(interrupt_bind((uint32_t)line, flags != 0, CALL_TARGET(event, event),
                                   event.badge != 0 ? bits & event.badge : bits));
}

int64_t syscall_interrupt_acknowledge(uint64_t system, uint64_t line, uint64_t flags, uint64_t d,
                                      uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(system, OBJECT_SYSTEM, RIGHT_MANAGE, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    if (line > UINT32_MAX || (flags & ~(uint64_t)INTERRUPT_GLOBAL) != 0)
        return call_end(STATUS_INVALID);
    return call_end(interrupt_acknowledge((uint32_t)line, flags != 0));
}
