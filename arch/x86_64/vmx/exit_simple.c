/* Handlers of exits by instructions that need little. */
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/virt/cpuid.h"
#include "arch/x86_64/vmx/handlers.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/cpu.h"
#include "kernel/guest.h"

enum exit_action exit_nothing(struct vcpu *vcpu) {
    (void)vcpu;
    return ACTION_RESUME;
}

enum exit_action exit_harmless(struct vcpu *vcpu) {
    (void)vcpu;
    return ACTION_ADVANCE;
}

enum exit_action exit_undefined(struct vcpu *vcpu) {
    (void)vcpu;
    return ACTION_UNDEFINED;
}

enum exit_action exit_protection(struct vcpu *vcpu) {
    (void)vcpu;
    return ACTION_PROTECTION;
}

enum exit_action exit_unexpected(struct vcpu *vcpu) {
    vmx_fail(vcpu, "an exit that was not asked for: reason %u at %lx", vmcs_read_32(EXIT_REASON),
             vmcs_read(GUEST_RIP));
    return ACTION_KILL;
}

enum exit_action exit_hypercall(struct vcpu *vcpu) {
    if (vcpu->page->gpr[GPR_RAX] == GUEST_HYPERCALL_NOTHING) {
        vcpu->page->gpr[GPR_RAX] = 0;
        return ACTION_ADVANCE;
    }
    if (vcpu_privilege(vcpu) != 0)
        return ACTION_UNDEFINED; /* the VMM answers the guest's kernel only */
    vcpu->arch.leave_kind = EXIT_HYPERCALL;
    return ACTION_LEAVE;
}

enum exit_action exit_halt(struct vcpu *vcpu) {
    (void)vcpu;
    return ACTION_ADVANCE_HALT;
}

/* SDM Vol. 3, table 28-5 "Exit Qualification for I/O Instructions" */
#define PORT_WIDTH  0x7u
#define PORT_IN     0x8u
#define PORT_STRING 0x10u
#define PORT_REPEAT 0x20u

enum exit_action exit_port(struct vcpu *vcpu) {
    uint32_t qualification = (uint32_t)vmcs_read(EXIT_QUALIFICATION);
    struct vcpu_exit *exit = &vcpu->page->exit;
    exit->port.port = (uint16_t)(qualification >> 16);
    exit->port.width = (uint8_t)((qualification & PORT_WIDTH) + 1);
    exit->port.is_in = (qualification & PORT_IN) != 0;
    exit->port.flags = 0;
    vcpu->arch.leave_kind = EXIT_PORT;
    if (__builtin_expect((qualification & PORT_STRING) == 0, 1))
        return ACTION_ADVANCE_LEAVE;
    exit->port.flags = EXIT_PORT_STRING |
                       ((qualification & PORT_REPEAT) != 0 ? EXIT_PORT_REPEAT : 0);
    exit->port.linear_address = vmcs_read(GUEST_LINEAR_ADDRESS);
    vmx_fill_decode_state(vcpu);
    return ACTION_LEAVE;
}

enum exit_action exit_xsetbv(struct vcpu *vcpu) {
    const uint64_t *gpr = vcpu->page->gpr;
    uint64_t value = (uint32_t)gpr[GPR_RAX] | gpr[GPR_RDX] << 32;
    if ((uint32_t)gpr[GPR_RCX] != 0 || !cpuid_xcr0_is_valid(value, vcpu->guest->arch.xcr0_allowed))
        return ACTION_PROTECTION;
    xstate_set_xcr0(cpu_self(), &vcpu->arch.xstate, value);
    return ACTION_ADVANCE;
}

enum exit_action exit_triple_fault(struct vcpu *vcpu) {
    vmx_fail(vcpu, "triple fault at %lx, stack %lx, CR3 %lx", vmcs_read(GUEST_RIP),
             vmcs_read(GUEST_RSP), vmcs_read(GUEST_CR3));
    vcpu->arch.leave_kind = EXIT_SHUTDOWN;
    return ACTION_LEAVE;
}

/* No operating system of the last decades switches tasks by hardware. */
enum exit_action exit_task_switch(struct vcpu *vcpu) {
    vmx_fail(vcpu, "hardware task switch to selector %lx at %lx is not provided",
             vmcs_read(EXIT_QUALIFICATION) & 0xffff, vmcs_read(GUEST_RIP));
    vcpu->arch.leave_kind = EXIT_SHUTDOWN;
    return ACTION_LEAVE;
}
