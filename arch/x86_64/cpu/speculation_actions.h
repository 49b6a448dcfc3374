/*
 * What can be done against leaks by speculation, one bit each; assembly includes it. The bits of
 * speculation_actions are what this computer does. "Kernel entry" is every way from ring 3 or from
 * a guest into the kernel, "leaving" the way back.
 */
#ifndef BULKHEAD_CPU_SPECULATION_ACTIONS_H
#define BULKHEAD_CPU_SPECULATION_ACTIONS_H

/* Kernel entry. */
#define SPECULATION_ENTER_IBRS    0x0001 /* SPEC_CTRL.IBRS is set, and cleared at leaving */
#define SPECULATION_ENTER_IBPB    0x0002 /* forget every branch prediction */
#define SPECULATION_ENTER_HISTORY 0x0004 /* overwrite the branch history */
/* VM exit only. */
#define SPECULATION_EXIT_RETURNS 0x0008 /* fill the return stack buffer */
/* Leaving. */
#define SPECULATION_LEAVE_BUFFERS 0x0010 /* VERW clears buffers */
/* VM entry only. */
#define SPECULATION_ENTRY_L1D 0x0020 /* flush the L1 data cache */
/* Another partition's program or guest runs on this CPU than before. */
#define SPECULATION_SWITCH_IBPB    0x0040
#define SPECULATION_SWITCH_RETURNS 0x0080

/* Once, when a CPU starts. */
#define SPECULATION_SET_IBRS      0x00000100 /* enhanced IBRS: on for good */
#define SPECULATION_SET_STIBP     0x00000200
#define SPECULATION_SET_SSBD      0x00000400
#define SPECULATION_SET_BHI_DIS_S 0x00000800
#define SPECULATION_SET_AUTO_IBRS 0x00001000 /* in EFER */
#define SPECULATION_SET_TSX_OFF   0x00002000
#define SPECULATION_SET_MICROCODE 0x00004000 /* the microcode's own mitigations stay on */
#define SPECULATION_SET_ZENBLEED  0x00008000 /* a bit in AMD's DE_CFG */
#define SPECULATION_SET_LS_CFG    0x00010000 /* SSBD of AMD family 17h: a bit in LS_CFG */
#define SPECULATION_SMALL_PAGES   0x00020000 /* guest memory in 4 KiB pages */

#define SPECULATION_AT_ENTER \
    (SPECULATION_ENTER_IBRS | SPECULATION_ENTER_IBPB | SPECULATION_ENTER_HISTORY)
#define SPECULATION_AT_LEAVE (SPECULATION_ENTER_IBRS | SPECULATION_LEAVE_BUFFERS)
#define SPECULATION_AT_EXIT  (SPECULATION_AT_ENTER | SPECULATION_EXIT_RETURNS)
#define SPECULATION_AT_ENTRY (SPECULATION_AT_LEAVE | SPECULATION_ENTRY_L1D)
/* What makes the system-call entry, and VM exit and entry, take their guarded forms. */
#define SPECULATION_AT_SYSCALL (SPECULATION_AT_ENTER | SPECULATION_LEAVE_BUFFERS)
#define SPECULATION_AT_GUEST \
    (SPECULATION_AT_EXIT | SPECULATION_LEAVE_BUFFERS | SPECULATION_ENTRY_L1D)
#define SPECULATION_AT_SWITCH (SPECULATION_SWITCH_IBPB | SPECULATION_SWITCH_RETURNS)

/* IA32_SPEC_CTRL: SDM Vol. 4, 2.1 "Architectural MSRs" */
#define SPEC_CTRL_BIT_IBRS      (1 << 0)
#define SPEC_CTRL_BIT_STIBP     (1 << 1)
#define SPEC_CTRL_BIT_SSBD      (1 << 2)
#define SPEC_CTRL_BIT_BHI_DIS_S (1 << 10)
/* IA32_PRED_CMD, IA32_FLUSH_CMD */
#define PRED_CMD_BIT_IBPB (1 << 0)
#define FLUSH_CMD_BIT_L1D (1 << 0)

#endif
