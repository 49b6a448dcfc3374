/*
 * Machines: what a VMM shares with the kernel about a vCPU, the exits it is told of, and the whole
 * state of a vCPU. No number of VT-x or SVM appears here; the values are the x86 architecture's
 * own.
 */
#ifndef BULKHEAD_ABI_GUEST_H
#define BULKHEAD_ABI_GUEST_H

#include <stdint.h>

#include "kernel/abi/types.h"

/* Why guest_enter returned (its result, and vcpu_page.exit.kind). */
enum exit_kind {
    EXIT_NONE = 0,
    EXIT_PORT = 1,   /* IN, OUT, INS, OUTS: exit.port */
    EXIT_MEMORY = 2, /* access to a guest-physical address that is not mapped for it: exit.memory */
    EXIT_MSR = 3,    /* RDMSR or WRMSR that the policy leaves to the VMM: exit.msr */
    EXIT_CPUID = 4,  /* CPUID of a leaf that the table leaves to the VMM */
    EXIT_HYPERCALL = 5, /* VMCALL or VMMCALL with a number that the kernel does not know: in RAX */
    EXIT_HALT = 6,      /* HLT with interrupts off and nothing that could end it */
    EXIT_WINDOW = 7,    /* the guest can take the external interrupt that was announced */
    EXIT_END_OF_INTERRUPT = 8, /* of a vector that guest_set_eoi_exits names: exit.vector */
    EXIT_SHUTDOWN = 9, /* triple fault, or another state that real processors leave only by reset */
    EXIT_FAILED_ENTRY = 10, /* the guest's state is not one a processor can be in: exit.failed */
    EXIT_KICK = 11,         /* guest_kick */
    EXIT_START = 12,        /* a start-up interrupt woke this vCPU: its state is as after SIPI */
    EXIT_KIND_COUNT = 13
};

/* The hypercall that the kernel knows: it does nothing, from any privilege level, and leaves 0 in
 * RAX. */
#define GUEST_HYPERCALL_NOTHING 1u

#define EXIT_ACCESS_READ  1u
#define EXIT_ACCESS_WRITE 2u
#define EXIT_ACCESS_FETCH 4u

#define EXIT_PORT_STRING 1u /* INS or OUTS */
#define EXIT_PORT_REPEAT 2u /* with a REP prefix */

struct vcpu_exit {
    uint32_t kind;               /* enum exit_kind */
    uint32_t instruction_length; /* bytes, 0 where the hardware does not define it */
    union {
        struct {
            uint16_t port;
            uint8_t width;  /* bytes: 1, 2, 4 */
            uint8_t is_in;  /* 1: IN or INS. The value of OUT, and the place of IN's, is RAX */
            uint32_t flags; /* EXIT_PORT_... */
            uint64_t linear_address; /* of the memory operand of INS and OUTS */
        } port;
        struct {
            uint64_t address; /* guest-physical */
            uint64_t linear_address;
            uint32_t access;                  /* EXIT_ACCESS_... */
            uint32_t linear_address_is_valid; /* 0: the access was not through a linear address */
        } memory;
        struct {
            uint32_t index;
            uint32_t is_write;
            uint64_t
                value; /* written: EDX:EAX. For a read the VMM puts the result in RAX and RDX */
        } msr;
        uint32_t vector;
        struct {
            uint32_t rule; /* number of the row of the entry check that failed; 0: none matched */
            uint32_t reserved;
            uint64_t code;  /* the hardware's own, for people */
            char text[112]; /* field, value and rule in words */
        } failed;
        uint8_t bytes[128];
    };
};
_Static_assert(sizeof(struct vcpu_exit) == 136, "ABI version 1");

/* Which of the page's registers the VMM has changed since the exit. */
#define VCPU_DIRTY_RIP    1u /* rip; also ends a block of interrupts by STI or MOV SS */
#define VCPU_DIRTY_RFLAGS 2u /* rflags */
#define VCPU_DIRTY_RSP    4u /* rsp */
#define VCPU_INJECT       8u /* inject: an event to deliver at the next entry */

/* Kinds of vcpu_page.inject_kind */
enum inject_kind {
    INJECT_NONE = 0,
    INJECT_EXTERNAL = 1,  /* answer to EXIT_WINDOW: the vector from the PIC */
    INJECT_EXCEPTION = 2, /* inject_vector, with inject_error if inject_has_error */
    INJECT_NMI = 3
};

/* Numbers of general-purpose registers, as instructions encode them. */
enum gpr {
    GPR_RAX,
    GPR_RCX,
    GPR_RDX,
    GPR_RBX,
    GPR_RSP,
    GPR_RBP,
    GPR_RSI,
    GPR_RDI,
    GPR_R8,
    GPR_R9,
    GPR_R10,
    GPR_R11,
    GPR_R12,
    GPR_R13,
    GPR_R14,
    GPR_R15,
    GPR_COUNT
};

/*
 * One page per vCPU, mapped into the VMM by guest_create_vcpu and used by the kernel directly: the
 * guest's registers live here while it does not run. Valid between an exit and the next entry; a
 * VMM that writes it at another time changes nothing but its own guest's registers.
 *
 * At PORT exits that are no string instructions the guest is already behind the instruction: the
 * VMM has only to carry out the access, and nothing of the state is filled. rip, rflags and rsp are
 * filled at exits of kind MEMORY, MSR, CPUID, HYPERCALL and string PORT; mode and cr3 at MEMORY and
 * string PORT exits. gpr[GPR_RSP] is not used: RSP is in rsp.
 */
struct vcpu_page {
    uint64_t gpr[GPR_COUNT];
    uint64_t rip;
    uint64_t rflags;
    uint64_t rsp;
    uint32_t dirty; /* VCPU_DIRTY_..., VCPU_INJECT; the kernel clears it at entry */
    uint8_t inject_kind;
    uint8_t inject_vector;
    uint8_t inject_has_error;
    uint8_t reserved0;
    uint32_t inject_error;
    uint32_t reserved1;
    uint64_t cr0, cr3, cr4, efer; /* at MEMORY and string PORT exits, for the VMM's decoder */
    uint64_t cs_base, ss_base, ds_base, es_base, fs_base, gs_base;
    uint32_t cs_attributes; /* as struct guest_segment.attributes */
    uint32_t cpl;
    struct vcpu_exit exit;
    uint8_t reserved[4096 - 16 * 8 - 3 * 8 - 16 - 10 * 8 - 8 - 136];
};
_Static_assert(sizeof(struct vcpu_page) == 4096, "ABI version 1");

/* What guest_create takes. */
struct guest_config {
    uint32_t vcpu_limit; /* at most so many vCPUs */
    uint32_t local_apic; /* enum local_apic_tier; 0: the best that this CPU has */
    uint64_t tsc_hz;     /* 0: the host's; otherwise scaled where the hardware can */
    uint64_t reserved[2];
};
_Static_assert(sizeof(struct guest_config) == 32, "ABI version 1");

enum local_apic_tier {
    LOCAL_APIC_BEST = 0,
    LOCAL_APIC_VIRTUAL_INTERRUPTS =
        1,                       /* (a) register virtualization and virtual-interrupt delivery */
    LOCAL_APIC_X2APIC_EXITS = 2, /* (b) TPR shadow and intercepted x2APIC MSRs */
    LOCAL_APIC_VMM_DECODES = 3   /* (c) xAPIC page without hardware help: guest_access_apic */
};

/*
 * CPUID policy: rows sorted by leaf, then subleaf. A leaf without a row reads as zeros (basic
 * leaves above the highest: as the highest, as processors do). The kernel itself supplies what
 * changes at run time: OSXSAVE, OSPKE, the APIC ids, the sizes of leaf 0Dh, the APIC bit.
 */
struct guest_cpuid {
    uint32_t leaf;
    uint32_t subleaf;
    uint32_t flags; /* GUEST_CPUID_... */
    uint32_t eax, ebx, ecx, edx;
    uint32_t reserved;
};
_Static_assert(sizeof(struct guest_cpuid) == 32, "ABI version 1");
#define GUEST_CPUID_SUBLEAF 1u /* subleaf counts; otherwise the row serves every subleaf */
#define GUEST_CPUID_EXIT    2u /* EXIT_CPUID instead of the values */
#define GUEST_CPUID_LIMIT   256u

/* MSR policy beyond the MSRs that the kernel virtualises itself. Others fault (#GP) in the guest.
 */
struct guest_msr {
    uint32_t first, last;
    uint32_t action; /* enum guest_msr_action */
    uint32_t reserved;
    uint64_t value;
};
_Static_assert(sizeof(struct guest_msr) == 24, "ABI version 1");
enum guest_msr_action {
    GUEST_MSR_FAULT = 0,
    GUEST_MSR_VALUE = 1,          /* reads as value, writes are dropped */
    GUEST_MSR_EXIT = 2,           /* EXIT_MSR */
    GUEST_MSR_VALUE_READ_ONLY = 3 /* reads as value, writes fault */
};
#define GUEST_MSR_LIMIT 64u

/* guest_signal */
enum guest_signal {
    GUEST_SIGNAL_NMI = 0,
    GUEST_SIGNAL_INIT = 1,
    GUEST_SIGNAL_START = 2, /* SIPI: value is the vector */
    GUEST_SIGNAL_EXTERNAL =
        3, /* ExtINT is pending (value 1) or no longer (value 0): leads to EXIT_WINDOW */
    GUEST_SIGNAL_KICK = 4
};

/* Doorbells: flags of guest_set_doorbell */
#define DOORBELL_WIDTH 0x7u /* 1, 2 or 4 bytes */
#define DOORBELL_MATCH 0x8u /* only if the value written equals value */

struct guest_segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    uint16_t
        attributes; /* type 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15; bit 8: unusable */
};
_Static_assert(sizeof(struct guest_segment) == 16, "ABI version 1");

#define GUEST_STATE_VERSION 1u
#define GUEST_XSAVE_SIZE \
    4096u /* standard format; what the CPU needs beyond is refused at creation */
#define GUEST_MTRR_VARIABLE 8u

/* Everything that the kernel keeps for a vCPU. guest_get_state and guest_set_state move it whole.
 */
struct guest_state {
    uint32_t version;        /* GUEST_STATE_VERSION */
    uint32_t size;           /* sizeof(struct guest_state) */
    uint64_t gpr[GPR_COUNT]; /* with RSP */
    uint64_t rip, rflags;
    uint64_t cr0, cr2, cr3, cr4, xcr0;
    uint64_t dr[4], dr6, dr7;
    struct guest_segment es, cs, ss, ds, fs, gs, ldtr, tr;
    struct {
        uint64_t base;
        uint32_t limit;
        uint32_t reserved;
    } gdtr, idtr;
    uint64_t efer, pat, star, lstar, cstar, fmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t debugctl, tsc_aux, spec_ctrl, xss, misc_enable;
    uint64_t apic_base;
    uint64_t tsc;          /* the guest's, at clock_ns */
    uint64_t tsc_deadline; /* guest TSC; 0: not armed */
    uint64_t clock_ns;     /* host time at which tsc was read; set: 0 means now */
    uint64_t pdpte[4];     /* PAE paging without long mode only */
    uint64_t mtrr_default, mtrr_fixed[11];
    struct {
        uint64_t base, mask;
    } mtrr_variable[GUEST_MTRR_VARIABLE];
    uint64_t pending_debug;
    uint32_t activity;   /* 0 active, 1 halted, 2 shutdown, 3 waits for SIPI */
    uint32_t blocking;   /* bit 0 STI, 1 MOV SS, 3 NMI */
    uint32_t event_kind; /* event whose delivery an exit interrupted: enum inject_kind */
    uint32_t event_vector;
    uint32_t event_has_error, event_error;
    uint32_t event_instruction_length; /* software interrupts and exceptions */
    uint32_t pending_nmi, pending_external, pending_init;
    uint32_t reserved[2];
    uint32_t apic_register[64];      /* local APIC, register at offset 16 * n */
    uint64_t apic_timer_deadline_ns; /* one-shot and periodic mode: host time of the next expiry, 0:
                                        off */
    _Alignas(64) uint8_t xsave[GUEST_XSAVE_SIZE];
};
_Static_assert(sizeof(struct guest_state) % 64 == 0, "ABI version 1");

/* guest_get_statistics */
struct guest_statistics {
    uint64_t exits_total;
    uint64_t exits[64]; /* by the hardware's reason; names from guest_exit_name's table */
    uint64_t entries_to_vmm;
    uint64_t guest_ticks; /* TSC ticks in the guest, where accounting is on */
    uint64_t injected;    /* interrupts delivered */
    char technology[16];  /* "vmx" */
};
_Static_assert(sizeof(struct guest_statistics) == 560, "ABI version 1");

#endif
