/* Summing the kernel's counters. I/O thread only. */
#include "guests/vmm/statistics.h"

#include <stdatomic.h>
#include <string.h>

#include "abi/syscalls.h"

static void add(struct guest_statistics *sum, const struct guest_statistics *one) {
    sum->exits_total += one->exits_total;
    sum->entries_to_vmm += one->entries_to_vmm;
    sum->guest_ticks += one->guest_ticks;
    sum->injected += one->injected;
    for (size_t i = 0; i < sizeof(sum->exits) / sizeof(sum->exits[0]); i++) {
        sum->exits[i] += one->exits[i];
    }
    memcpy(sum->technology, one->technology, sizeof(sum->technology));
}

void statistics_answer(struct machine *machine) {
    struct machine_shared *shared = machine->shared;
    uint32_t request = atomic_load_explicit(&shared->statistics_request, memory_order_acquire);
    if (request == atomic_load_explicit(&shared->statistics_answer, memory_order_relaxed)) {
        return;
    }
    struct guest_statistics sum = {0}, one = {0};
    for (uint32_t i = 0; i < machine->settings.cpu_count; i++) {
        if (sys_guest_get_statistics(machine->guest, i, &one) >= 0) {
            add(&sum, &one);
        }
    }
    shared->statistics = sum;
    atomic_store_explicit(&shared->statistics_answer, request, memory_order_release);
    sys_event_signal(machine->manager, MACHINE_NOTIFY);
}
