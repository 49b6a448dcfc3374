/* The line says what the guest's own counter is at that time, too: the two differ by a constant. */
#include "guests/vmm/milestones.h"

#include "abi/syscalls.h"
#include "guests/lib/log.h"
#include "kernel/abi/guest.h"

static uint64_t ticks[MILESTONE_COUNT];

void milestones_reached(enum milestone milestone) {
    ticks[milestone] = __builtin_ia32_rdtsc();
}

void milestones_log(handle_t guest) {
    static struct guest_state state;
    if (sys_guest_get_state(guest, 0, &state) < 0) {
        return;
    }
    uint64_t now = __builtin_ia32_rdtsc();
    log_line("guest entered at TSC %llu, its own %llu; VMM started at %llu, machine made at %llu, "
             "kernel loaded at %llu",
             (unsigned long long)now, (unsigned long long)state.tsc,
             (unsigned long long)ticks[MILESTONE_STARTED],
             (unsigned long long)ticks[MILESTONE_MADE],
             (unsigned long long)ticks[MILESTONE_LOADED]);
}
