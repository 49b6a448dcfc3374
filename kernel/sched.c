/*
 * Plain round robin on every CPU. A thread belongs to one CPU's queue. A thread that wakes goes to
 * the front and runs at once; one whose slice ends goes to the back. The slice's timer runs only
 * while somebody else is ready.
 */
#include "kernel/sched.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/partition.h"
#include "kernel/space.h"
#include "kernel/thread.h"
#include "kernel/timer.h"

#define SLICE_NS 10000000ull

static uint32_t next_cpu;

struct cpu *sched_choose_cpu(uint32_t wanted) {
    if (wanted != THREAD_ANY_CPU)
        return wanted < cpu_count && cpus[wanted]->online ? cpus[wanted] : NULL;
    struct cpu *best = cpus[0];
    /* Begins behind the last choice, so that CPUs with equally few threads take turns. */
    for (uint32_t i = 0; i < cpu_count; i++) {
        uint32_t index = next_cpu + i;
        struct cpu *cpu = cpus[index < cpu_count ? index : index - cpu_count];
        if (cpu->online && cpu->thread_count < best->thread_count)
            best = cpu;
    }
    next_cpu = best->index + 1 < cpu_count ? best->index + 1 : 0;
    return best;
}

void sched_charge(struct cpu *cpu) {
    uint64_t now = arch_ticks();
    uint64_t ticks = now - cpu->running_since;
    cpu->running_since = now;
    struct thread *thread = cpu->current;
    if (thread == NULL || thread->run_state != THREAD_STATE_RUNNING) {
        cpu->idle_ticks += ticks;
        return;
    }
    thread->cpu_ticks += ticks;
    __atomic_add_fetch(&thread->partition->cpu_ticks, ticks, __ATOMIC_RELAXED);
}

/* With queue_lock. */
static void enqueue(struct cpu *cpu, struct thread *thread, bool at_front) {
    thread->run_state = THREAD_STATE_READY;
    thread->ready_since = arch_ticks();
    if (thread->is_held)
        return;
    if (at_front)
        list_prepend(&cpu->ready, &thread->queue_link);
    else
        list_append(&cpu->ready, &thread->queue_link);
    cpu->ready_count++;
}

/* With queue_lock. */
static void dequeue(struct cpu *cpu, struct thread *thread) {
    list_remove(&thread->queue_link);
    cpu->ready_count--;
}

/* The CPU shall look for another thread before it leaves the kernel. The way back into a guest does
 * not look at cpu->reschedule, for speed: its vCPU is told. */
static void request_look(struct cpu *cpu) {
    __atomic_store_n(&cpu->reschedule, true, __ATOMIC_RELEASE);
    if (cpu != cpu_self())
        arch_cpu_kick(cpu);
    else if (cpu->current != NULL && cpu->current->run_state == THREAD_STATE_RUNNING &&
             cpu->current->vcpu != NULL)
        arch_vcpu_reschedule(cpu->current->vcpu);
}

void sched_wake(struct thread *thread) {
    struct cpu *cpu = thread->cpu;
    spinlock_acquire(&cpu->queue_lock);
    bool wakes = thread->run_state == THREAD_STATE_WAITING ||
                 thread->run_state == THREAD_STATE_SUSPENDED;
    if (wakes)
        enqueue(cpu, thread, true);
    spinlock_release(&cpu->queue_lock);
    if (!wakes || thread->is_held)
        return;
    request_look(cpu);
}

/*
 * The next thread is out of the queue and running; NULL: nobody is ready. In one step with
 * is_on_cpu, and after the wish to reschedule has been taken back: whoever holds the thread from
 * now on finds it on its CPU, waits for it, and has a wish of his own.
 */
static struct thread *pick(struct cpu *cpu) {
    struct thread *next = NULL;
    spinlock_acquire(&cpu->queue_lock);
    cpu->reschedule = false;
    if (!list_is_empty(&cpu->ready)) {
        next = LIST_MEMBER(cpu->ready.next, struct thread, queue_link);
        dequeue(cpu, next);
        next->run_state = THREAD_STATE_RUNNING;
        next->is_on_cpu = 1;
    }
    spinlock_release(&cpu->queue_lock);
    return next;
}

/* The thread whose state is loaded gives the CPU up for good. */
static void leave_current(struct cpu *cpu) {
    struct thread *thread = cpu->current;
    if (thread == NULL)
        return;
    arch_thread_leave(thread);
    cpu->current = NULL;
    __atomic_store_n(&thread->is_on_cpu, 0, __ATOMIC_RELEASE);
}

/* An idle CPU keeps the state of the thread that ran last: often it is the next one too. */
static struct thread *idle_until_ready(struct cpu *cpu) {
    struct thread *next;
    cpu->slice_end = UINT64_MAX;
    while ((next = pick(cpu)) == NULL) {
        if (cpu->current != NULL && cpu->current->is_held)
            leave_current(cpu);
        timer_arm(cpu);
        arch_cpu_idle();
    }
    /* Nobody's time: charged here, because `next` may be the thread that ran last. */
    uint64_t now = arch_ticks();
    cpu->idle_ticks += now - cpu->running_since;
    cpu->running_since = now;
    return next;
}

noreturn static void run_next(struct cpu *cpu) {
    struct thread *next = pick(cpu);
    if (next == NULL)
        next = idle_until_ready(cpu);
    sched_charge(cpu);
    uint64_t now = cpu->running_since;
    __atomic_add_fetch(&next->partition->wait_ticks, now - next->ready_since, __ATOMIC_RELAXED);
    if (next != cpu->current) {
        leave_current(cpu);
        cpu->current = next;
    }
    cpu->slice_end = cpu->ready_count > 0 ? now + clock_ns_to_ticks(SLICE_NS) : UINT64_MAX;
    timer_arm(cpu);
    arch_thread_run(next);
}

noreturn void sched_run(void) {
    struct cpu *cpu = cpu_self();
    struct thread *thread = cpu->current;
    sched_charge(cpu);
    if (thread != NULL) {
        bool slice_is_over = cpu->running_since >= cpu->slice_end;
        spinlock_acquire(&cpu->queue_lock);
        if (thread->run_state == THREAD_STATE_RUNNING) {
            enqueue(cpu, thread, false);
            /* Whoever was interrupted by a wake goes on right after the woken one. */
            if (!slice_is_over && !thread->is_held && !thread->yields && cpu->ready_count > 1) {
                list_remove(&thread->queue_link);
                list_insert_before(cpu->ready.next->next, &thread->queue_link);
            }
            thread->yields = false;
        }
        spinlock_release(&cpu->queue_lock);
    }
    run_next(cpu);
}

noreturn void sched_wait(void) {
    struct cpu *cpu = cpu_self();
    cpu->current->ready_since = 0;
    run_next(cpu);
}

noreturn void sched_resume(void) {
    struct cpu *cpu = cpu_self();
    if (cpu->reschedule || cpu->current->run_state != THREAD_STATE_RUNNING)
        sched_run();
    arch_thread_run(cpu->current);
}

void sched_set_waiting(struct thread *thread) {
    struct cpu *cpu = cpu_self();
    sched_charge(cpu);
    spinlock_acquire(&cpu->queue_lock);
    thread->run_state = THREAD_STATE_WAITING;
    spinlock_release(&cpu->queue_lock);
}

void sched_end(struct thread *thread) {
    struct cpu *cpu = thread->cpu;
    spinlock_acquire(&cpu->queue_lock);
    thread->run_state = THREAD_STATE_DEAD;
    spinlock_release(&cpu->queue_lock);
}

void sched_hold(struct thread *thread) {
    struct cpu *cpu = thread->cpu;
    spinlock_acquire(&cpu->queue_lock);
    if (!thread->is_held && thread->run_state == THREAD_STATE_READY)
        dequeue(cpu, thread);
    thread->is_held = true;
    spinlock_release(&cpu->queue_lock);
    request_look(cpu);
}

void sched_release(struct thread *thread) {
    struct cpu *cpu = thread->cpu;
    spinlock_acquire(&cpu->queue_lock);
    thread->is_held = false;
    bool is_ready = thread->run_state == THREAD_STATE_READY;
    if (is_ready)
        enqueue(cpu, thread, false);
    spinlock_release(&cpu->queue_lock);
    if (!is_ready)
        return;
    request_look(cpu);
}

void sched_await_off_cpu(const struct thread *thread) {
    while (__atomic_load_n(&thread->is_on_cpu, __ATOMIC_ACQUIRE) != 0) {
        cpu_serve();
        arch_cpu_relax();
    }
}

/* ---- interrupts */

void kernel_timer_expired(void) {
    struct cpu *cpu = cpu_self();
    cpu->timer_armed = UINT64_MAX;
    timer_run(cpu);
    if (cpu->ready_count > 0 && arch_ticks() >= cpu->slice_end)
        cpu->reschedule = true;
}

/* Another CPU wants something: a call, a look at the queue, or the timer armed for a new deadline.
 */
void kernel_kicked(void) {
    struct cpu *cpu = cpu_self();
    cpu_serve();
    if (cpu->ready_count > 0 && cpu->slice_end == UINT64_MAX)
        cpu->slice_end = arch_ticks() + clock_ns_to_ticks(SLICE_NS);
    timer_arm(cpu);
}
