/*
 * The VM-execution, VM-exit and VM-entry controls that Bulkhead uses, chosen from what a CPU's VMX
 * capability MSRs allow. Pure: it reads no register, so that the unit tests can try any CPU.
 */
#ifndef BULKHEAD_VMX_CONTROLS_H
#define BULKHEAD_VMX_CONTROLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SDM Vol. 3, 25.6.1 "Pin-Based VM-Execution Controls" */
#define PIN_EXTERNAL_INTERRUPT (1u << 0)
#define PIN_NMI                (1u << 3)
#define PIN_VIRTUAL_NMIS       (1u << 5)
#define PIN_PREEMPTION_TIMER   (1u << 6)

/* 25.6.2 "Processor-Based VM-Execution Controls" */
#define PROCESSOR_INTERRUPT_WINDOW (1u << 2)
#define PROCESSOR_TSC_OFFSET       (1u << 3)
#define PROCESSOR_HLT              (1u << 7)
#define PROCESSOR_INVLPG           (1u << 9)
#define PROCESSOR_MWAIT            (1u << 10)
#define PROCESSOR_RDPMC            (1u << 11)
#define PROCESSOR_RDTSC            (1u << 12)
#define PROCESSOR_CR3_LOAD         (1u << 15)
#define PROCESSOR_CR3_STORE        (1u << 16)
#define PROCESSOR_CR8_LOAD         (1u << 19)
#define PROCESSOR_CR8_STORE        (1u << 20)
#define PROCESSOR_TPR_SHADOW       (1u << 21)
#define PROCESSOR_NMI_WINDOW       (1u << 22)
#define PROCESSOR_MOV_DR           (1u << 23)
#define PROCESSOR_IO_BITMAPS       (1u << 25)
#define PROCESSOR_MSR_BITMAPS      (1u << 28)
#define PROCESSOR_MONITOR          (1u << 29)
#define PROCESSOR_PAUSE            (1u << 30)
#define PROCESSOR_SECONDARY        (1u << 31)

#define SECONDARY_APIC_ACCESS       (1u << 0)
#define SECONDARY_EPT               (1u << 1)
#define SECONDARY_RDTSCP            (1u << 3)
#define SECONDARY_X2APIC            (1u << 4)
#define SECONDARY_VPID              (1u << 5)
#define SECONDARY_WBINVD            (1u << 6)
#define SECONDARY_UNRESTRICTED      (1u << 7)
#define SECONDARY_APIC_REGISTERS    (1u << 8)
#define SECONDARY_VIRTUAL_INTERRUPT (1u << 9)
#define SECONDARY_PAUSE_LOOP        (1u << 10)
#define SECONDARY_INVPCID           (1u << 12)

/* 25.7.1 "VM-Exit Controls" */
#define EXIT_SAVE_DEBUG            (1u << 2)
#define EXIT_HOST_64_BIT           (1u << 9)
#define EXIT_ACKNOWLEDGE_INTERRUPT (1u << 15)
#define EXIT_SAVE_PAT              (1u << 18)
#define EXIT_LOAD_PAT              (1u << 19)
#define EXIT_SAVE_EFER             (1u << 20)
#define EXIT_LOAD_EFER             (1u << 21)

/* 25.8.1 "VM-Entry Controls" */
#define ENTRY_LOAD_DEBUG (1u << 2)
#define ENTRY_IA32E_MODE (1u << 9)
#define ENTRY_LOAD_PAT   (1u << 14)
#define ENTRY_LOAD_EFER  (1u << 15)

/* IA32_VMX_EPT_VPID_CAP: Appendix A.10 "VPID and EPT Capabilities" */
#define EPT_CAP_WALK_4         (1ull << 6)
#define EPT_CAP_WRITE_BACK     (1ull << 14)
#define EPT_CAP_2M             (1ull << 16)
#define EPT_CAP_1G             (1ull << 17)
#define EPT_CAP_INVEPT         (1ull << 20)
#define EPT_CAP_INVEPT_ALL     (1ull << 26)
#define EPT_CAP_INVVPID        (1ull << 32)
#define EPT_CAP_INVVPID_SINGLE (1ull << 41)
#define EPT_CAP_INVVPID_ALL    (1ull << 42)

/* IA32_VMX_MISC: Appendix A.6 "Miscellaneous Data" */
#define MISC_PREEMPTION_RATE_MASK 0x1full /* the timer counts TSC >> this */
#define MISC_STORES_LMA           (1ull << 5)

/* What the capability MSRs of one CPU say. For the five sets of controls the low half has the bits
 * that must be 1, the high half those that may be 1 (Appendix A.2 to A.5). */
enum control_set {
    CONTROL_PIN,
    CONTROL_PROCESSOR,
    CONTROL_SECONDARY,
    CONTROL_EXIT,
    CONTROL_ENTRY,
    CONTROL_EPT,  /* not a set of controls: IA32_VMX_EPT_VPID_CAP */
    CONTROL_MISC, /* IA32_VMX_MISC */
    CONTROL_SET_COUNT
};

struct vmx_capability {
    uint64_t basic;
    uint64_t set[CONTROL_SET_COUNT];
    uint64_t cr0_fixed_0, cr0_fixed_1, cr4_fixed_0, cr4_fixed_1;
};

/* What a VMCS starts with, and what else this CPU can do. */
struct vmx_controls {
    uint32_t pin, processor, secondary, exit, entry;
    bool has_tpr_shadow;
    bool has_x2apic;            /* virtualize x2APIC mode */
    bool has_apic_access;       /* virtualize APIC accesses */
    bool has_virtual_interrupt; /* APIC-register virtualization and virtual-interrupt delivery */
    bool has_preemption_timer;
    uint8_t preemption_rate;
    bool has_rdtscp;
    bool has_invpcid;
    bool has_2m, has_1g;
    uint8_t reserved[2];
};
_Static_assert(sizeof(struct vmx_controls) == 32, "no padding: compared byte by byte");

/* How a control is used. */
enum control_use {
    CONTROL_ON,    /* set in every VMCS; without it there are no guests */
    CONTROL_READY, /* set and cleared as needed; without it there are no guests */
    CONTROL_OFF,   /* must be possible to leave clear */
    CONTROL_WANTED /* set where it exists; what is done without it is in `why` */
};

struct control_row {
    uint8_t set; /* enum control_set */
    uint8_t use; /* enum control_use */
    uint64_t bit;
    const char *name; /* as the manual calls it */
    const char *why;
};

extern const struct control_row control_rows[];
extern const size_t control_row_count;

/*
 * True: *controls is filled. False: at least one row that cannot be done without is missing;
 * missing[] gets pointers to at most limit of them, *missing_count how many there are.
 */
bool controls_choose(const struct vmx_capability *capability, struct vmx_controls *controls,
                     const struct control_row **missing, size_t limit, size_t *missing_count);

#endif
