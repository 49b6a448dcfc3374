/* Basic exit reasons: SDM Vol. 3, Appendix C "VMX Basic Exit Reasons", and what is known of each.
 * Pure. */
#ifndef BULKHEAD_VMX_REASON_H
#define BULKHEAD_VMX_REASON_H

#include <stdbool.h>
#include <stdint.h>

enum vmx_reason {
    REASON_EXCEPTION = 0, /* or NMI */
    REASON_INTERRUPT = 1,
    REASON_TRIPLE_FAULT = 2,
    REASON_INIT = 3,
    REASON_SIPI = 4,
    REASON_IO_SMI = 5,
    REASON_SMI = 6,
    REASON_INTERRUPT_WINDOW = 7,
    REASON_NMI_WINDOW = 8,
    REASON_TASK_SWITCH = 9,
    REASON_CPUID = 10,
    REASON_GETSEC = 11,
    REASON_HLT = 12,
    REASON_INVD = 13,
    REASON_INVLPG = 14,
    REASON_RDPMC = 15,
    REASON_RDTSC = 16,
    REASON_RSM = 17,
    REASON_VMCALL = 18,
    REASON_VMCLEAR = 19,
    REASON_VMLAUNCH = 20,
    REASON_VMPTRLD = 21,
    REASON_VMPTRST = 22,
    REASON_VMREAD = 23,
    REASON_VMRESUME = 24,
    REASON_VMWRITE = 25,
    REASON_VMXOFF = 26,
    REASON_VMXON = 27,
    REASON_CONTROL_REGISTER = 28,
    REASON_DEBUG_REGISTER = 29,
    REASON_IO = 30,
    REASON_RDMSR = 31,
    REASON_WRMSR = 32,
    REASON_ENTRY_GUEST_STATE = 33,
    REASON_ENTRY_MSR = 34,
    REASON_MWAIT = 36,
    REASON_TRAP_FLAG = 37,
    REASON_MONITOR = 39,
    REASON_PAUSE = 40,
    REASON_ENTRY_MACHINE_CHECK = 41,
    REASON_TPR_BELOW_THRESHOLD = 43,
    REASON_APIC_ACCESS = 44,
    REASON_VIRTUALIZED_EOI = 45,
    REASON_GDTR_IDTR = 46,
    REASON_LDTR_TR = 47,
    REASON_EPT_VIOLATION = 48,
    REASON_EPT_MISCONFIGURATION = 49,
    REASON_INVEPT = 50,
    REASON_RDTSCP = 51,
    REASON_PREEMPTION_TIMER = 52,
    REASON_INVVPID = 53,
    REASON_WBINVD = 54,
    REASON_XSETBV = 55,
    REASON_APIC_WRITE = 56,
    REASON_RDRAND = 57,
    REASON_INVPCID = 58,
    REASON_VMFUNC = 59,
    REASON_ENCLS = 60,
    REASON_RDSEED = 61,
    REASON_PAGE_LOG_FULL = 62,
    REASON_XSAVES = 63,
    REASON_COUNT = 64 /* none of those beyond can happen: their controls are off */
};

struct vmx_reason_row {
    const char *name;
    bool has_length; /* the VM-exit instruction length is defined: 28.2.5 */
};

/*
 * Names, and for which reasons the manual defines the VM-exit instruction length (SDM Vol.
 * 3, 28.2.5 "Information for VM Exits Due to Instruction Execution"). Some processors and emulators
 * fill the field for others as well: it means nothing there.
 */
extern const struct vmx_reason_row vmx_reasons[REASON_COUNT];

#endif
