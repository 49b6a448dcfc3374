/* Handlers of exits by accesses to guest-physical memory that is not there. */
#include "arch/x86_64/vmx/event.h"
#include "arch/x86_64/vmx/handlers.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/guest.h"

/* SDM Vol. 3, table 28-7 "Exit Qualification for EPT Violations" */
#define QUALIFICATION_ACCESS       0x7u /* read, write, fetch: the ABI's bits */
#define QUALIFICATION_LINEAR_VALID 0x80u
#define QUALIFICATION_NMI          0x1000u

_Static_assert(EXIT_ACCESS_READ == 1 && EXIT_ACCESS_WRITE == 2 && EXIT_ACCESS_FETCH == 4,
               "the qualification's order");

enum exit_action exit_ept_violation(struct vcpu *vcpu) {
    uint64_t qualification = vmcs_read(EXIT_QUALIFICATION);
    struct vcpu_exit *exit = &vcpu->page->exit;
    exit->memory.address = vmcs_read_64(GUEST_PHYSICAL_ADDRESS);
    exit->memory.access = qualification & QUALIFICATION_ACCESS;
    exit->memory.linear_address_is_valid = (qualification & QUALIFICATION_LINEAR_VALID) != 0;
    exit->memory.linear_address = vmcs_read(GUEST_LINEAR_ADDRESS);
    vmx_note_nmi_unblocking((qualification & QUALIFICATION_NMI) != 0 ? EVENT_NMI_UNBLOCKED : 0);
    vmx_keep_interrupted_event(vcpu);
    vmx_fill_decode_state(vcpu);
    vcpu->arch.leave_kind = EXIT_MEMORY;
    return ACTION_LEAVE;
}

/* The kernel writes these tables: it is the kernel's mistake, and this guest alone pays for it. */
enum exit_action exit_ept_misconfiguration(struct vcpu *vcpu) {
    vmx_fail(vcpu, "EPT entry for %lx is misconfigured", vmcs_read_64(GUEST_PHYSICAL_ADDRESS));
    return ACTION_KILL;
}
