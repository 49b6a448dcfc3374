/*
 * Guests and vCPUs: what is the same on every processor. A thread that enters a vCPU is that vCPU
 * until an exit for the VMM; the architecture does the rest.
 */
#include "kernel/guest.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/frame.h"
#include "kernel/partition.h"
#include "kernel/print.h"
#include "kernel/region.h"
#include "kernel/sched.h"
#include "kernel/slab.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/timer.h"

#define VCPU_LIMIT (PAGE_SIZE / sizeof(struct vcpu *))

/* ---- guests */

static bool config_is_valid(const struct guest_config *config) {
    return config->vcpu_limit >= 1 && config->vcpu_limit <= VCPU_LIMIT &&
           config->local_apic <= LOCAL_APIC_VMM_DECODES && config->reserved[0] == 0 &&
           config->reserved[1] == 0;
}

/* A cleared page of the owner's as a region. */
static enum status create_page(struct partition *owner, struct region **region,
                               uint64_t *physical) {
    enum status status = region_create(owner, PAGE_SIZE, region);
    if (status != STATUS_OK)
        return status;
    while (!region_clear_some(*region))
        ;
    uint64_t length;
    *physical = region_physical(*region, 0, &length);
    return STATUS_OK;
}

/* The page behind the local APIC's address, if the hardware makes use of it. Where the VMM has
 * mapped something of its own there, it has its reasons. */
static enum status map_apic_page(struct guest *guest) {
    uint64_t address = arch_guest_apic_address(guest);
    if (address == 0)
        return STATUS_OK;
    uint64_t page;
    struct region *region;
    enum status status = create_page(guest->object.owner, &region, &page);
    if (status != STATUS_OK)
        return status;
    status = space_map(guest->space, region, 0, address, PAGE_SIZE, MAP_READ | MAP_WRITE);
    if (status != STATUS_OK) {
        object_put(&region->object);
        return status == STATUS_EXISTS ? STATUS_OK : status;
    }
    guest->apic_region = region;
    arch_guest_set_apic_page(guest, page);
    return STATUS_OK;
}

enum status guest_create(struct partition *partition, struct space *space,
                         const struct guest_config *config, struct guest **result) {
    if (!config_is_valid(config) || space->kind != SPACE_GUEST)
        return STATUS_INVALID;
    struct guest *guest = object_create(OBJECT_GUEST, partition);
    if (guest == NULL)
        return STATUS_QUOTA;
    object_get(&space->object);
    guest->space = space;
    guest->config = *config;
    guest->clock_offset = arch_ticks();
    guest->vcpu = partition_page_allocate(partition);
    guest->msr = partition_page_allocate(partition);
    enum status status = guest->vcpu == NULL || guest->msr == NULL ? STATUS_QUOTA
                                                                   : arch_guest_init(guest);
    if (status == STATUS_OK)
        status = map_apic_page(guest);
    if (status != STATUS_OK) {
        object_put(&guest->object);
        return status;
    }
    guest->vcpu_count = config->vcpu_limit;
    *result = guest;
    return STATUS_OK;
}

static void unload(void *argument) {
    arch_vcpu_unload(argument);
}

static void destroy_vcpu(struct vcpu *vcpu) {
    if (vcpu->loaded_on != NULL)
        cpu_call_one(vcpu->loaded_on, unload, vcpu);
    arch_vcpu_destroy(vcpu);
    object_put(&vcpu->page_region->object);
    slab_free(vcpu->guest->object.owner, vcpu, sizeof *vcpu);
}

static void free_cpuid(struct guest *guest) {
    if (guest->cpuid != NULL)
        partition_pages_free(guest->object.owner, guest->cpuid, guest->cpuid_order);
    guest->cpuid = NULL;
    guest->cpuid_count = 0;
}

void guest_destroy(struct guest *guest) {
    struct partition *owner = guest->object.owner;
    for (uint32_t i = 0; i < guest->vcpu_count; i++)
        if (guest->vcpu[i] != NULL)
            destroy_vcpu(guest->vcpu[i]);
    if (guest->apic_region != NULL)
        object_put(&guest->apic_region->object);
    free_cpuid(guest);
    if (guest->msr != NULL)
        partition_page_free(owner, guest->msr);
    if (guest->vcpu != NULL)
        partition_page_free(owner, guest->vcpu);
    object_put(&guest->space->object);
}

/* ---- vCPUs */

struct vcpu *guest_vcpu(struct guest *guest, uint32_t index) {
    return index < guest->vcpu_count ? __atomic_load_n(&guest->vcpu[index], __ATOMIC_ACQUIRE)
                                     : NULL;
}

static enum status init_vcpu(struct vcpu *vcpu, struct space *space, uint64_t page_address) {
    uint64_t page;
    enum status status = create_page(vcpu->guest->object.owner, &vcpu->page_region, &page);
    if (status != STATUS_OK)
        return status;
    vcpu->page = arch_memory_at(page);
    status = arch_vcpu_init(vcpu);
    if (status != STATUS_OK) {
        object_put(&vcpu->page_region->object);
        return status;
    }
    status = space_map(space, vcpu->page_region, 0, page_address, PAGE_SIZE, MAP_READ | MAP_WRITE);
    if (status != STATUS_OK) {
        arch_vcpu_unload(vcpu);
        arch_vcpu_destroy(vcpu);
        object_put(&vcpu->page_region->object);
    }
    return status;
}

enum status guest_create_vcpu(struct guest *guest, uint32_t index, struct space *space,
                              uint64_t page_address) {
    if (index >= guest->vcpu_count)
        return STATUS_INVALID;
    if (guest->vcpu[index] != NULL)
        return STATUS_EXISTS;
    struct vcpu *vcpu = slab_allocate(guest->object.owner, sizeof *vcpu);
    if (vcpu == NULL)
        return STATUS_QUOTA;
    vcpu->guest = guest;
    vcpu->index = index;
    enum status status = init_vcpu(vcpu, space, page_address);
    if (status != STATUS_OK) {
        slab_free(guest->object.owner, vcpu, sizeof *vcpu);
        return status;
    }
    __atomic_store_n(&guest->vcpu[index], vcpu, __ATOMIC_RELEASE);
    return STATUS_OK;
}

void guest_get_statistics(const struct vcpu *vcpu, struct guest_statistics *statistics) {
    *statistics = vcpu->statistics;
    statistics->exits_total = 0;
    for (uint32_t i = 0; i < sizeof statistics->exits / sizeof statistics->exits[0]; i++)
        statistics->exits_total += statistics->exits[i];
}

/* ---- policy */

static bool has_run(const struct guest *guest) {
    for (uint32_t i = 0; i < guest->vcpu_count; i++)
        if (guest->vcpu[i] != NULL && guest->vcpu[i]->has_run)
            return true;
    return false;
}

/* By leaf, then subleaf; no row twice. */
static bool rows_are_sorted(const struct guest_cpuid *rows, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        const struct guest_cpuid *before = &rows[i - 1], *row = &rows[i];
        bool has_subleaves = (before->flags & row->flags & GUEST_CPUID_SUBLEAF) != 0;
        if (row->leaf < before->leaf ||
            (row->leaf == before->leaf && (!has_subleaves || row->subleaf <= before->subleaf)))
            return false;
    }
    return true;
}

enum status guest_set_cpuid(struct guest *guest, const struct guest_cpuid *rows, uint32_t count) {
    if (has_run(guest))
        return STATUS_BUSY;
    if (count == 0 || count > GUEST_CPUID_LIMIT || !rows_are_sorted(rows, count))
        return STATUS_INVALID;
    uint32_t order = 0;
    while (PAGE_SIZE << order < count * sizeof *rows)
        order++;
    struct guest_cpuid *copy = partition_pages_allocate(guest->object.owner, order);
    if (copy == NULL)
        return STATUS_QUOTA;
    memcpy(copy, rows, count * sizeof *rows);
    free_cpuid(guest);
    guest->cpuid = copy;
    guest->cpuid_count = count;
    guest->cpuid_order = order;
    arch_guest_cpuid_changed(guest);
    return STATUS_OK;
}

static bool msr_rows_are_valid(const struct guest_msr *rows, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].first > rows[i].last || rows[i].action > GUEST_MSR_VALUE_READ_ONLY ||
            arch_guest_keeps_msr(rows[i].first, rows[i].last))
            return false;
        for (uint32_t other = 0; other < i; other++)
            if (rows[i].first <= rows[other].last && rows[other].first <= rows[i].last)
                return false;
    }
    return true;
}

enum status guest_set_msr(struct guest *guest, const struct guest_msr *rows, uint32_t count) {
    if (count > GUEST_MSR_LIMIT || !msr_rows_are_valid(rows, count))
        return STATUS_INVALID;
    /* A guest that runs meanwhile finds no row, some, or all. */
    __atomic_store_n(&guest->msr_count, 0, __ATOMIC_RELEASE);
    memcpy(guest->msr, rows, count * sizeof *rows);
    __atomic_store_n(&guest->msr_count, count, __ATOMIC_RELEASE);
    return STATUS_OK;
}

void guest_set_eoi_exits(struct guest *guest, const uint64_t vectors[4]) {
    for (uint32_t i = 0; i < 4; i++)
        __atomic_store_n(&guest->eoi_exits[i], vectors[i], __ATOMIC_RELAXED);
    arch_guest_eoi_exits_changed(guest);
}

void guest_shift_clock(struct guest *guest, uint64_t ticks) {
    guest->clock_offset += ticks;
    for (uint32_t i = 0; i < guest->vcpu_count; i++)
        if (guest->vcpu[i] != NULL)
            arch_vcpu_shift_clock(guest->vcpu[i], ticks);
}

/* ---- entering and leaving */

void guest_keep(struct thread *thread, struct vcpu *vcpu) {
    struct guest *before = thread->guest;
    thread->entered_vcpu = vcpu;
    if (before == vcpu->guest)
        return;
    kernel_lock_acquire();
    object_get(&vcpu->guest->object);
    thread->guest = vcpu->guest;
    if (before != NULL) {
        object_put(&before->object);
        object_reap();
    }
    kernel_lock_release();
}

enum status guest_enter(struct thread *thread, struct vcpu *vcpu) {
    struct thread *nobody = NULL;
    if (!__atomic_compare_exchange_n(&vcpu->thread, &nobody, thread, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED))
        return STATUS_BUSY;
    thread->vcpu = vcpu;
    vcpu->has_run = true;
    arch_vcpu_enter(thread);
}

void guest_kick(struct vcpu *vcpu) {
    (void)arch_vcpu_signal(vcpu, GUEST_SIGNAL_KICK, 0);
}

void guest_thread_ended(struct thread *thread) {
    struct vcpu *vcpu = thread->vcpu;
    if (vcpu == NULL)
        return;
    arch_vcpu_abandon(vcpu);
    thread->vcpu = NULL;
    __atomic_store_n(&vcpu->thread, NULL, __ATOMIC_RELEASE);
}

void guest_thread_destroyed(struct thread *thread) {
    if (thread->guest != NULL)
        object_put(&thread->guest->object);
    thread->guest = NULL;
}

enum status guest_access_apic(struct vcpu *vcpu, uint32_t offset, bool is_write, uint64_t *value) {
    return arch_vcpu_access_apic(vcpu, offset, is_write, value);
}

/* ---- halting: no wake-up is lost
 *
 * Who wakes sets the vCPU's work first and looks at is_halted then; who halts sets is_halted first
 * and looks for work then. One of them sees the other. halt_lock makes the waker's part one step:
 * once the thread is past kernel_vcpu_awake, no waker still has a hand on it.
 */

noreturn void kernel_vcpu_halt(struct thread *thread, uint64_t deadline_ticks) {
    struct vcpu *vcpu = thread->vcpu;
    timer_stop(&thread->timer);
    thread->wait = WAIT_FOR_HALT;
    sched_set_waiting(thread);
    timer_start(&thread->timer, cpu_self(), deadline_ticks);
    (void)__atomic_exchange_n(&vcpu->is_halted, 1, __ATOMIC_SEQ_CST);
    if (arch_vcpu_has_work(vcpu))
        kernel_vcpu_wake(vcpu);
    sched_wait();
}

void kernel_vcpu_awake(struct vcpu *vcpu) {
    spinlock_acquire(&vcpu->halt_lock);
    __atomic_store_n(&vcpu->is_halted, 0, __ATOMIC_RELAXED);
    spinlock_release(&vcpu->halt_lock);
    vcpu->thread->wait = WAIT_FOR_NOTHING;
}

void kernel_vcpu_wake(struct vcpu *vcpu) {
    if (__atomic_load_n(&vcpu->is_halted, __ATOMIC_SEQ_CST) != 0) {
        spinlock_acquire(&vcpu->halt_lock);
        struct thread *thread = vcpu->thread;
        if (vcpu->is_halted != 0 && thread != NULL) {
            __atomic_store_n(&vcpu->is_halted, 0, __ATOMIC_RELAXED);
            timer_stop(&thread->timer);
            sched_wake(thread);
        }
        spinlock_release(&vcpu->halt_lock);
    }
    struct cpu *cpu = arch_vcpu_runs_on(vcpu);
    if (cpu != NULL && cpu != cpu_self())
        arch_cpu_kick(cpu);
}
