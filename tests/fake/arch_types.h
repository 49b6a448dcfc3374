/*
 * The fake architecture's part of the kernel's structures: see kernel/arch.h and fake_arch.h. The
 * guard is that of the real one: a test of arch/x86_64 includes that first, and this is nothing
 * then.
 */
#ifndef BULKHEAD_ARCH_TYPES_H
#define BULKHEAD_ARCH_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/* Guests' policies are pure, and tested with the structures that they have. */
#include "arch/x86_64/virt/vcpu_types.h"

struct cpu;

struct arch_thread {
    int64_t result; /* of the call that it waits in */
    bool has_result;
    uint32_t restarts;
    void *state;
    uint64_t entry;
};

struct arch_cpu {
    uint32_t kicks;
    uint64_t timer_deadline;
};

struct arch_space {
    bool is_initialised;
};

struct cpu *fake_cpu_self(void);

static inline struct cpu *arch_cpu_self(void) {
    return fake_cpu_self();
}

#endif
