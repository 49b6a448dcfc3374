/* Threads: creation and end. */
#include "kernel/thread.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/event.h"
#include "kernel/guest.h"
#include "kernel/partition.h"
#include "kernel/sched.h"
#include "kernel/space.h"

static uint32_t state_order(void) {
    uint32_t order = 0;
    while (PAGE_SIZE << order < arch_thread_state_size())
        order++;
    return order;
}

/* The thread's deadline, whatever it waits for. */
static void deadline_passed(struct timer *timer) {
    struct thread *thread = LIST_MEMBER(timer, struct thread, timer);
    if (thread->wait == WAIT_FOR_EVENT)
        event_wait_expired(thread);
    else if (thread->wait == WAIT_FOR_HALT)
        sched_wake(thread);
}

/* Threads that have ended stay until no CPU has their state and somebody looks. */
static void collect_ended(struct partition *partition) {
    LIST_FOR_EACH_SAFE (link, &partition->threads) {
        struct thread *thread = LIST_MEMBER(link, struct thread, partition_link);
        if (thread->run_state == THREAD_STATE_DEAD &&
            __atomic_load_n(&thread->is_on_cpu, __ATOMIC_ACQUIRE) == 0) {
            list_remove(&thread->partition_link);
            object_put(&thread->object);
        }
    }
}

enum status thread_create(struct partition *partition, struct space *space,
                          const struct thread_config *config, struct thread **result) {
    bool is_valid = space->kind == SPACE_PROGRAM && space->object.owner == partition &&
                    config->entry < SPACE_PROGRAM_END && config->stack < SPACE_PROGRAM_END &&
                    config->thread_pointer < SPACE_PROGRAM_END &&
                    (config->flags & ~THREAD_SUSPENDED) == 0;
    struct cpu *cpu = sched_choose_cpu(config->cpu);
    if (!is_valid || cpu == NULL)
        return STATUS_INVALID;
    if (partition->state == PARTITION_STOPPED || partition->state == PARTITION_FAULTED)
        return STATUS_BAD_STATE;
    collect_ended(partition);
    if (partition->thread_count >= partition->thread_limit)
        return STATUS_QUOTA;
    struct thread *thread = object_create(OBJECT_THREAD, partition);
    if (thread == NULL)
        return STATUS_QUOTA;
    list_init(&thread->partition_link);
    list_init(&thread->queue_link);
    timer_init(&thread->timer, deadline_passed);
    void *state = partition_pages_allocate(partition, state_order());
    if (state == NULL) {
        object_put(&thread->object);
        return STATUS_QUOTA;
    }
    arch_thread_give_state(thread, state);
    object_get(&space->object);
    thread->partition = partition;
    thread->space = space;
    thread->cpu = cpu;
    cpu->thread_count++;
    thread->is_pinned = config->cpu != THREAD_ANY_CPU;
    thread->run_state = THREAD_STATE_SUSPENDED;
    thread->is_held = partition->state == PARTITION_PAUSED;
    arch_thread_init(thread, config->entry, config->stack, config->argument,
                     config->thread_pointer);
    if (!partition->had_threads) {
        handle_set_initial(partition, HANDLE_SPACE, &space->object);
        handle_set_initial(partition, HANDLE_THREAD, &thread->object);
        partition->had_threads = true;
    }
    list_append(&partition->threads, &thread->partition_link);
    partition->thread_count++;
    object_get(&thread->object); /* one count is the partition's list, one the caller's */
    if ((config->flags & THREAD_SUSPENDED) == 0)
        thread_start(thread);
    *result = thread;
    return STATUS_OK;
}

void thread_start(struct thread *thread) {
    if (thread->partition->state == PARTITION_CREATED) {
        thread->partition->state = PARTITION_RUNNING;
        partition_notify(thread->partition);
    }
    sched_wake(thread);
}

/* The running thread's own part, and what partition_stop does for others. */
void thread_end(struct thread *thread) {
    timer_stop(&thread->timer);
    event_forget_waiter(thread);
    guest_thread_ended(thread);
    if (thread->run_state != THREAD_STATE_DEAD)
        thread->partition->thread_count--;
    sched_end(thread);
}

noreturn void thread_exit(uint64_t code) {
    struct thread *thread = cpu_self()->current;
    struct partition *partition = thread->partition;
    kernel_lock_acquire();
    sched_charge(cpu_self());
    if (partition->thread_count == 1)
        partition_stop(partition, PARTITION_STOPPED, (int32_t)code);
    else
        thread_end(thread);
    kernel_lock_release();
    sched_wait();
}

void thread_destroy(struct thread *thread) {
    if (thread->space == NULL)
        return; /* it was never completed */
    thread->cpu->thread_count--;
    partition_pages_free(thread->object.owner, arch_thread_state(thread), state_order());
    guest_thread_destroyed(thread);
    object_put(&thread->space->object);
}
