/* Lines of the I/O APICs, each bound to an event at most. */
#include "kernel/interrupt.h"

#include "kernel/arch.h"
#include "kernel/event.h"

#define LINE_LIMIT 256u

struct binding {
    struct event *event; /* NULL: free. Read by the handler without a lock */
    uint64_t bits;
    uint32_t line; /* as it was asked for */
    bool is_global;
};

static struct binding bindings[LINE_LIMIT]; /* by global system interrupt */

static struct binding *find(uint32_t line, bool is_global) {
    for (uint32_t i = 0; i < LINE_LIMIT; i++)
        if (bindings[i].event != NULL && bindings[i].line == line &&
            bindings[i].is_global == is_global)
            return &bindings[i];
    return NULL;
}

enum status interrupt_bind(uint32_t line, bool is_global, struct event *event, uint64_t bits) {
    struct binding *old = find(line, is_global);
    if (old != NULL)
        return STATUS_BUSY;
    uint32_t global;
    enum status status = arch_interrupt_route(line, is_global, &global);
    if (status != STATUS_OK)
        return status;
    if (global >= LINE_LIMIT)
        return STATUS_INVALID;
    if (bindings[global].event != NULL)
        return STATUS_BUSY;
    object_get(&event->object);
    bindings[global].bits = bits;
    bindings[global].line = line;
    bindings[global].is_global = is_global;
    __atomic_store_n(&bindings[global].event, event, __ATOMIC_RELEASE);
    arch_interrupt_unmask(global);
    return STATUS_OK;
}

enum status interrupt_acknowledge(uint32_t line, bool is_global) {
    struct binding *binding = find(line, is_global);
    if (binding == NULL)
        return STATUS_NOT_FOUND;
    arch_interrupt_unmask((uint32_t)(binding - bindings));
    return STATUS_OK;
}

void interrupt_forget(const struct partition *partition) {
    for (uint32_t i = 0; i < LINE_LIMIT; i++) {
        struct event *event = bindings[i].event;
        if (event == NULL || event->object.owner != partition)
            continue;
        arch_interrupt_mask(i);
        __atomic_store_n(&bindings[i].event, NULL, __ATOMIC_RELEASE);
        object_put(&event->object);
    }
}

void kernel_interrupt(uint32_t global_line) {
    arch_interrupt_mask(global_line);
    if (global_line >= LINE_LIMIT)
        return;
    struct event *event = __atomic_load_n(&bindings[global_line].event, __ATOMIC_ACQUIRE);
    if (event != NULL)
        event_signal(event, bindings[global_line].bits);
}
