/* This computer's weaknesses, and the registers that stand against them. */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/speculation.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/print.h"
#include "kernel/string.h"

#define SEALED __attribute__((section(".sealed")))

/* IA32_TSX_CTRL, IA32_MCU_OPT_CTRL: Intel, "CPUID Enumeration and Architectural MSRs" */
#define TSX_CTRL_RTM_DISABLE 1u
#define TSX_CTRL_CPUID_CLEAR 2u
#define MCU_OPT_RNGDS_OFF    (1u << 0)
#define MCU_OPT_FB_CLEAR_OFF (1u << 3)
#define MCU_OPT_GDS_OFF      (1u << 4)
/* AMD: "Software Techniques for Managing Speculation on AMD Processors" (LFENCE), AMD-SB-7008, and
 * "Speculative Store Bypass Disable" */
#define DE_CFG_LFENCE_ORDERS (1u << 1)
#define DE_CFG_ZENBLEED      (1u << 9)
#define LS_CFG_SSBD          (1u << 10)

uint32_t speculation_actions SEALED;
uint32_t speculation_control_kernel SEALED;
uint32_t speculation_control_user SEALED;
const uint16_t speculation_selector = SELECTOR_KERNEL_DATA;

static struct speculation_verdict verdicts[WEAKNESS_COUNT] SEALED;
static enum speculation_mitigations mitigations SEALED;
static bool is_option_known SEALED;

/* ---- facts */

/* How many low bits of an APIC id number the threads of a core. SDM Vol. 3, 9.9.3 "Hierarchical ID
 * of Logical Processors in an MP System"; AMD64 Architecture Programmer's Manual Vol. 3, E.4.19. */
static uint32_t thread_bits(void) {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (cpu_features.basic_leaf >= 0xb) {
        asm_cpuid(0xb, 0, &eax, &ebx, &ecx, &edx);
        if (ebx != 0)
            return eax & 0x1f;
    }
    if (cpu_features.extended_leaf < 0x8000001e)
        return 0;
    asm_cpuid(0x8000001e, 0, &eax, &ebx, &ecx, &edx);
    return (ebx >> 8 & 0xff) != 0 ? 1 : 0;
}

static bool has_siblings(const struct boot_info *info) {
    const struct boot_cpu *rows = arch_memory_at(info->cpu);
    uint32_t bits = thread_bits();
    for (uint32_t i = 0; bits != 0 && i < info->cpu_count; i++)
        for (uint32_t k = i + 1; k < info->cpu_count; k++)
            if ((rows[i].flags & rows[k].flags & BOOT_CPU_ENABLED) != 0 &&
                rows[i].apic_id >> bits == rows[k].apic_id >> bits)
                return true;
    return false;
}

void speculation_init(const struct boot_info *info) {
    mitigations = speculation_option(arch_memory_at(info->command_line), &is_option_known);
    struct speculation_facts facts = {
        .features = &cpu_features,
        .capabilities = msr_exists(MSR_ARCH_CAPABILITIES) ? asm_rdmsr(MSR_ARCH_CAPABILITIES) : 0,
        .has_siblings = has_siblings(info),
        .mitigations = mitigations,
    };
    speculation_actions = speculation_evaluate(&facts, verdicts);
    speculation_control_kernel = speculation_control(speculation_actions);
    speculation_control_user = speculation_control(speculation_actions &
                                                   ~(uint32_t)SPECULATION_ENTER_IBRS);
}

/* ---- registers that are written once on each CPU */

static void set_bits(enum msr msr, uint64_t bits) {
    uint64_t value = asm_rdmsr(msr);
    if ((value & bits) != bits)
        asm_wrmsr(msr, value | bits);
}

static void clear_bits(enum msr msr, uint64_t bits) {
    uint64_t value = asm_rdmsr(msr);
    if ((value & bits) != 0)
        asm_wrmsr(msr, value & ~bits);
}

void speculation_init_cpu(void) {
    if (speculation_control_kernel != 0)
        asm_wrmsr(MSR_SPEC_CTRL, speculation_control_kernel);
    if (speculation_does(SPECULATION_SET_AUTO_IBRS))
        set_bits(MSR_EFER, EFER_AUTO_IBRS);
    if (speculation_does(SPECULATION_SET_TSX_OFF))
        set_bits(MSR_TSX_CTRL, TSX_CTRL_RTM_DISABLE | TSX_CTRL_CPUID_CLEAR);
    if (speculation_does(SPECULATION_SET_MICROCODE))
        clear_bits(MSR_MCU_OPT_CTRL, MCU_OPT_RNGDS_OFF | MCU_OPT_FB_CLEAR_OFF | MCU_OPT_GDS_OFF);
    if (speculation_does(SPECULATION_SET_ZENBLEED))
        set_bits(MSR_AMD_DE_CFG, DE_CFG_ZENBLEED);
    if (speculation_does(SPECULATION_SET_LS_CFG))
        set_bits(MSR_AMD_LS_CFG, LS_CFG_SSBD);
    /* Every kernel entry relies on LFENCE. */
    if (speculation_does(SPECULATION_AT_EXIT) && cpu_has(FEATURE_AMD_BARE) &&
        !cpu_has(FEATURE_AMD_LFENCE_ORDERS))
        set_bits(MSR_AMD_DE_CFG, DE_CFG_LFENCE_ORDERS);
}

/* ---- between partitions */

void speculation_switch(struct cpu *cpu, uint64_t partition) {
    if (cpu->arch.predictions_of == partition)
        return;
    cpu->arch.predictions_of = partition;
    if (speculation_does(SPECULATION_SWITCH_IBPB))
        asm_wrmsr(MSR_PRED_CMD, PRED_CMD_BIT_IBPB);
    if (speculation_does(SPECULATION_SWITCH_RETURNS))
        speculation_fill();
}

/* ---- for people */

bool arch_speculation_info(uint32_t index, struct speculation_info *info) {
    if (index >= WEAKNESS_COUNT)
        return false;
    const struct weakness_row *row = &weakness_rows[index];
    const struct speculation_verdict *verdict = &verdicts[index];
    *info = (struct speculation_info){.state = verdict->verdict};
    print_format(info->name, sizeof info->name, "%s", row->name);
    print_format(info->identifier, sizeof info->identifier, "%s", row->cve);
    if (verdict->reason != NULL)
        print_format(info->reason, sizeof info->reason, "%s", verdict->reason);
    return true;
}

#define OPEN_TEXT_SIZE 256u

void speculation_report(void) {
    static const char *const names[] = {
        [MITIGATIONS_AUTO] = "auto", [MITIGATIONS_OFF] = "off", [MITIGATIONS_ALL] = "all"};
    uint32_t open = 0, mitigated = 0;
    for (uint32_t i = 0; i < WEAKNESS_COUNT; i++) {
        open += verdicts[i].verdict == SPECULATION_OPEN;
        mitigated += verdicts[i].verdict == SPECULATION_MITIGATED;
    }
    if (!is_option_known)
        log_line("mitigations= knows auto, off and all: it is auto");
    log_line("speculation: mitigations %s (%x), of %u weaknesses %u mitigated, %u open",
             names[mitigations], speculation_actions, (uint32_t)WEAKNESS_COUNT, mitigated, open);
    if (mitigations == MITIGATIONS_OFF)
        return; /* they are open because somebody wanted so */
    /* All 21 names fit a line of the log. */
    char text[OPEN_TEXT_SIZE];
    size_t length = 0;
    for (uint32_t i = 0; i < WEAKNESS_COUNT; i++)
        if (verdicts[i].verdict == SPECULATION_OPEN)
            length += print_format(text + length, sizeof text - length, "%s%s",
                                   length == 0 ? "" : ", ", weakness_rows[i].name);
    if (length > 0)
        log_line("speculation: open: %s; `info` says why", text);
}
