/*
 * Bits of the control and flag registers, one row each; assembly may include it. "Gated" names the
 * CPUID feature (cpu/features.def) without which the bit is reserved and setting it faults.
 */
#ifndef BULKHEAD_CPU_REGISTERS_H
#define BULKHEAD_CPU_REGISTERS_H

/* CR0: SDM Vol. 3, 2.5 "Control Registers" */
#define CR0_PE (1 << 0)  /* protected mode */
#define CR0_MP (1 << 1)  /* WAIT obeys TS */
#define CR0_EM (1 << 2)  /* no x87: must be 0 for SSE */
#define CR0_TS (1 << 3)  /* the next use of extended state raises #NM */
#define CR0_ET (1 << 4)  /* always 1 */
#define CR0_NE (1 << 5)  /* x87 errors raise #MF; VMX demands it */
#define CR0_WP (1 << 16) /* read-only pages bind ring 0 too */
#define CR0_AM (1 << 18) /* RFLAGS.AC asks for alignment checks in ring 3 */
#define CR0_NW (1 << 29)
#define CR0_CD (1 << 30)
#define CR0_PG 0x80000000

/* CR4: SDM Vol. 3, 2.5 "Control Registers" */
#define CR4_DE         (1 << 3)
#define CR4_PSE        (1 << 4)
#define CR4_PAE        (1 << 5)
#define CR4_MCE        (1 << 6) /* gated: MCE */
#define CR4_PGE        (1 << 7) /* gated: PGE; global pages */
#define CR4_PCE        (1 << 8) /* RDPMC in ring 3 */
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_UMIP       (1 << 11) /* gated: UMIP; no SGDT, SIDT, SLDT, SMSW, STR in ring 3 */
#define CR4_LA57       (1 << 12) /* gated: LA57 */
#define CR4_VMXE       (1 << 13) /* gated: VMX */
#define CR4_SMXE       (1 << 14) /* gated: SMX */
#define CR4_FSGSBASE   (1 << 16) /* gated: FSGSBASE */
#define CR4_PCIDE      (1 << 17) /* gated: PCID */
#define CR4_OSXSAVE    (1 << 18) /* gated: XSAVE */
#define CR4_SMEP       (1 << 20) /* gated: SMEP */
#define CR4_SMAP       (1 << 21) /* gated: SMAP */
#define CR4_PKE        (1 << 22) /* gated: PKU */

/* RFLAGS: SDM Vol. 1, 3.4.3 "EFLAGS Register" */
#define RFLAGS_CF    (1 << 0)
#define RFLAGS_FIXED (1 << 1) /* always 1 */
#define RFLAGS_PF    (1 << 2)
#define RFLAGS_AF    (1 << 4)
#define RFLAGS_ZF    (1 << 6)
#define RFLAGS_SF    (1 << 7)
#define RFLAGS_TF    (1 << 8)
#define RFLAGS_IF    (1 << 9)
#define RFLAGS_DF    (1 << 10)
#define RFLAGS_OF    (1 << 11)
#define RFLAGS_IOPL  (3 << 12)
#define RFLAGS_NT    (1 << 14)
#define RFLAGS_RF    (1 << 16)
#define RFLAGS_VM    (1 << 17)
#define RFLAGS_AC    (1 << 18)
#define RFLAGS_VIF   (1 << 19)
#define RFLAGS_VIP   (1 << 20)
#define RFLAGS_ID    (1 << 21)

/* IA32_EFER: SDM Vol. 3, 2.2.1 "Extended Feature Enable Register" */
#define EFER_SCE       (1 << 0)  /* SYSCALL */
#define EFER_LME       (1 << 8)  /* long mode when paging goes on */
#define EFER_LMA       (1 << 10) /* long mode is on */
#define EFER_NXE       (1 << 11) /* no-execute pages */
#define EFER_AUTO_IBRS (1 << 21) /* gated: AMD_AUTO_IBRS */

/* IA32_APIC_BASE: SDM Vol. 3, 11.4.4 "Local APIC Status and Location" */
#define APIC_BASE_BOOT_CPU (1 << 8)
#define APIC_BASE_X2APIC   (1 << 10)
#define APIC_BASE_ENABLE   (1 << 11)
#define APIC_BASE_ADDRESS  0xffffff000

/* DR6 and DR7: SDM Vol. 3, 18.2 "Debug Registers" */
#define DR6_NONE 0xffff0ff0 /* no condition has been met */
#define DR6_BS   (1 << 14)  /* single step */
#define DR7_NONE 0x400      /* no breakpoint is enabled */

/* XCR0: SDM Vol. 1, 13.3 "Enabling the XSAVE Feature Set and XSAVE-Enabled Features" */
#define XCR0_X87       (1 << 0)
#define XCR0_SSE       (1 << 1)
#define XCR0_AVX       (1 << 2)
#define XCR0_BNDREGS   (1 << 3)
#define XCR0_BNDCSR    (1 << 4)
#define XCR0_OPMASK    (1 << 5)
#define XCR0_ZMM_HI256 (1 << 6)
#define XCR0_HI16_ZMM  (1 << 7)
#define XCR0_PKRU      (1 << 9)

/* Page-fault error code: SDM Vol. 3, 4.7 "Page-Fault Exceptions" */
#define PAGE_FAULT_PRESENT (1 << 0)
#define PAGE_FAULT_WRITE   (1 << 1)
#define PAGE_FAULT_USER    (1 << 2)
#define PAGE_FAULT_FETCH   (1 << 4)

/*
 * Segment selectors. The order is what SYSCALL and SYSRET make of IA32_STAR (SDM Vol. 3, 5.8.8
 * "Fast System Calls in 64-Bit Mode"). The values of SELECTOR_KERNEL_CODE and SYSRET's base, and
 * the mask of flags, are those that Linux guests use: where the MSRs of guest and host agree, none
 * needs to be written when a VMM runs (cpu/syscall.h).
 */
#define SELECTOR_KERNEL_CODE 0x10
#define SELECTOR_KERNEL_DATA 0x18
#define SELECTOR_SYSRET_BASE 0x23 /* + 8: user data, + 16: user code */
#define SELECTOR_USER_DATA   0x2b
#define SELECTOR_USER_CODE   0x33
#define SELECTOR_TASK        0x40

/* Flags that SYSCALL clears: all that ring 3 can set. */
#define SYSCALL_FLAGS_MASK                                                               \
    (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | RFLAGS_IF | \
     RFLAGS_DF | RFLAGS_OF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID)

#endif
