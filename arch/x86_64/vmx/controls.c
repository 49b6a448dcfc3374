/* Which VMX controls are required or wanted, with the reason for each. Touches no register. */
#include "arch/x86_64/vmx/controls.h"

const struct control_row control_rows[] = {
    {CONTROL_PIN,       CONTROL_ON,     PIN_EXTERNAL_INTERRUPT,                   "external-interrupt exiting",
     "interrupts belong to the host"                                                                                                          },
    {CONTROL_PIN,       CONTROL_ON,     PIN_NMI,                                  "NMI exiting",                     "NMIs belong to the host"},
    {CONTROL_PIN,       CONTROL_ON,     PIN_VIRTUAL_NMIS,                         "virtual NMIs",
     "a guest's NMIs must wait for the end of the one before"                                                                                 },
    {CONTROL_PIN,       CONTROL_WANTED, PIN_PREEMPTION_TIMER,                     "VMX-preemption timer",
     "guest timers without writing the host's; else the host's timer is used"                                                                 },

    {CONTROL_PROCESSOR, CONTROL_READY,  PROCESSOR_INTERRUPT_WINDOW,               "interrupt-window exiting",
     "interrupts must wait until the guest can take them"                                                                                     },
    {CONTROL_PROCESSOR, CONTROL_READY,  PROCESSOR_NMI_WINDOW,                     "NMI-window exiting",
     "NMIs must wait until the guest can take them"                                                                                           },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_TSC_OFFSET,                     "use TSC offsetting",
     "a guest has a time of its own"                                                                                                          },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_HLT,                            "HLT exiting",
     "a guest that halts gives its CPU to others"                                                                                             },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_MWAIT,                          "MWAIT exiting",
     "MWAIT is not offered to guests"                                                                                                         },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_MONITOR,                        "MONITOR exiting",
     "MONITOR is not offered to guests"                                                                                                       },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_RDPMC,                          "RDPMC exiting",
     "performance counters tell of others"                                                                                                    },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_MOV_DR,                         "MOV-DR exiting",
     "debug registers are switched only for guests that use them"                                                                             },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_IO_BITMAPS,                     "use I/O bitmaps",                 "ports are the VMM's"    },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_MSR_BITMAPS,                    "use MSR bitmaps",
     "most MSRs are the kernel's"                                                                                                             },
    {CONTROL_PROCESSOR, CONTROL_ON,     PROCESSOR_SECONDARY,                      "activate secondary controls",
     "EPT is one of them"                                                                                                                     },
    {CONTROL_PROCESSOR, CONTROL_OFF,    PROCESSOR_CR3_LOAD,                       "CR3-load exiting",
     "with EPT a guest's CR3 is its own"                                                                                                      },
    {CONTROL_PROCESSOR, CONTROL_OFF,    PROCESSOR_CR3_STORE,                      "CR3-store exiting",
     "with EPT a guest's CR3 is its own"                                                                                                      },
    {CONTROL_PROCESSOR, CONTROL_WANTED, PROCESSOR_TPR_SHADOW,                     "use TPR shadow",
     "task priority without exits; else CR8 accesses exit"                                                                                    },

    {CONTROL_SECONDARY, CONTROL_ON,     SECONDARY_EPT,                            "enable EPT",
     "a guest's memory is translated by nested page tables"                                                                                   },
    {CONTROL_SECONDARY, CONTROL_ON,     SECONDARY_VPID,                           "enable VPID",
     "exits must not flush translations"                                                                                                      },
    {CONTROL_SECONDARY, CONTROL_ON,     SECONDARY_UNRESTRICTED,                   "unrestricted guest",
     "guests start in real mode"                                                                                                              },
    {CONTROL_SECONDARY, CONTROL_WANTED, SECONDARY_RDTSCP,                         "enable RDTSCP",
     "else it is hidden from guests"                                                                                                          },
    {CONTROL_SECONDARY, CONTROL_WANTED, SECONDARY_INVPCID,                        "enable INVPCID",
     "else it is hidden from guests"                                                                                                          },
    {CONTROL_SECONDARY, CONTROL_WANTED, SECONDARY_WBINVD,                         "WBINVD exiting",
     "a guest must not empty everybody's caches; else it can"                                                                                 },
 /* The four for the local APIC are chosen per vCPU by its mode: they are not in the first value.
  */
    {CONTROL_SECONDARY, CONTROL_WANTED, SECONDARY_X2APIC,                         "virtualize x2APIC mode",
     "the TPR as an MSR without exits"                                                                                                        },
    {CONTROL_SECONDARY, CONTROL_WANTED, SECONDARY_APIC_ACCESS,                    "virtualize APIC accesses",
     "the xAPIC page without decoding"                                                                                                        },
    {CONTROL_SECONDARY, CONTROL_WANTED, SECONDARY_APIC_REGISTERS,                 "APIC-register virtualization",
     "local APIC registers read without exits"                                                                                                },
    {CONTROL_SECONDARY, CONTROL_WANTED, SECONDARY_VIRTUAL_INTERRUPT,              "virtual-interrupt delivery",
     "interrupts delivered and ended without exits"                                                                                           },

    {CONTROL_EXIT,      CONTROL_ON,     EXIT_SAVE_DEBUG,                          "save debug controls",
     "DR7 and DEBUGCTL are the guest's"                                                                                                       },
    {CONTROL_EXIT,      CONTROL_ON,     EXIT_HOST_64_BIT,                         "host address-space size",
     "the kernel runs in 64-bit mode"                                                                                                         },
    {CONTROL_EXIT,      CONTROL_ON,     EXIT_ACKNOWLEDGE_INTERRUPT,               "acknowledge interrupt on exit",
     "interrupts are handled with interrupts off"                                                                                             },
    {CONTROL_EXIT,      CONTROL_ON,     EXIT_LOAD_PAT,                            "load IA32_PAT",                   "memory types differ"    },
    {CONTROL_EXIT,      CONTROL_ON,     EXIT_SAVE_EFER,                           "save IA32_EFER",
     "a guest enters long mode without an exit"                                                                                               },
    {CONTROL_EXIT,      CONTROL_ON,     EXIT_LOAD_EFER,                           "load IA32_EFER",                  "EFER differs"           },

    {CONTROL_ENTRY,     CONTROL_ON,     ENTRY_LOAD_DEBUG,                         "load debug controls",
     "DR7 and DEBUGCTL are the guest's"                                                                                                       },
    {CONTROL_ENTRY,     CONTROL_READY,  ENTRY_IA32E_MODE,                         "IA-32e mode guest",               "64-bit guests"          },
    {CONTROL_ENTRY,     CONTROL_ON,     ENTRY_LOAD_PAT,                           "load IA32_PAT",                   "memory types differ"    },
    {CONTROL_ENTRY,     CONTROL_ON,     ENTRY_LOAD_EFER,                          "load IA32_EFER",                  "EFER differs"           },

    {CONTROL_EPT,       CONTROL_ON,     EPT_CAP_WALK_4,                           "EPT page walk of length 4",
     "the tables have four levels"                                                                                                            },
    {CONTROL_EPT,       CONTROL_ON,     EPT_CAP_WRITE_BACK,                       "EPT tables in write-back memory",
     "the tables lie in ordinary memory"                                                                                                      },
    {CONTROL_EPT,       CONTROL_ON,     EPT_CAP_INVEPT | EPT_CAP_INVEPT_ALL,      "INVEPT all-context",
     "memory taken from a guest must be gone from every cache"                                                                                },
    {CONTROL_EPT,       CONTROL_ON,     EPT_CAP_INVVPID | EPT_CAP_INVVPID_SINGLE, "INVVPID single-context",
     "a VPID is used again, and paging modes change"                                                                                          },
    {CONTROL_EPT,       CONTROL_WANTED, EPT_CAP_2M,                               "EPT 2 MiB pages",                 "else 4 KiB pages"       },
    {CONTROL_EPT,       CONTROL_WANTED, EPT_CAP_1G,                               "EPT 1 GiB pages",                 "else 2 MiB pages"       },

    {CONTROL_MISC,      CONTROL_ON,     MISC_STORES_LMA,                          "exits store EFER.LMA",
     "a guest enters and leaves long mode without an exit"                                                                                    },
};
const size_t control_row_count = sizeof(control_rows) / sizeof(control_rows[0]);

/* APIC modes choose among these for each vCPU (vmx/apic.c). */
#define SECONDARY_BY_APIC_MODE                                             \
    (SECONDARY_X2APIC | SECONDARY_APIC_ACCESS | SECONDARY_APIC_REGISTERS | \
     SECONDARY_VIRTUAL_INTERRUPT)

static bool row_is_possible(const struct control_row *row,
                            const struct vmx_capability *capability) {
    uint64_t value = capability->set[row->set];
    if (row->set == CONTROL_EPT || row->set == CONTROL_MISC)
        return (value & row->bit) == row->bit;
    if (row->use == CONTROL_OFF)
        return (value & row->bit) == 0;
    return ((value >> 32) & row->bit) == row->bit;
}

bool controls_choose(const struct vmx_capability *capability, struct vmx_controls *controls,
                     const struct control_row **missing, size_t limit, size_t *missing_count) {
    uint32_t chosen[CONTROL_SET_COUNT] = {0};
    size_t count = 0;
    for (size_t i = 0; i < control_row_count; i++) {
        const struct control_row *row = &control_rows[i];
        bool is_possible = row_is_possible(row, capability);
        if (!is_possible && row->use != CONTROL_WANTED) {
            if (count < limit)
                missing[count] = row;
            count++;
        }
        if (is_possible && (row->use == CONTROL_ON || row->use == CONTROL_WANTED))
            chosen[row->set] |= (uint32_t)row->bit;
    }
    *missing_count = count;
    if (count != 0)
        return false;

    /* What must be 1 is set as well: the default1 class that the manual wants kept. */
    uint32_t secondary = chosen[CONTROL_SECONDARY];
    *controls = (struct vmx_controls){
        .pin = chosen[CONTROL_PIN] | (uint32_t)capability->set[CONTROL_PIN],
        .processor = chosen[CONTROL_PROCESSOR] | (uint32_t)capability->set[CONTROL_PROCESSOR],
        .secondary = (secondary & ~SECONDARY_BY_APIC_MODE) |
                     (uint32_t)capability->set[CONTROL_SECONDARY],
        .exit = chosen[CONTROL_EXIT] | (uint32_t)capability->set[CONTROL_EXIT],
        .entry = chosen[CONTROL_ENTRY] | (uint32_t)capability->set[CONTROL_ENTRY],
        .has_tpr_shadow = (chosen[CONTROL_PROCESSOR] & PROCESSOR_TPR_SHADOW) != 0,
        .has_preemption_timer = (chosen[CONTROL_PIN] & PIN_PREEMPTION_TIMER) != 0,
        .preemption_rate = (uint8_t)(capability->set[CONTROL_MISC] & MISC_PREEMPTION_RATE_MASK),
        .has_rdtscp = (secondary & SECONDARY_RDTSCP) != 0,
        .has_invpcid = (secondary & SECONDARY_INVPCID) != 0,
        .has_2m = (capability->set[CONTROL_EPT] & EPT_CAP_2M) != 0,
        .has_1g = (capability->set[CONTROL_EPT] & EPT_CAP_1G) != 0,
    };
    if (controls->has_tpr_shadow) {
        controls->has_x2apic = (secondary & SECONDARY_X2APIC) != 0;
        controls->has_apic_access = (secondary & SECONDARY_APIC_ACCESS) != 0;
        controls->has_virtual_interrupt = (secondary & SECONDARY_APIC_REGISTERS) != 0 &&
                                          (secondary & SECONDARY_VIRTUAL_INTERRUPT) != 0;
    } else {
        controls->processor |= PROCESSOR_CR8_LOAD | PROCESSOR_CR8_STORE;
    }
    return true;
}
