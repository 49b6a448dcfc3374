/* For tests without guests: kernel/guest.c is not linked, and nobody calls these. */
#include "kernel/arch.h"
#include "kernel/guest.h"

void guest_destroy(struct guest *guest) {
    (void)guest;
}

void guest_shift_clock(struct guest *guest, uint64_t ticks) {
    (void)guest, (void)ticks;
}

void guest_thread_ended(struct thread *thread) {
    (void)thread;
}

void guest_thread_destroyed(struct thread *thread) {
    (void)thread;
}

void arch_vcpu_reschedule(struct vcpu *vcpu) {
    (void)vcpu;
}
