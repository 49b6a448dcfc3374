/* Finds out whether this computer's VT-x serves, says in words why not, and switches it on. */
#include <stdnoreturn.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/virt/msr.h"
#include "arch/x86_64/vmx/instructions.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/print.h"
#include "kernel/string.h"

/* IA32_FEATURE_CONTROL: SDM Vol. 3, 24.7 "Enabling and Entering VMX Operation" */
#define FEATURE_CONTROL_LOCK 1ull
#define FEATURE_CONTROL_VMX  4ull /* outside SMX operation */

/* IA32_VMX_BASIC: Appendix A.1 "Basic VMX Information" */
#define BASIC_REVISION      0x7fffffffull
#define BASIC_TRUE_CONTROLS (1ull << 55)
#define BASIC_MEMORY_TYPE   (0xfull << 50)
#define BASIC_WRITE_BACK    (6ull << 50)

struct vmx_controls vmx_controls;
uint32_t vmx_stay_limit;

#define STAYS_PER_SECOND 100u
uint32_t vmx_revision;
uint64_t vmx_cr0_fixed, vmx_cr4_fixed;

static bool is_found;  /* the boot CPU has filled the above */
static bool is_broken; /* reason says why */
static char reason[128] = "the processors have not been asked yet";

static void give_up(const struct cpu *cpu, const char *text) {
    log_line("CPU %u: no machines: %s", cpu->index, text);
    if (is_broken)
        return;
    is_broken = true;
    print_format(reason, sizeof reason, "%s", text);
}

const char *arch_guests_reason(void) {
    return is_found && !is_broken ? NULL : reason;
}

static bool unlock(const struct cpu *cpu) {
    uint64_t control = asm_rdmsr(MSR_FEATURE_CONTROL);
    if ((control & FEATURE_CONTROL_LOCK) == 0) {
        asm_wrmsr(MSR_FEATURE_CONTROL, control | FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK);
        control = asm_rdmsr(MSR_FEATURE_CONTROL);
    }
    if ((control & FEATURE_CONTROL_VMX) != 0)
        return true;
    give_up(cpu, "VT-x is locked off: enable VT-x in the firmware set-up");
    return false;
}

static uint64_t read_if_exists(enum msr msr) {
    return msr_exists(msr) ? asm_rdmsr(msr) : 0;
}

static void read_capability(struct vmx_capability *capability) {
    uint64_t basic = asm_rdmsr(MSR_VMX_BASIC);
    bool has_true = (basic & BASIC_TRUE_CONTROLS) != 0;
    *capability = (struct vmx_capability){
        .basic = basic,
        .set =
            {
                  [CONTROL_PIN] = asm_rdmsr(has_true ? MSR_VMX_TRUE_PINBASED : MSR_VMX_PINBASED),
                  [CONTROL_PROCESSOR] = asm_rdmsr(has_true ? MSR_VMX_TRUE_PROCBASED
                                                         : MSR_VMX_PROCBASED),
                  [CONTROL_SECONDARY] = read_if_exists(MSR_VMX_PROCBASED2),
                  [CONTROL_EXIT] = asm_rdmsr(has_true ? MSR_VMX_TRUE_EXIT : MSR_VMX_EXIT),
                  [CONTROL_ENTRY] = asm_rdmsr(has_true ? MSR_VMX_TRUE_ENTRY : MSR_VMX_ENTRY),
                  [CONTROL_EPT] = read_if_exists(MSR_VMX_EPT_VPID_CAP),
                  [CONTROL_MISC] = asm_rdmsr(MSR_VMX_MISC),
                  },
        .cr0_fixed_0 = asm_rdmsr(MSR_VMX_CR0_FIXED0),
        .cr0_fixed_1 = asm_rdmsr(MSR_VMX_CR0_FIXED1),
        .cr4_fixed_0 = asm_rdmsr(MSR_VMX_CR4_FIXED0),
        .cr4_fixed_1 = asm_rdmsr(MSR_VMX_CR4_FIXED1),
    };
}

static bool choose(const struct cpu *cpu, const struct vmx_capability *capability,
                   struct vmx_controls *controls) {
    const struct control_row *missing[8];
    size_t missing_count;
    if (controls_choose(capability, controls, missing, 8, &missing_count))
        return true;
    for (size_t i = 0; i < missing_count && i < 8; i++) {
        char text[128];
        print_format(text, sizeof text, "VT-x of this processor lacks '%s' (%s)", missing[i]->name,
                     missing[i]->why);
        give_up(cpu, text);
    }
    return false;
}

/* The first CPU's choice is everybody's. */
static bool check(const struct cpu *cpu) {
    struct vmx_capability capability;
    struct vmx_controls controls;
    read_capability(&capability);
    if (!choose(cpu, &capability, &controls))
        return false;
    if (is_found) {
        if (memcmp(&controls, &vmx_controls, sizeof controls) == 0)
            return true;
        give_up(cpu, "the processors' VT-x differ");
        return false;
    }
    if ((capability.basic & BASIC_MEMORY_TYPE) != BASIC_WRITE_BACK) {
        give_up(cpu, "VT-x of this processor wants its structures in uncached memory");
        return false;
    }
    vmx_controls = controls;
    vmx_stay_limit =
        (uint32_t)(arch_ticks_per_second() / STAYS_PER_SECOND >> controls.preemption_rate) + 1;
    vmx_revision = (uint32_t)(capability.basic & BASIC_REVISION);
    /* Unrestricted guests may have PE and PG clear: SDM Vol. 3, 24.8 "Restrictions on VMX
     * Operation". */
    vmx_cr0_fixed = capability.cr0_fixed_0 & ~((uint64_t)CR0_PE | CR0_PG);
    vmx_cr4_fixed = capability.cr4_fixed_0;
    msr_index_init();
    if (!vmx_bitmaps_init()) {
        give_up(cpu, "no memory for VT-x's bitmaps");
        return false;
    }
    return true;
}

static bool switch_on(struct cpu *cpu) {
    uint64_t region = frame_allocate_clear();
    if (region == FRAME_NONE) {
        give_up(cpu, "no memory for VT-x");
        return false;
    }
    *(uint32_t *)arch_memory_at(region) = vmx_revision;
    asm_write_cr0(asm_read_cr0() | CR0_NE);
    asm_write_cr4(asm_read_cr4() | CR4_VMXE);
    if (!vmx_on(region)) {
        asm_write_cr4(asm_read_cr4() & ~(uint64_t)CR4_VMXE);
        frame_free(region, 0);
        give_up(cpu, "VMXON failed: is Bulkhead itself a guest without nested VT-x?");
        return false;
    }
    cpu->arch.vmxon_region = region;
    cpu->arch.vmx_is_on = true;
    vmx_invept(INVEPT_ALL_CONTEXT);
    return true;
}

void arch_guests_init_cpu(struct cpu *cpu) {
    if (!cpu_has(FEATURE_VMX)) {
        give_up(cpu, "the processor has no VT-x");
        return;
    }
    if (!unlock(cpu) || !check(cpu) || !switch_on(cpu))
        return;
    is_found = true;
}

void virt_flush_translations(void) {
    if (cpu_self()->arch.vmx_is_on)
        vmx_invept(INVEPT_ALL_CONTEXT);
}
