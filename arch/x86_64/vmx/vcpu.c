/* A vCPU's VMCS: creation, loading, the host's part of it, reset. */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/speculation.h"
#include "arch/x86_64/cpu/tables.h"
#include "arch/x86_64/ept/ept.h"
#include "arch/x86_64/vmx/instructions.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/guest.h"
#include "kernel/partition.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/thread.h"

/* ---- VPIDs */

#define VPID_COUNT 65536u
static uint64_t vpid_used[VPID_COUNT / 64] = {1}; /* 0 is the host's; under kernel_lock */

/* 0: none is left. Stale translations under a number used before are dropped when it is loaded. */
static uint16_t vpid_allocate(void) {
    for (uint32_t i = 0; i < VPID_COUNT / 64; i++) {
        if (vpid_used[i] == UINT64_MAX)
            continue;
        uint32_t bit = (uint32_t)__builtin_ctzll(~vpid_used[i]);
        vpid_used[i] |= 1ull << bit;
        return (uint16_t)(i * 64 + bit);
    }
    return 0;
}

static void vpid_free(uint16_t vpid) {
    if (vpid != 0)
        vpid_used[vpid / 64] &= ~(1ull << (vpid % 64));
}

/* ---- loading */

static void load_host_fields(struct cpu *cpu) {
    vmcs_write(HOST_CR0, asm_read_cr0() | CR0_TS); /* the guest's extended state stays loaded */
    vmcs_write(HOST_CR4, asm_read_cr4());
    vmcs_write_16(HOST_CS_SELECTOR, SELECTOR_KERNEL_CODE);
    vmcs_write_16(HOST_SS_SELECTOR, SELECTOR_KERNEL_DATA);
    vmcs_write_16(HOST_DS_SELECTOR, 0);
    vmcs_write_16(HOST_ES_SELECTOR, 0);
    vmcs_write_16(HOST_FS_SELECTOR, 0);
    vmcs_write_16(HOST_GS_SELECTOR, 0);
    vmcs_write_16(HOST_TR_SELECTOR, SELECTOR_TASK);
    struct descriptor_pointer idtr;
    __asm__("sidt %0" : "=m"(idtr));
    vmcs_write(HOST_IDTR_BASE, idtr.base);
    vmcs_write(HOST_GDTR_BASE, (uint64_t)cpu->arch.tables->gdt);
    vmcs_write(HOST_TR_BASE, (uint64_t)&cpu->arch.tables->task);
    vmcs_write_32(HOST_SYSENTER_CS, 0);
    vmcs_write(HOST_SYSENTER_ESP, 0);
    vmcs_write(HOST_SYSENTER_EIP, 0);
    vmcs_write_64(HOST_EFER, asm_rdmsr(MSR_EFER));
    vmcs_write_64(HOST_PAT, asm_rdmsr(MSR_PAT));
    vmcs_write(HOST_RSP, cpu->arch.stack_top - 8 * VMX_STACK_SLOTS);
    bool is_guarded = speculation_does(SPECULATION_AT_GUEST);
    vmcs_write(HOST_RIP, (uint64_t)(is_guarded ? vmx_exit_point_guarded : vmx_exit_point));
}

/* Makes the VMCS current; the caller has seen to it that no other CPU has it. */
static void make_current(struct cpu *cpu, struct vcpu *vcpu) {
    struct vcpu *before = cpu->arch.vcpu;
    if (before != NULL && before != vcpu)
        vmx_registers_save(cpu, before);
    vmx_load(vcpu->arch.vmcs);
    cpu->arch.vcpu = vcpu;
    if (vcpu->loaded_on == cpu)
        return;
    __atomic_store_n(&vcpu->loaded_on, cpu, __ATOMIC_RELEASE);
    vmx_flush_vpid(vcpu); /* this CPU may have translations from another time or another owner */
    load_host_fields(cpu);
    /* Values that no thread has: they are written when one runs. */
    vcpu->arch.host_cr3 = UINT64_MAX;
    vcpu->arch.host_fs_base = UINT64_MAX;
}

static void unload(void *argument) {
    arch_vcpu_unload(argument);
}

void arch_vcpu_unload(struct vcpu *vcpu) {
    struct cpu *cpu = cpu_self();
    if (vcpu->loaded_on != cpu)
        return;
    vmx_registers_save(cpu, vcpu);
    if (cpu->arch.xstate == &vcpu->arch.xstate)
        xstate_save(cpu);
    vmx_clear(vcpu->arch.vmcs);
    vcpu->arch.is_launched = false;
    if (cpu->arch.vcpu == vcpu)
        cpu->arch.vcpu = NULL;
    __atomic_store_n(&vcpu->loaded_on, NULL, __ATOMIC_RELEASE);
}

void vmx_vcpu_load(struct cpu *cpu, struct vcpu *vcpu) {
    if (cpu->arch.vcpu == vcpu)
        return;
    struct cpu *other = __atomic_load_n(&vcpu->loaded_on, __ATOMIC_ACQUIRE);
    if (other != NULL && other != cpu) {
        if (!kernel_lock_acquire_unless_held())
            sched_run();
        cpu_call_one(other, unload, vcpu);
        kernel_lock_release();
    }
    make_current(cpu, vcpu);
}

void vmx_vcpu_load_for_call(struct vcpu *vcpu) {
    struct cpu *cpu = cpu_self();
    struct cpu *other = __atomic_load_n(&vcpu->loaded_on, __ATOMIC_ACQUIRE);
    if (other != NULL && other != cpu)
        cpu_call_one(other, unload, vcpu);
    if (cpu->arch.vcpu != vcpu)
        make_current(cpu, vcpu);
}

void vcpu_thread_leave(struct cpu *cpu) {
    struct vcpu *vcpu = cpu->arch.vcpu;
    if (vcpu == NULL)
        return;
    vmx_registers_save(cpu, vcpu);
    if (vcpu->arch.running_on == cpu)
        __atomic_store_n(&vcpu->arch.running_on, NULL, __ATOMIC_RELEASE);
}

/* ---- fields that stay */

/* #MC is the host's. #DB and #AC can keep a processor from ever leaving the guest if their own
 * delivery raises them again (CVE-2015-5307, CVE-2015-8104): each passes through here. */
#define EXCEPTIONS (1u << 1 | 1u << 17 | 1u << 18)

static void load_constant_fields(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    arch->processor = vmx_controls.processor;
    vmcs_write_32(PIN_BASED_CONTROLS, vmx_controls.pin);
    vmcs_write_32(PROCESSOR_CONTROLS, arch->processor);
    vmcs_write_32(SECONDARY_CONTROLS, vmx_controls.secondary);
    vmcs_write_32(EXIT_CONTROLS, vmx_controls.exit);
    vmcs_write_32(ENTRY_CONTROLS, vmx_controls.entry);
    vmcs_write_32(EXCEPTION_BITMAP, EXCEPTIONS);
    vmcs_write_32(PAGE_FAULT_MASK, 0);
    vmcs_write_32(PAGE_FAULT_MATCH, 0);
    vmcs_write_32(CR3_TARGET_COUNT, 0);
    vmcs_write_32(EXIT_MSR_STORE_COUNT, 0);
    vmcs_write_32(EXIT_MSR_LOAD_COUNT, 0);
    vmcs_write_32(ENTRY_MSR_LOAD_COUNT, 0);
    vmcs_write_32(ENTRY_EVENT, 0);
    vmcs_write_64(IO_BITMAP_A, vmx_io_bitmap[0]);
    vmcs_write_64(IO_BITMAP_B, vmx_io_bitmap[1]);
    vmcs_write_64(MSR_BITMAPS, vmx_msr_bitmap[VMX_BITMAP_NO_X2APIC]);
    vmcs_write_64(VMCS_LINK_POINTER, UINT64_MAX);
    vmcs_write_64(EPT_POINTER, ept_pointer(vcpu->guest->space->root));
    vmcs_write_16(VPID, arch->vpid);
    if (vmx_controls.has_tpr_shadow) {
        vmcs_write_64(VIRTUAL_APIC_ADDRESS, arch_memory_physical(arch->lapic.page));
        vmcs_write_32(TPR_THRESHOLD, 0);
    }
    if (vmx_controls.has_preemption_timer)
        vmcs_write_32(PREEMPTION_TIMER, vmx_stay_limit);
}

/* ---- state after reset: SDM Vol. 3, 10.1.1 "Processor State After Reset", table 10-1 */

#define RIGHTS_CODE 0x9bu /* present, accessed, readable code */
#define RIGHTS_DATA 0x93u
#define RIGHTS_LDT  0x82u
#define RIGHTS_TSS  0x8bu

static void reset_segments(void) {
    static const uint32_t rights[VMCS_SEGMENT_COUNT] = {
        [VMCS_SEGMENT_ES] = RIGHTS_DATA,  [VMCS_SEGMENT_CS] = RIGHTS_CODE,
        [VMCS_SEGMENT_SS] = RIGHTS_DATA,  [VMCS_SEGMENT_DS] = RIGHTS_DATA,
        [VMCS_SEGMENT_FS] = RIGHTS_DATA,  [VMCS_SEGMENT_GS] = RIGHTS_DATA,
        [VMCS_SEGMENT_LDTR] = RIGHTS_LDT, [VMCS_SEGMENT_TR] = RIGHTS_TSS,
    };
    for (uint32_t i = 0; i < VMCS_SEGMENT_COUNT; i++) {
        vmcs_write_16(vmcs_segment_selector(i), 0);
        vmcs_write(vmcs_segment_base(i), 0);
        vmcs_write_32(vmcs_segment_limit(i), 0xffff);
        vmcs_write_32(vmcs_segment_rights(i), rights[i]);
    }
    vmcs_write_16(GUEST_CS_SELECTOR, 0xf000);
    vmcs_write(GUEST_CS_BASE, 0xffff0000);
    vmcs_write(GUEST_GDTR_BASE, 0);
    vmcs_write_32(GUEST_GDTR_LIMIT, 0xffff);
    vmcs_write(GUEST_IDTR_BASE, 0);
    vmcs_write_32(GUEST_IDTR_LIMIT, 0xffff);
}

/* What reset and INIT set alike. */
static void reset_common(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    reset_segments();
    vmx_load_cr0(vcpu, (uint64_t)CR0_CD | CR0_NW | CR0_ET);
    vmx_load_cr4(vcpu, 0);
    vmcs_write(GUEST_CR3, 0);
    vmcs_write_64(GUEST_EFER, 0);
    vmcs_write_32(ENTRY_CONTROLS, vmx_controls.entry);
    vmcs_write(GUEST_RIP, 0xfff0);
    vmcs_write(GUEST_RSP, 0);
    vmcs_write(GUEST_RFLAGS, RFLAGS_FIXED);
    vmcs_write(GUEST_DR7, DR7_NONE);
    vmcs_write_32(GUEST_INTERRUPTIBILITY, 0);
    vmcs_write_32(GUEST_ACTIVITY, 0);
    vmcs_write(GUEST_PENDING_DEBUG, 0);
    vmcs_write_32(ENTRY_EVENT, 0);
    for (uint32_t i = 0; i < GPR_COUNT; i++)
        vcpu->page->gpr[i] = 0;
    const struct guest_cpuid *row = vcpu->guest->arch.cpuid_row[0][1];
    vcpu->page->gpr[GPR_RDX] = row != NULL ? row->eax : 0x600; /* family and model */
    arch->event.info = 0;
    arch->cr2 = 0;
    for (uint32_t i = 0; i < 4; i++)
        arch->dr[i] = 0;
    arch->dr6 = DR6_NONE;
    arch->uses_debug = false;
    vmx_set_processor_control(vcpu, PROCESSOR_MOV_DR, true);
    vmx_set_processor_control(vcpu, PROCESSOR_INTERRUPT_WINDOW | PROCESSOR_NMI_WINDOW, false);
    arch->external_was_told = false;
    __atomic_store_n(&arch->nmi_count, 0, __ATOMIC_RELAXED);
    vmx_flush_vpid(vcpu);
}

#define PAT_AFTER_RESET         0x0007040600070406ull
#define MISC_ENABLE_AFTER_RESET 0x1801ull /* fast strings; no BTS, no PEBS */

void vmx_vcpu_reset_fields(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    reset_common(vcpu);
    vmcs_write_64(GUEST_PAT, PAT_AFTER_RESET);
    vmcs_write_64(GUEST_DEBUGCTL, 0);
    vmcs_write_32(GUEST_SYSENTER_CS, 0);
    vmcs_write(GUEST_SYSENTER_ESP, 0);
    vmcs_write(GUEST_SYSENTER_EIP, 0);
    arch->star = arch->lstar = arch->fmask = 0;
    arch->uses_syscall = false;
    arch->msrs = (struct vcpu_msrs){.misc_enable = MISC_ENABLE_AFTER_RESET};
    arch->activity = vcpu->index == 0 ? VCPU_ACTIVE : VCPU_WAITS_FOR_START;
    if (arch->activity != VCPU_ACTIVE)
        vcpu_add_work(vcpu, VCPU_WORK_HALTED);
    lapic_reset(&arch->lapic, vcpu->index, vcpu->index == 0, arch_ticks_per_second(),
                arch_timer_hz());
    arch->lapic.tsc_offset = 0 - vcpu->guest->clock_offset;
    vcpu_load_clock(vcpu);
    vmx_apic_choose(vcpu);
}

/* INIT: 10.4.2 "MP Initialization Protocol": the boot CPU starts over, others wait for SIPI. */
void vmx_vcpu_init_signal(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    vmx_registers_save(cpu_self(), vcpu);
    vmx_apic_to_memory(vcpu);
    reset_common(vcpu);
    vmx_registers_load(cpu_self(), vcpu);
    lapic_init_signal(&arch->lapic);
    vmx_apic_choose(vcpu);
    bool is_boot_cpu = (arch->lapic.base & APIC_BASE_BOOT_CPU) != 0;
    arch->activity = is_boot_cpu ? VCPU_ACTIVE : VCPU_WAITS_FOR_START;
    if (!is_boot_cpu)
        vcpu_add_work(vcpu, VCPU_WORK_HALTED);
}

void vmx_vcpu_start(struct vcpu *vcpu, uint8_t vector) {
    vmcs_write_16(GUEST_CS_SELECTOR, (uint16_t)(vector << 8));
    vmcs_write(GUEST_CS_BASE, (uint64_t)vector << 12);
    vmcs_write(GUEST_RIP, 0);
    vcpu->arch.activity = VCPU_ACTIVE;
}

/* ---- creation */

static uint32_t xstate_order(void) {
    uint32_t order = 0;
    while (PAGE_SIZE << order < xstate_area_size())
        order++;
    return order;
}

enum status arch_vcpu_init(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    struct partition *owner = vcpu->guest->object.owner;
    arch->tier = (uint8_t)vcpu->guest->config.local_apic;
    memcpy(vcpu->statistics.technology, "vmx", 4);
    void *vmcs = partition_page_allocate(owner);
    arch->lapic.page = partition_page_allocate(owner);
    void *area = partition_pages_allocate(owner, xstate_order());
    arch->vmcs = vmcs == NULL ? 0 : arch_memory_physical(vmcs);
    arch->xstate.area = area;
    arch->vpid = vpid_allocate();
    if (vmcs == NULL || arch->lapic.page == NULL || area == NULL || arch->vpid == 0) {
        arch_vcpu_destroy(vcpu);
        return STATUS_QUOTA;
    }
    *(uint32_t *)vmcs = vmx_revision;
    vmx_clear(arch->vmcs);
    xstate_init(&arch->xstate, area, XCR0_X87);
    arch->timer_set = LAPIC_NEVER;
    vmx_vcpu_load_for_call(vcpu);
    load_constant_fields(vcpu);
    vmx_vcpu_reset_fields(vcpu);
    return STATUS_OK;
}

void arch_vcpu_destroy(struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    struct partition *owner = vcpu->guest->object.owner;
    xstate_changed(&arch->xstate);
    if (arch->vmcs != 0)
        partition_page_free(owner, arch_memory_at(arch->vmcs));
    if (arch->lapic.page != NULL)
        partition_page_free(owner, arch->lapic.page);
    if (arch->xstate.area != NULL)
        partition_pages_free(owner, arch->xstate.area, xstate_order());
    vpid_free(arch->vpid);
}
