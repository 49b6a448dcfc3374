/* Guests and their vCPUs: the portable part. */
#ifndef BULKHEAD_KERNEL_GUEST_H
#define BULKHEAD_KERNEL_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch_types.h"
#include "kernel/abi/guest.h"
#include "kernel/abi/types.h"
#include "kernel/object.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"

struct cpu;
struct space;
struct thread;

struct vcpu {
    struct arch_vcpu arch; /* first: assembly finds it here */
    struct guest *guest;
    uint32_t index;
    struct vcpu_page *page; /* shared with the VMM; direct map */
    struct region *page_region;
    struct thread *thread; /* that has entered it; NULL: none. Set by compare-and-swap */
    struct cpu *loaded_on; /* the CPU that has its state in hardware, NULL: none */
    struct spinlock halt_lock;
    uint32_t is_halted; /* its thread sleeps in kernel_vcpu_halt; cleared under halt_lock */
    bool has_run;
    struct guest_statistics statistics;
};

struct guest {
    struct object object;
    struct arch_guest arch;
    struct space *space; /* counted; SPACE_GUEST */
    struct guest_config config;
    uint32_t vcpu_count;       /* slots in vcpu[] */
    struct vcpu **vcpu;        /* one page of pointers: 512 at most */
    struct guest_cpuid *cpuid; /* cpuid_count rows in 2^cpuid_order pages, NULL: none */
    uint32_t cpuid_count;
    uint32_t cpuid_order;
    struct region *apic_region; /* counted; NULL: none */
    struct guest_msr *msr;      /* one page */
    uint32_t msr_count;
    uint64_t eoi_exits[4];
    uint64_t clock_offset; /* ticks that the guest's TSC is behind the host's, modulo 2^64 */
};

/* kernel_lock is held, except for guest_enter, guest_kick, guest_interrupt and guest_signal. */
enum status guest_create(struct partition *partition, struct space *space,
                         const struct guest_config *config, struct guest **result);
enum status guest_create_vcpu(struct guest *guest, uint32_t index, struct space *space,
                              uint64_t page_address);
enum status guest_set_cpuid(struct guest *guest, const struct guest_cpuid *rows, uint32_t count);
enum status guest_set_msr(struct guest *guest, const struct guest_msr *rows, uint32_t count);
void guest_set_eoi_exits(struct guest *guest, const uint64_t vectors[4]);
struct vcpu *guest_vcpu(struct guest *guest, uint32_t index); /* NULL: none */
/* The thread keeps the vCPU's guest from now on, so that closing its handles cannot take it away
 * while the vCPU runs; until it enters another, or ends. */
void guest_keep(struct thread *thread, struct vcpu *vcpu);
/* The running thread enters a vCPU that it keeps; returns only with an error. */
enum status guest_enter(struct thread *thread, struct vcpu *vcpu);
void guest_kick(struct vcpu *vcpu);
/* A decoded access to the local APIC's page. The vCPU is not entered. */
enum status guest_access_apic(struct vcpu *vcpu, uint32_t offset, bool is_write, uint64_t *value);
/* With the total counted. */
void guest_get_statistics(const struct vcpu *vcpu, struct guest_statistics *statistics);
/* The thread has ended: it leaves its vCPU, and no longer keeps its guest. */
void guest_thread_ended(struct thread *thread);
void guest_thread_destroyed(struct thread *thread);
/* Pausing and resuming shift the guest's clock by the ticks of the pause. */
void guest_shift_clock(struct guest *guest, uint64_t ticks);
/* Called when the last count goes; no vCPU is entered. */
void guest_destroy(struct guest *guest);

/* The thread is no longer inside its vCPU, and another may enter. */
static inline void guest_left(struct thread *thread) {
    struct vcpu *vcpu = thread->vcpu;
    thread->vcpu = NULL;
    __atomic_store_n(&vcpu->thread, NULL, __ATOMIC_RELEASE);
}

#endif
