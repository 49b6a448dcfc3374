/* The entry check on real hardware: fields by VMREAD, facts from MSRs and CPUID. */
#include "arch/x86_64/vmx/entry_report.h"

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/mm/format.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "arch/x86_64/mm/layout.h"
#include "arch/x86_64/vmx/instructions.h"
#include "kernel/arch.h"
#include "kernel/guest.h"
#include "kernel/log.h"
#include "kernel/page_table.h"
#include "kernel/partition.h"

/* ---- the state */

static uint64_t read_field(void *context, uint32_t encoding) {
    uint64_t value;
    (void)context;
    return vmx_try_read(encoding, &value) ? value : 0;
}

#define LOWER_48 0x0000ffffffffffffull /* the walker wants addresses without their sign */

/* An address may be broken: what the direct map leaves out is no memory. */
static bool read_memory(void *context, uint64_t address, uint64_t *value) {
    const struct page_table table = {.format = format_kernel(), .root = kernel_space_root()};
    struct page_table_entry entry;
    (void)context;
    if (address >= LAYOUT_DIRECT_MAP_END - LAYOUT_DIRECT_MAP || address % 8 != 0 ||
        !page_table_lookup(&table, (LAYOUT_DIRECT_MAP + address) & LOWER_48, &entry))
        return false;
    *value = __atomic_load_n((const uint64_t *)arch_memory_at(address), __ATOMIC_RELAXED);
    return true;
}

const struct entry_source entry_hardware = {read_field, read_memory, NULL};

/* ---- the processor */

static uint64_t read_if_exists(enum msr msr) {
    return msr_exists(msr) ? asm_rdmsr(msr) : 0;
}

/* CPUID leaf 0Ah: a bit for each counter. SDM Vol. 3, 20.2.2 "Architectural Performance Monitoring
 * Version 2" */
static uint64_t perf_global_ctrl(void) {
    uint32_t eax, ebx, ecx, edx;
    if (cpu_features.basic_leaf < 0xa)
        return 0;
    asm_cpuid(0xa, 0, &eax, &ebx, &ecx, &edx);
    if ((eax & 0xff) < 2)
        return 0;
    uint64_t general = (1ull << (eax >> 8 & 0x1f)) - 1;
    uint64_t fixed = (1ull << (edx & 0x1f)) - 1;
    return general | fixed << 32;
}

/* SDM Vol. 3, 18.4.1 "IA32_DEBUGCTL MSR" */
#define DEBUGCTL_ALWAYS   0x7fc3ull
#define DEBUGCTL_BUS_LOCK 0x0004ull
#define DEBUGCTL_RTM      0x8000ull

/* IA32_RTIT_CTL, IA32_LBR_CTL: every bit that the manual defines. Vol. 3, 33.2.8.2; Vol. 4, 2.1 */
#define RTIT_CTL 0x0180ffff8f7bffffull
#define LBR_CTL  0x7f000full

static uint64_t flags(void) {
    uint64_t value = ENTRY_FLAG_LONG_MODE;
    if ((asm_rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC) != 0)
        value |= ENTRY_FLAG_X2APIC;
    if (cpu_has(FEATURE_RTM))
        value |= ENTRY_FLAG_RTM;
    if (cpu_has(FEATURE_BUS_LOCK))
        value |= ENTRY_FLAG_BUS_LOCK;
    if (cpu_has(FEATURE_SGX))
        value |= ENTRY_FLAG_SGX;
    return value;
}

#define BASIC_TRUE_CONTROLS (1ull << 55)

void entry_facts_read(struct entry_facts *facts, uint64_t vmcs) {
    uint64_t basic = asm_rdmsr(MSR_VMX_BASIC);
    bool has_true = (basic & BASIC_TRUE_CONTROLS) != 0;
    *facts = (struct entry_facts){
        .pin = asm_rdmsr(has_true ? MSR_VMX_TRUE_PINBASED : MSR_VMX_PINBASED),
        .processor = asm_rdmsr(has_true ? MSR_VMX_TRUE_PROCBASED : MSR_VMX_PROCBASED),
        .secondary = read_if_exists(MSR_VMX_PROCBASED2),
        .exit = asm_rdmsr(has_true ? MSR_VMX_TRUE_EXIT : MSR_VMX_EXIT),
        .entry = asm_rdmsr(has_true ? MSR_VMX_TRUE_ENTRY : MSR_VMX_ENTRY),
        .tertiary = read_if_exists(MSR_VMX_PROCBASED3),
        .exit_secondary = read_if_exists(MSR_VMX_EXIT2),
        .functions = read_if_exists(MSR_VMX_VMFUNC),
        .basic = basic,
        .misc = asm_rdmsr(MSR_VMX_MISC),
        .ept_vpid = read_if_exists(MSR_VMX_EPT_VPID_CAP),
        .cr0_fixed_0 = asm_rdmsr(MSR_VMX_CR0_FIXED0),
        .cr0_fixed_1 = asm_rdmsr(MSR_VMX_CR0_FIXED1),
        .cr4_fixed_0 = asm_rdmsr(MSR_VMX_CR4_FIXED0),
        .cr4_fixed_1 = asm_rdmsr(MSR_VMX_CR4_FIXED1),
        .efer = (uint64_t)EFER_SCE | EFER_LME | EFER_LMA | (cpu_has(FEATURE_NX) ? EFER_NXE : 0),
        .debugctl = DEBUGCTL_ALWAYS | (cpu_has(FEATURE_BUS_LOCK) ? DEBUGCTL_BUS_LOCK : 0) |
                    (cpu_has(FEATURE_RTM) ? DEBUGCTL_RTM : 0),
        .perf_global_ctrl = perf_global_ctrl(),
        .rtit_ctl = RTIT_CTL,
        .lbr_ctl = LBR_CTL,
        .vmcs = vmcs,
        .physical_bits = cpu_features.physical_bits,
        .linear_bits = cpu_features.linear_bits,
        .flags = flags(), /* never in SMM; nobody switches processor trace on */
    };
}

/* ---- the report */

/* A VMM can fail as often as it likes: the log gets a line a second. */
static bool may_log(void) {
    static uint64_t next;
    uint64_t now = arch_ticks();
    uint64_t due = __atomic_load_n(&next, __ATOMIC_RELAXED);
    return now >= due && __atomic_compare_exchange_n(&next, &due, now + arch_ticks_per_second(),
                                                     false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

bool entry_report(struct vcpu *vcpu, enum entry_area area) {
    struct vcpu_exit *exit = &vcpu->page->exit;
    struct entry_facts facts;
    const struct entry_rule *rule;
    entry_facts_read(&facts, vcpu->arch.vmcs);
    if (entry_check(&facts, &entry_hardware, area, &rule, 1) == 0)
        return false;
    /* Put together here: the VMM can write to its page at any time. */
    char text[ENTRY_TEXT_SIZE];
    entry_check_text(rule, &entry_hardware, text);
    exit->failed.rule = entry_rule_number(rule);
    for (uint32_t i = 0; i < ENTRY_TEXT_SIZE; i++)
        exit->failed.text[i] = text[i];
    if (may_log())
        log_line("partition %s: vCPU %u is not entered, by rule %u of %s: %s",
                 vcpu->guest->object.owner->name, vcpu->index, entry_rule_number(rule),
                 entry_rule_section(rule), text);
    return true;
}

_Static_assert(sizeof(((struct vcpu_exit *)0)->failed.text) == ENTRY_TEXT_SIZE,
               "the text of a failed entry");
