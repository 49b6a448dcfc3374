/* Bits that only the entry check knows: of controls that Bulkhead does not use, and of guest state.
 */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_BITS_H
#define BULKHEAD_VMX_ENTRY_CHECK_BITS_H

#include "arch/x86_64/vmx/controls.h"

/* SDM Vol. 3, 25.6.1 to 25.6.3 "VM-Execution Control Fields" */
#define PIN_POSTED_INTERRUPTS (1u << 7)

#define PROCESSOR_TERTIARY (1u << 17)

#define SECONDARY_FUNCTIONS      (1u << 13)
#define SECONDARY_SHADOWING      (1u << 14)
#define SECONDARY_PAGE_LOG       (1u << 17)
#define SECONDARY_EXCEPTION      (1u << 18) /* EPT-violation #VE */
#define SECONDARY_MODE_EXECUTE   (1u << 22)
#define SECONDARY_SUB_PAGE       (1u << 23)
#define SECONDARY_TRACE_PHYSICAL (1u << 24)
#define SECONDARY_TSC_SCALING    (1u << 25)

#define TERTIARY_HLAT         (1u << 1)
#define TERTIARY_PAGING_WRITE (1u << 2)
#define TERTIARY_VERIFICATION (1u << 3)
#define TERTIARY_IPI          (1u << 4)

#define FUNCTION_EPTP_SWITCHING (1u << 0)

/* 25.7.1 "VM-Exit Controls" */
#define EXIT_LOAD_PERF_GLOBAL (1u << 12)
#define EXIT_SAVE_PREEMPTION  (1u << 22)
#define EXIT_CLEAR_RTIT       (1u << 25)
#define EXIT_LOAD_CET         (1u << 28)
#define EXIT_LOAD_PKRS        (1u << 29)
#define EXIT_SECONDARY        (1u << 31)

/* 25.8.1 "VM-Entry Controls" */
#define ENTRY_TO_SMM           (1u << 10)
#define ENTRY_END_DUAL_MONITOR (1u << 11)
#define ENTRY_LOAD_PERF_GLOBAL (1u << 13)
#define ENTRY_LOAD_BNDCFGS     (1u << 16)
#define ENTRY_LOAD_RTIT        (1u << 18)
#define ENTRY_LOAD_UINV        (1u << 19)
#define ENTRY_LOAD_CET         (1u << 20)
#define ENTRY_LOAD_LBR         (1u << 21)
#define ENTRY_LOAD_PKRS        (1u << 22)

/* Capability MSRs: appendices A.1 "Basic VMX Information", A.6 "Miscellaneous Data", A.10 "VPID and
 * EPT Capabilities" */
#define BASIC_REVISION          0x7fffffffull
#define BASIC_32_BIT_ADDRESSES  (1ull << 48)
#define BASIC_ANY_ERROR_CODE    (1ull << 56)
#define MISC_ACTIVITY_SHIFT     6 /* bits 8:6: HLT, shutdown, wait-for-SIPI */
#define MISC_CR3_TARGET_SHIFT   16
#define MISC_CR3_TARGET_MASK    0x1ff
#define MISC_LENGTH_0           (1ull << 30)
#define EPT_CAP_WALK_5          (1ull << 7)
#define EPT_CAP_UNCACHED        (1ull << 8)
#define EPT_CAP_ACCESSED        (1ull << 21)
#define EPT_CAP_SHADOW_STACK    (1ull << 23)
#define PROCESSOR_MAY_TRAP_FLAG (1ull << (32 + 27)) /* the monitor trap flag can be set */

/* EPTP: 25.6.11, table 25-9 */
#define EPTP_MEMORY_TYPE  0x7ull
#define EPTP_WALK_SHIFT   3
#define EPTP_WALK_MASK    0x7
#define EPTP_ACCESSED     0x40ull
#define EPTP_SHADOW_STACK 0x80ull
#define EPTP_RESERVED     0xf00ull

/* 25.8.3 "VM-Entry Controls for Event Injection": a type that event.h does not use */
#define EVENT_RESERVED_TYPE 0x100u
#define EVENT_OTHER         0x700u
#define EVENT_RESERVED      0x7ffff000u
#define EVENT_ERROR_HIGH    0xffff0000u

/* Access rights: 25.4.1, table 25-2 */
#define RIGHTS_TYPE      0xfu
#define RIGHTS_ACCESSED  0x1u /* of code and data */
#define RIGHTS_READABLE  0x2u /* of code */
#define RIGHTS_CODE      0x8u
#define RIGHTS_S         0x10u
#define RIGHTS_DPL_SHIFT 5
#define RIGHTS_P         0x80u
#define RIGHTS_L         0x2000u
#define RIGHTS_DB        0x4000u
#define RIGHTS_G         0x8000u
#define RIGHTS_UNUSABLE  0x10000u
#define RIGHTS_RESERVED  0xfffe0f00u

#define SELECTOR_RPL 3u
#define SELECTOR_TI  4u

/* 25.4.2 "Guest Non-Register State" */
#define ACTIVITY_ACTIVE   0u
#define ACTIVITY_HLT      1u
#define ACTIVITY_SHUTDOWN 2u
#define ACTIVITY_SIPI     3u
#define BLOCKING_SMI      4u
#define BLOCKING_ENCLAVE  0x10u
#define BLOCKING_RESERVED 0xffffffe0u
#define PENDING_BUS_LOCK  (1ull << 11)
#define PENDING_ENABLED   (1ull << 12)
#define PENDING_STEP      (1ull << 14)
#define PENDING_RTM       (1ull << 16)
#define PENDING_RESERVED  (~0x1ffffull | 0xa7f0ull) /* 63:17, 15, 13, 10:4 */
#define LINK_NONE         UINT64_MAX
#define LINK_SHADOW       0x80000000u

#define CR4_CET      (1u << 23)
#define DEBUGCTL_BTF 2u

/* IA32_S_CET: Vol. 1, 17.1.2 "CET MSRs" */
#define CET_RESERVED 0x3c0ull
#define CET_SUPPRESS 0x400ull
#define CET_TRACKER  0x800ull

#define BNDCFGS_RESERVED 0xffcull

/* A present PDPTE: Vol. 3, 4.4.1 "PDPTE Registers" */
#define PDPTE_PRESENT  1ull
#define PDPTE_RESERVED 0x1e6ull

#endif
