/* Handlers of exits by accesses to control and debug registers. */
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/handlers.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/guest.h"

/* SDM Vol. 3, table 28-3 "Exit Qualification for Control-Register Accesses" */
enum access_type { ACCESS_TO = 0, ACCESS_FROM = 1, ACCESS_CLTS = 2, ACCESS_LMSW = 3 };

static uint64_t read_gpr(const struct vcpu *vcpu, uint32_t number) {
    return number == GPR_RSP ? vmcs_read(GUEST_RSP) : vcpu->page->gpr[number];
}

static void write_gpr(struct vcpu *vcpu, uint32_t number, uint64_t value) {
    if (number == GPR_RSP)
        vmcs_write(GUEST_RSP, value);
    else
        vcpu->page->gpr[number] = value;
}

/* The task priority, on CPUs that have no TPR shadow. */
static enum exit_action access_cr8(struct vcpu *vcpu, enum access_type type, uint32_t gpr) {
    struct lapic *lapic = &vcpu->arch.lapic;
    if (type == ACCESS_FROM) {
        write_gpr(vcpu, gpr, lapic_get(lapic, LAPIC_TPR) >> 4);
        return ACTION_ADVANCE;
    }
    uint64_t value = read_gpr(vcpu, gpr);
    if (value > 15)
        return ACTION_PROTECTION;
    lapic_put(lapic, LAPIC_TPR, (uint32_t)value << 4);
    vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
    return ACTION_ADVANCE;
}

static enum exit_action write_cr0(struct vcpu *vcpu, uint64_t value) {
    return vmx_write_cr0(vcpu, value) ? ACTION_ADVANCE : ACTION_PROTECTION;
}

enum exit_action exit_control_register(struct vcpu *vcpu) {
    uint64_t qualification = vmcs_read(EXIT_QUALIFICATION);
    uint32_t number = qualification & 0xf;
    enum access_type type = (enum access_type)(qualification >> 4 & 3);
    uint32_t gpr = qualification >> 8 & 0xf;
    if (type == ACCESS_CLTS)
        return write_cr0(vcpu, vmx_guest_cr0(vcpu) & ~(uint64_t)CR0_TS);
    if (type == ACCESS_LMSW) {
        /* The low four bits; PE can be set, not cleared. */
        uint64_t old = vmx_guest_cr0(vcpu);
        uint64_t word = qualification >> 16 & 0xf;
        return write_cr0(vcpu, (old & ~0xeull) | word);
    }
    if (number == 8)
        return access_cr8(vcpu, type, gpr);
    if (type == ACCESS_TO && number == 0)
        return write_cr0(vcpu, read_gpr(vcpu, gpr));
    if (type == ACCESS_TO && number == 4)
        return vmx_write_cr4(vcpu, read_gpr(vcpu, gpr)) ? ACTION_ADVANCE : ACTION_PROTECTION;
    return exit_unexpected(vcpu);
}

/* The first use: from now on the registers are the guest's, and the instruction is done again. */
enum exit_action exit_debug_register(struct vcpu *vcpu) {
    vmx_debug_use(vcpu);
    return ACTION_RESUME;
}
