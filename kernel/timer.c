/* Per-CPU timer queues. */
#include "kernel/timer.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"

void timer_init(struct timer *timer, timer_function function) {
    list_init(&timer->link);
    timer->function = function;
}

static uint64_t first_deadline(const struct cpu *cpu) {
    if (list_is_empty(&cpu->timers))
        return UINT64_MAX;
    return LIST_MEMBER(cpu->timers.next, struct timer, link)->deadline;
}

void timer_arm(struct cpu *cpu) {
    uint64_t deadline = first_deadline(cpu);
    if (cpu->slice_end < deadline)
        deadline = cpu->slice_end;
    if (deadline == cpu->timer_armed)
        return;
    cpu->timer_armed = deadline;
    arch_timer_set(deadline);
}

void timer_start(struct timer *timer, struct cpu *cpu, uint64_t deadline_ticks) {
    if (deadline_ticks == UINT64_MAX)
        return;
    spinlock_acquire(&cpu->queue_lock);
    timer->cpu = cpu;
    timer->deadline = deadline_ticks;
    struct list *position = &cpu->timers;
    LIST_FOR_EACH (link, &cpu->timers) {
        position = link;
        if (LIST_MEMBER(link, struct timer, link)->deadline > deadline_ticks)
            break;
        position = &cpu->timers;
    }
    list_insert_before(position, &timer->link);
    spinlock_release(&cpu->queue_lock);
    if (cpu == cpu_self())
        timer_arm(cpu);
    else
        arch_cpu_kick(cpu); /* it arms its timer in kernel_kicked */
}

bool timer_stop(struct timer *timer) {
    struct cpu *cpu = timer->cpu;
    if (cpu == NULL)
        return false;
    spinlock_acquire(&cpu->queue_lock);
    bool was_armed = !list_is_empty(&timer->link);
    list_remove(&timer->link);
    spinlock_release(&cpu->queue_lock);
    return was_armed;
}

void timer_run(struct cpu *cpu) {
    uint64_t now = arch_ticks();
    for (;;) {
        spinlock_acquire(&cpu->queue_lock);
        if (first_deadline(cpu) > now) {
            spinlock_release(&cpu->queue_lock);
            break;
        }
        struct timer *timer = LIST_MEMBER(cpu->timers.next, struct timer, link);
        list_remove(&timer->link);
        spinlock_release(&cpu->queue_lock);
        timer->function(timer);
    }
    timer_arm(cpu);
}
