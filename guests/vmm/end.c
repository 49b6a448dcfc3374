/* The machine's end: a line in the log and an exit code for the manager. */
#include "guests/vmm/end.h"

#include <stdarg.h>
#include <stdio.h>

#include "abi/syscalls.h"
#include "guests/lib/log.h"
#include "guests/lib/status.h"

static noreturn void end(uint64_t code) {
    for (;;) {
        sys_partition_exit(code);
    }
}

noreturn void end_failed(const char *format, ...) {
    char text[LOG_LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_line("%s", text);
    end(VMM_EXIT_FAILED);
}

noreturn void end_call_failed(const char *what, int64_t result) {
    end_failed("%s: %s", what, status_text(result));
}

noreturn void end_wished(const struct machine *machine) {
    if (machine->wish == MACHINE_RESET) {
        log_line("the guest resets its machine");
        end(VMM_EXIT_RESET);
    }
    if (machine->wish == MACHINE_DEBUG_EXIT) {
        uint32_t code = (machine->exit_value << 1 | 1) & VMM_EXIT_DEBUG_MASK;
        log_line("the guest ends its machine with exit code %u", (unsigned)code);
        end(VMM_EXIT_DEBUG | code);
    }
    log_line("the guest has powered off");
    end(VMM_EXIT_POWER_OFF);
}

noreturn void end_triple_fault(const struct vcpu *vcpu) {
    static struct guest_state state; /* the only caller of this that matters: nobody returns */
    int64_t result = sys_guest_get_state(vcpu->machine->guest, vcpu->index, &state);
    if (result < 0) {
        log_line("triple fault on vCPU %u", (unsigned)vcpu->index);
    } else {
        log_line("triple fault on vCPU %u at RIP %#llx (CS %#x, CR0 %#llx, CR2 %#llx, CR3 %#llx, "
                 "RSP %#llx): the guest has shut its processor down",
                 (unsigned)vcpu->index, (unsigned long long)state.rip, (unsigned)state.cs.selector,
                 (unsigned long long)state.cr0, (unsigned long long)state.cr2,
                 (unsigned long long)state.cr3, (unsigned long long)state.gpr[GPR_RSP]);
    }
    end(VMM_EXIT_TRIPLE_FAULT);
}

noreturn void end_halted(void) {
    log_line("the guest has halted with interrupts off: nothing can wake it, so it is off");
    end(VMM_EXIT_POWER_OFF);
}
