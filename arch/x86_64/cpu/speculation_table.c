/*
 * The weaknesses, who has them, and what is done. What each action costs is in
 * speculation_actions.h's order of places; what is compiled in against them:
 *
 * - No retpolines: they would cost every processor two instructions at each indirect call, those
 * that need none included, and do not help against RETBleed, BHI and ITS. Where IBRS is not
 * enhanced it is written at every kernel entry instead.
 * - No separate page tables for ring 3: Meltdown stays open on the processors that have it. Guests
 * are not concerned, since the kernel is in none of their tables.
 * - A partition is the boundary: nothing is done between a guest and its own VMM.
 * - Threads of one core may run different partitions: what crosses threads is open while siblings
 * run.
 */
#include "arch/x86_64/cpu/speculation.h"

#define SWITCH (SPECULATION_SWITCH_IBPB | SPECULATION_SWITCH_RETURNS)

#define NO_MICROCODE "the processor lacks the microcode for it"
#define RETPOLINES   "no IBRS and IBPB in the microcode, no retpolines in the kernel"

/* clang-format off */
const struct weakness_row weakness_rows[WEAKNESS_COUNT] = {
    [WEAKNESS_SPECTRE_V1] = {
        .name = "Spectre v1", .cve = "CVE-2017-5753",
        .vendors = SPECULATION_EVERYBODY,
        .open = "only the index of system calls is masked behind its check",
    },
    [WEAKNESS_SWAPGS] = {
        .name = "SWAPGS", .cve = "CVE-2019-1125",
        .vendors = SPECULATION_INTEL,
        .remedy = {{.text = "a kernel that never uses GS"}},
    },
    [WEAKNESS_SPECTRE_V2] = {
        .name = "Spectre v2", .cve = "CVE-2017-5715",
        .vendors = SPECULATION_EVERYBODY,
        .remedy = {
            {.feature = {FEATURE_IBRS_IBPB}, .capability = CAPABILITY_IBRS_ALL,
             .actions = SPECULATION_SET_IBRS | SWITCH,
             .crosses_threads = true, .stibp_helps = true,
             .text = "enhanced IBRS, and IBPB between partitions"},
            {.feature = {FEATURE_IBRS_IBPB},
             .actions = SPECULATION_ENTER_IBRS | SPECULATION_EXIT_RETURNS | SWITCH,
             .crosses_threads = true, .stibp_helps = true,
             .text = "IBRS at kernel entry, and IBPB between partitions"},
            {.feature = {FEATURE_AMD_AUTO_IBRS, FEATURE_AMD_IBPB},
             .actions = SPECULATION_SET_AUTO_IBRS | SWITCH,
             .crosses_threads = true, .stibp_helps = true,
             .text = "automatic IBRS, and IBPB between partitions"},
            {.feature = {FEATURE_AMD_IBPB},
             .actions = SPECULATION_ENTER_IBPB | SWITCH,
             .crosses_threads = true, .stibp_helps = true,
             .text = "IBPB at kernel entry and between partitions"},
        },
        .open = RETPOLINES,
    },
    [WEAKNESS_MELTDOWN] = {
        .name = "Meltdown", .cve = "CVE-2017-5754",
        .vendors = SPECULATION_INTEL,
        .immune = CAPABILITY_RDCL_NO,
        .open = "the kernel is mapped while programs run (guests do not reach it)",
    },
    [WEAKNESS_SSB] = {
        .name = "Speculative store bypass", .cve = "CVE-2018-3639",
        .vendors = SPECULATION_EVERYBODY,
        .immune = CAPABILITY_SSB_NO, .immune_feature = {FEATURE_AMD_SSB_NO},
        .remedy = {
            {.feature = {FEATURE_SSBD}, .actions = SPECULATION_SET_SSBD, .text = "SSBD"},
            {.feature = {FEATURE_AMD_SSBD}, .actions = SPECULATION_SET_SSBD, .text = "SSBD"},
            {.feature = {FEATURE_AMD_BARE}, .family = 0x17, .actions = SPECULATION_SET_LS_CFG,
             .text = "SSBD in LS_CFG"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_LAZY_FP] = {
        .name = "Lazy FP", .cve = "CVE-2018-3665",
        .vendors = SPECULATION_INTEL,
        .remedy = {{.text = "extended state loaded before another partition runs"}},
    },
    [WEAKNESS_L1TF] = {
        .name = "L1TF", .cve = "CVE-2018-3646",
        .vendors = SPECULATION_INTEL,
        .immune = CAPABILITY_RDCL_NO,
        .remedy = {
            {.feature = {FEATURE_L1D_FLUSH}, .actions = SPECULATION_ENTRY_L1D,
             .crosses_threads = true,
             .text = "L1D flush at VM entry; absent table entries name no memory"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_MDS] = {
        .name = "MDS", .cve = "CVE-2018-12130",
        .vendors = SPECULATION_INTEL,
        .immune = CAPABILITY_MDS_NO,
        .remedy = {
            {.feature = {FEATURE_MD_CLEAR}, .actions = SPECULATION_LEAVE_BUFFERS,
             .crosses_threads = true, .text = "VERW before ring 3 and guests"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_TAA] = {
        .name = "TAA", .cve = "CVE-2019-11135",
        .vendors = SPECULATION_INTEL,
        .immune = CAPABILITY_TAA_NO, .needs = FEATURE_RTM,
        .remedy = {
            {.capability = CAPABILITY_TSX_CTRL, .actions = SPECULATION_SET_TSX_OFF,
             .text = "TSX switched off"},
            {.feature = {FEATURE_MD_CLEAR}, .without_capability = CAPABILITY_MDS_NO,
             .actions = SPECULATION_LEAVE_BUFFERS, .crosses_threads = true,
             .text = "VERW before ring 3 and guests"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_MULTIHIT] = {
        .name = "iTLB multihit", .cve = "CVE-2018-12207",
        .vendors = SPECULATION_INTEL,
        .immune = CAPABILITY_IF_PSCHANGE_MC_NO,
        .remedy = {{.actions = SPECULATION_SMALL_PAGES, .text = "guest memory in 4 KiB pages"}},
    },
    [WEAKNESS_SRBDS] = {
        .name = "SRBDS", .cve = "CVE-2020-0543",
        .vendors = SPECULATION_INTEL, .only_listed = true,
        .remedy = {
            {.feature = {FEATURE_SRBDS_CTRL}, .actions = SPECULATION_SET_MICROCODE,
             .text = "the microcode"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_MMIO] = {
        .name = "MMIO stale data", .cve = "CVE-2022-21166",
        .vendors = SPECULATION_INTEL, .only_listed = true,
        .immune = CAPABILITY_SBDR_SSDP_NO | CAPABILITY_FBSDP_NO | CAPABILITY_PSDP_NO,
        .remedy = {
            {.capability = CAPABILITY_FB_CLEAR, .actions = SPECULATION_LEAVE_BUFFERS,
             .crosses_threads = true, .text = "VERW before ring 3 and guests"},
            {.feature = {FEATURE_MD_CLEAR, FEATURE_L1D_FLUSH},
             .without_capability = CAPABILITY_MDS_NO, .actions = SPECULATION_LEAVE_BUFFERS,
             .crosses_threads = true, .text = "VERW before ring 3 and guests"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_RETBLEED] = {
        .name = "RETBleed", .cve = "CVE-2022-29901",
        .vendors = SPECULATION_INTEL | SPECULATION_AMD, .only_listed = true,
        .immune_feature = {FEATURE_AMD_BTC_NO},
        .remedy = {
            {.feature = {FEATURE_IBRS_IBPB}, .capability = CAPABILITY_IBRS_ALL,
             .actions = SPECULATION_SET_IBRS, .text = "enhanced IBRS"},
            {.feature = {FEATURE_IBRS_IBPB},
             .actions = SPECULATION_ENTER_IBRS | SPECULATION_EXIT_RETURNS,
             .text = "IBRS at kernel entry"},
            {.feature = {FEATURE_AMD_IBPB}, .actions = SPECULATION_ENTER_IBPB,
             .crosses_threads = true, .stibp_helps = true, .text = "IBPB at kernel entry"},
        },
        .open = RETPOLINES,
    },
    [WEAKNESS_BHI] = {
        .name = "BHI", .cve = "CVE-2022-0001",
        .vendors = SPECULATION_INTEL,
        .immune = CAPABILITY_BHI_NO, .needs_capability = CAPABILITY_IBRS_ALL,
        .remedy = {
            {.feature = {FEATURE_BHI_CTRL}, .actions = SPECULATION_SET_BHI_DIS_S,
             .text = "BHI_DIS_S"},
            {.actions = SPECULATION_ENTER_HISTORY,
             .text = "branch history overwritten at kernel entry"},
        },
    },
    [WEAKNESS_PBRSB] = {
        .name = "PBRSB", .cve = "CVE-2022-26373",
        .vendors = SPECULATION_INTEL,
        .immune = CAPABILITY_PBRSB_NO, .needs_capability = CAPABILITY_IBRS_ALL,
        .remedy = {{.actions = SPECULATION_EXIT_RETURNS,
                    .text = "return stack buffer filled at VM exit"}},
    },
    [WEAKNESS_GDS] = {
        .name = "Downfall (GDS)", .cve = "CVE-2022-40982",
        .vendors = SPECULATION_INTEL, .only_listed = true,
        .immune = CAPABILITY_GDS_NO,
        .remedy = {
            {.capability = CAPABILITY_GDS_CTRL, .actions = SPECULATION_SET_MICROCODE,
             .text = "the microcode"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_RFDS] = {
        .name = "RFDS", .cve = "CVE-2023-28746",
        .vendors = SPECULATION_INTEL, .only_listed = true,
        .immune = CAPABILITY_RFDS_NO,
        .remedy = {
            {.capability = CAPABILITY_RFDS_CLEAR, .actions = SPECULATION_LEAVE_BUFFERS,
             .text = "VERW before ring 3 and guests"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_ITS] = {
        .name = "ITS", .cve = "CVE-2024-28956",
        .vendors = SPECULATION_INTEL, .only_listed = true,
        .immune = CAPABILITY_ITS_NO, .immune_feature = {FEATURE_BHI_CTRL},
        .open = "the kernel's indirect branches and returns stand in any half of a cache line",
    },
    [WEAKNESS_ZENBLEED] = {
        .name = "Zenbleed", .cve = "CVE-2023-20593",
        .vendors = SPECULATION_AMD, .only_listed = true,
        .remedy = {
            {.feature = {FEATURE_AMD_BARE}, .actions = SPECULATION_SET_ZENBLEED,
             .text = "a bit in DE_CFG"},
        },
        .open = "a hypervisor below keeps DE_CFG",
    },
    [WEAKNESS_SRSO] = {
        .name = "Inception (SRSO)", .cve = "CVE-2023-20569",
        .vendors = SPECULATION_AMD, .only_listed = true,
        .immune_feature = {FEATURE_AMD_SRSO_NO},
        .remedy = {
            {.feature = {FEATURE_AMD_SRSO_USER_KERNEL_NO},
             .text = "the processor between ring 3 and the kernel; there are no guests on AMD"},
            {.feature = {FEATURE_AMD_IBPB}, .family = 0x17, .actions = SPECULATION_ENTER_IBPB,
             .crosses_threads = true, .text = "IBPB at kernel entry"},
            {.feature = {FEATURE_AMD_IBPB}, .family = 0x18, .actions = SPECULATION_ENTER_IBPB,
             .crosses_threads = true, .text = "IBPB at kernel entry"},
            {.feature = {FEATURE_AMD_IBPB, FEATURE_AMD_IBPB_BRTYPE},
             .actions = SPECULATION_ENTER_IBPB, .text = "IBPB at kernel entry"},
        },
        .open = NO_MICROCODE,
    },
    [WEAKNESS_TSA] = {
        .name = "TSA", .cve = "CVE-2024-36357",
        .vendors = SPECULATION_AMD, .only_listed = true,
        .immune_feature = {FEATURE_AMD_TSA_SQ_NO, FEATURE_AMD_TSA_L1_NO},
        .remedy = {
            {.feature = {FEATURE_AMD_VERW_CLEAR}, .actions = SPECULATION_LEAVE_BUFFERS,
             .crosses_threads = true, .text = "VERW before ring 3"},
        },
        .open = NO_MICROCODE,
    },
};
/* clang-format on */
