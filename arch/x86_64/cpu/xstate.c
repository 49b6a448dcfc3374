#include "arch/x86_64/cpu/xstate.h"

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "kernel/thread.h"

/* SDM Vol. 1, 10.5.1 "FXSAVE Area": where the control words are, and what they are after reset */
#define FXSAVE_SIZE   512u
#define AREA_FCW      0u
#define AREA_MXCSR    24u
#define AREA_XSTATE   512u /* header: XSTATE_BV, which components are not in their initial state */
#define INITIAL_FCW   0x37fu
#define INITIAL_MXCSR 0x1f80u

size_t xstate_area_size(void) {
    return cpu_has(FEATURE_XSAVE) ? cpu_features.xsave_size : FXSAVE_SIZE;
}

uint64_t xstate_supported(void) {
    return cpu_has(FEATURE_XSAVE) ? cpu_features.xcr0 : XCR0_X87 | XCR0_SSE;
}

void xstate_init(struct xstate *xstate, void *area, uint64_t xcr0) {
    *xstate = (struct xstate){.xcr0 = xcr0, .area = area, .cpu = NULL};
    /*
     * XSTATE_BV = 0 would be enough for XRSTOR, but readers of the area (the ABI's guest_state) see
     * the values too, and FXRSTOR knows no XSTATE_BV.
     */
    memset(area, 0, xstate_area_size());
    uint16_t fcw = INITIAL_FCW;
    uint32_t mxcsr = INITIAL_MXCSR;
    memcpy(xstate->area + AREA_FCW, &fcw, sizeof fcw);
    memcpy(xstate->area + AREA_MXCSR, &mxcsr, sizeof mxcsr);
}

static void load_xcr0(struct cpu *cpu, uint64_t xcr0) {
    if (cpu->arch.xcr0 == xcr0 || !cpu_has(FEATURE_XSAVE))
        return;
    asm_xsetbv(xcr0);
    cpu->arch.xcr0 = xcr0;
}

/*
 * A guest's XCR0 does not tell what it has in the registers: SSE works without its bit, and what
 * was switched off is still there. So states are moved with every component enabled.
 */
static void write_to_memory(struct cpu *cpu, const struct xstate *xstate) {
    load_xcr0(cpu, xstate_supported());
    if (cpu_has(FEATURE_XSAVEOPT))
        asm_xsaveopt(xstate->area);
    else if (cpu_has(FEATURE_XSAVE))
        asm_xsave(xstate->area);
    else
        asm_fxsave(xstate->area);
    load_xcr0(cpu, xstate->xcr0);
}

static void read_from_memory(struct cpu *cpu, const struct xstate *xstate) {
    load_xcr0(cpu, xstate_supported());
    if (cpu_has(FEATURE_XSAVE))
        asm_xrstor(xstate->area);
    else
        asm_fxrstor(xstate->area);
    load_xcr0(cpu, xstate->xcr0);
}

/* XSAVE and XRSTOR fault while CR0.TS is set, as a VM exit leaves it. */
static void allow(struct cpu *cpu) {
    asm_clts();
    cpu->arch.state_is_allowed = true;
}

/* The next use of extended state, by ring 3, raises #NM. */
static void forbid(struct cpu *cpu) {
    if (!cpu->arch.state_is_allowed)
        return;
    asm_write_cr0(asm_read_cr0() | CR0_TS);
    cpu->arch.state_is_allowed = false;
}

void xstate_save(struct cpu *cpu) {
    if (!cpu->arch.xstate_is_newer)
        return;
    allow(cpu);
    write_to_memory(cpu, cpu->arch.xstate);
    cpu->arch.xstate_is_newer = false;
    if (cpu->arch.xstate_lazy != NULL)
        forbid(cpu);
}

void xstate_load(struct cpu *cpu, struct xstate *xstate) {
    if (cpu->arch.xstate == xstate && xstate->cpu == cpu) {
        cpu->arch.xstate_is_newer = true;
        return;
    }
    xstate_save(cpu);
    allow(cpu);
    read_from_memory(cpu, xstate);
    xstate->cpu = cpu;
    cpu->arch.xstate = xstate;
    cpu->arch.xstate_is_newer = true;
}

void xstate_load_own(struct cpu *cpu, struct xstate *xstate) {
    cpu->arch.xstate_lazy = NULL;
    xstate_load(cpu, xstate);
    allow(cpu);
}

void xstate_set_xcr0(struct cpu *cpu, struct xstate *xstate, uint64_t xcr0) {
    xstate->xcr0 = xcr0;
    if (cpu->arch.xstate == xstate && xstate->cpu == cpu)
        load_xcr0(cpu, xcr0);
}

void xstate_changed(struct xstate *xstate) {
    struct cpu *cpu = cpu_self();
    if (cpu->arch.xstate == xstate) {
        cpu->arch.xstate = NULL;
        cpu->arch.xstate_is_newer = false;
    }
    xstate->cpu = NULL;
}

void xstate_leave_to_vmm(struct cpu *cpu, struct thread *thread) {
    cpu->arch.xstate_lazy = thread;
    forbid(cpu);
}

void xstate_init_cpu(struct cpu *cpu) {
    cpu->arch.xstate = NULL;
    cpu->arch.xstate_is_newer = false;
    if (cpu_has(FEATURE_XSAVE)) {
        asm_xsetbv(cpu_features.xcr0);
        cpu->arch.xcr0 = cpu_features.xcr0;
    }
}
