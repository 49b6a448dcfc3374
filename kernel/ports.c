/* Ranges of I/O ports, and opening them to threads. */
#include "kernel/ports.h"

#include "kernel/arch.h"
#include "kernel/thread.h"

enum status ports_create(struct partition *partition, const struct ports *original, uint32_t first,
                         uint32_t count, struct ports **result) {
    uint64_t end = (uint64_t)first + count;
    if (count == 0 || first < original->first || end > original->first + original->count)
        return STATUS_INVALID;
    for (uint32_t port = first; port < end; port++)
        if (arch_port_is_reserved((uint16_t)port))
            return STATUS_DENIED;
    struct ports *ports = object_create(OBJECT_PORTS, partition);
    if (ports == NULL)
        return STATUS_QUOTA;
    ports->first = first;
    ports->count = count;
    *result = ports;
    return STATUS_OK;
}

enum status ports_open(struct ports *ports, struct thread *thread) {
    uint32_t last = ports->first + ports->count - 1;
    /* The root handle names all ports, the kernel's own included: only parts of it can be opened.
     */
    for (uint32_t port = ports->first; port <= last; port++)
        if (arch_port_is_reserved((uint16_t)port))
            return STATUS_DENIED;
    for (uint32_t i = 0; i < thread->port_range_count; i++)
        if (ports->first <= thread->ports[i].last && last >= thread->ports[i].first)
            return STATUS_EXISTS;
    if (thread->port_range_count == THREAD_PORT_RANGES)
        return STATUS_QUOTA;
    thread->ports[thread->port_range_count++] =
        (struct thread_ports){.first = (uint16_t)ports->first, .last = (uint16_t)last};
    arch_thread_ports_changed(thread);
    return STATUS_OK;
}
