/*
 * Guest registers: those that VT-x does not switch (virt/unswitched.def has them all), and CR0, CR4
 * and EFER with the bits that it fixes.
 */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/syscall.h"
#include "arch/x86_64/ept/ept.h"
#include "arch/x86_64/vmx/instructions.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/guest.h"
#include "kernel/page_table.h"
#include "kernel/space.h"

/* ---- what hardware does not switch */

void vmx_registers_save(struct cpu *cpu, struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    (void)cpu;
    if (!arch->is_registers_loaded)
        return;
    arch->is_registers_loaded = false;
    arch->cr2 = asm_read_cr2();
    arch->msrs.kernel_gs_base = asm_rdmsr(MSR_KERNEL_GS_BASE);
    if (vmx_controls.has_rdtscp && arch->msrs.tsc_aux != 0)
        asm_wrmsr(MSR_TSC_AUX, 0); /* what threads see */
    if (arch->uses_debug) {
        arch->dr[0] = asm_read_dr0();
        arch->dr[1] = asm_read_dr1();
        arch->dr[2] = asm_read_dr2();
        arch->dr[3] = asm_read_dr3();
        arch->dr6 = asm_read_dr6();
    }
}

static void load_debug(const struct arch_vcpu *arch) {
    asm_write_dr0(arch->dr[0]);
    asm_write_dr1(arch->dr[1]);
    asm_write_dr2(arch->dr[2]);
    asm_write_dr3(arch->dr[3]);
    asm_write_dr6(arch->dr6);
}

void vmx_registers_load(struct cpu *cpu, struct vcpu *vcpu) {
    struct arch_vcpu *arch = &vcpu->arch;
    (void)cpu;
    arch->is_registers_loaded = true;
    asm_write_cr2(arch->cr2);
    asm_wrmsr(MSR_KERNEL_GS_BASE, arch->msrs.kernel_gs_base);
    if (vmx_controls.has_rdtscp && arch->msrs.tsc_aux != 0)
        asm_wrmsr(MSR_TSC_AUX, arch->msrs.tsc_aux);
    if (!arch->uses_debug)
        return;
    /* Without a breakpoint enabled the guest may well be done with them. */
    if ((vmcs_read(GUEST_DR7) & 0xff) != 0) {
        load_debug(arch);
        return;
    }
    arch->uses_debug = false;
    vmx_set_processor_control(vcpu, PROCESSOR_MOV_DR, true);
}

void vmx_debug_use(struct vcpu *vcpu) {
    if (vcpu->arch.uses_debug)
        return;
    vcpu->arch.uses_debug = true;
    load_debug(&vcpu->arch);
    vmx_set_processor_control(vcpu, PROCESSOR_MOV_DR, false);
}

void vcpu_load_tsc_aux(struct vcpu *vcpu) {
    if (vmx_controls.has_rdtscp && vcpu->arch.is_registers_loaded)
        asm_wrmsr(MSR_TSC_AUX, vcpu->arch.msrs.tsc_aux);
}

void vcpu_load_syscall(struct vcpu *vcpu) {
    vcpu->arch.uses_syscall = true;
    syscall_load_guest(cpu_self(), vcpu->arch.star, vcpu->arch.lstar, vcpu->arch.fmask);
}

/* ---- controls */

void vmx_set_processor_control(struct vcpu *vcpu, uint32_t bit, bool is_on) {
    uint32_t value = is_on ? vcpu->arch.processor | bit : vcpu->arch.processor & ~bit;
    if (value == vcpu->arch.processor)
        return;
    vcpu->arch.processor = value;
    vmcs_write_32(PROCESSOR_CONTROLS, value);
}

void vmx_flush_vpid(const struct vcpu *vcpu) {
    vmx_invvpid(INVVPID_SINGLE, vcpu->arch.vpid);
}

/* ---- CR0 */

/* Bits whose writes exit: those that VMX fixes, caching (guests cannot switch the host's caches
 * off), and what no processor has. */
static uint64_t cr0_mask(void) {
    return ~((uint64_t)CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_WP | CR0_AM | CR0_PG) |
           vmx_cr0_fixed;
}

uint64_t vmx_guest_cr0(const struct vcpu *vcpu) {
    (void)vcpu;
    uint64_t mask = cr0_mask();
    return (vmcs_read(GUEST_CR0) & ~mask) | (vmcs_read(CR0_SHADOW) & mask);
}

void vmx_load_cr0(struct vcpu *vcpu, uint64_t value) {
    (void)vcpu;
    vmcs_write(CR0_MASK, cr0_mask());
    vmcs_write(CR0_SHADOW, value);
    vmcs_write(GUEST_CR0, (value & ~((uint64_t)CR0_CD | CR0_NW)) | vmx_cr0_fixed | CR0_ET);
}

/* PAE paging keeps four entries in the processor, loaded when it begins (SDM Vol. 3, 4.4.1 "PDPTE
 * Registers"). False: one is not valid, #GP. */
static bool load_pdptes(const struct vcpu *vcpu) {
    const struct space *space = vcpu->guest->space;
    uint64_t address = vmcs_read(GUEST_CR3) & 0xffffffe0;
    struct page_table table = {.format = space->format, .root = space->root};
    struct page_table_entry entry;
    if (!page_table_lookup(&table, address & ~(PAGE_SIZE - 1), &entry))
        return false;
    const uint64_t *source = arch_memory_at(entry.physical + (address & (PAGE_SIZE - 1)));
    uint64_t value[4];
    uint64_t reserved = 0x1e6 | ~((1ull << cpu_features.physical_bits) - 1);
    for (uint32_t i = 0; i < 4; i++) {
        value[i] = __atomic_load_n(&source[i], __ATOMIC_RELAXED);
        if ((value[i] & 1) != 0 && (value[i] & reserved) != 0)
            return false;
    }
    vmcs_write_64(GUEST_PDPTE_0, value[0]);
    vmcs_write_64(GUEST_PDPTE_1, value[1]);
    vmcs_write_64(GUEST_PDPTE_2, value[2]);
    vmcs_write_64(GUEST_PDPTE_3, value[3]);
    return true;
}

static void set_long_mode(bool is_on) {
    uint64_t efer = vmcs_read_64(GUEST_EFER);
    uint32_t entry = vmcs_read_32(ENTRY_CONTROLS);
    vmcs_write_64(GUEST_EFER, is_on ? efer | EFER_LMA : efer & ~(uint64_t)EFER_LMA);
    vmcs_write_32(ENTRY_CONTROLS, is_on ? entry | ENTRY_IA32E_MODE : entry & ~ENTRY_IA32E_MODE);
}

#define RIGHTS_LONG (1u << 13) /* CS.L */
#define CR0_DEFINED                                                                             \
    ((uint64_t)CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | \
     CR0_CD | CR0_PG)

/* MOV to CR0, as SDM Vol. 2 "MOV - Move to/from Control Registers" and Vol. 3, 10.8.5 say. */
bool vmx_write_cr0(struct vcpu *vcpu, uint64_t value) {
    uint64_t old = vmx_guest_cr0(vcpu);
    uint64_t efer = vmcs_read_64(GUEST_EFER);
    uint64_t cr4 = vmcs_read(GUEST_CR4);
    bool is_long_code = (efer & EFER_LMA) != 0 &&
                        (vmcs_read_32(GUEST_CS_RIGHTS) & RIGHTS_LONG) != 0;
    if (value >> 32 != 0 || ((value & CR0_PG) != 0 && (value & CR0_PE) == 0) ||
        ((value & CR0_NW) != 0 && (value & CR0_CD) == 0))
        return false;
    value = (value & CR0_DEFINED) | CR0_ET; /* other bits stay 0 whatever is written */
    bool begins_paging = (value & CR0_PG) != 0 && (old & CR0_PG) == 0;
    bool ends_paging = (value & CR0_PG) == 0 && (old & CR0_PG) != 0;
    if (begins_paging && (efer & EFER_LME) != 0 &&
        ((cr4 & CR4_PAE) == 0 || (vmcs_read_32(GUEST_CS_RIGHTS) & RIGHTS_LONG) != 0))
        return false;
    if (begins_paging && (efer & EFER_LME) == 0 && (cr4 & CR4_PAE) != 0 && !load_pdptes(vcpu))
        return false;
    if (ends_paging && (is_long_code || (cr4 & CR4_PCIDE) != 0))
        return false;
    if (begins_paging && (efer & EFER_LME) != 0)
        set_long_mode(true);
    if (ends_paging && (efer & EFER_LMA) != 0)
        set_long_mode(false);
    vmx_load_cr0(vcpu, value);
    if (((value ^ old) & (CR0_PG | CR0_WP | CR0_PE)) != 0)
        vmx_flush_vpid(vcpu);
    return true;
}

/* ---- CR4 */

static uint64_t cr4_mask(const struct vcpu *vcpu) {
    /* MCE stays on for the host: a machine check with MCE = 0 shuts the processor down. */
    return ~vcpu->guest->arch.cr4_allowed | CR4_MCE | vmx_cr4_fixed;
}

uint64_t vcpu_get_cr4(const struct vcpu *vcpu) {
    uint64_t mask = cr4_mask(vcpu);
    return (vmcs_read(GUEST_CR4) & ~mask) | (vmcs_read(CR4_SHADOW) & mask);
}

void vmx_load_cr4(struct vcpu *vcpu, uint64_t value) {
    vmcs_write(CR4_MASK, cr4_mask(vcpu));
    vmcs_write(CR4_SHADOW, value);
    vmcs_write(GUEST_CR4, value | CR4_MCE | vmx_cr4_fixed);
}

bool vmx_write_cr4(struct vcpu *vcpu, uint64_t value) {
    uint64_t old = vcpu_get_cr4(vcpu);
    uint64_t efer = vmcs_read_64(GUEST_EFER);
    bool is_long = (efer & EFER_LMA) != 0;
    bool is_paging = (vmcs_read(GUEST_CR0) & CR0_PG) != 0;
    if ((value & ~vcpu->guest->arch.cr4_allowed) != 0 || (is_long && (value & CR4_PAE) == 0))
        return false;
    if ((value & CR4_PCIDE) != 0 && (old & CR4_PCIDE) == 0 &&
        (!is_long || (vmcs_read(GUEST_CR3) & 0xfff) != 0))
        return false;
    bool reloads = is_paging && !is_long && (value & CR4_PAE) != 0 &&
                   ((value ^ old) & (CR4_PAE | CR4_PSE | CR4_PGE | CR4_SMEP)) != 0;
    if (reloads && !load_pdptes(vcpu))
        return false;
    vmx_load_cr4(vcpu, value);
    vmx_flush_vpid(vcpu);
    return true;
}

/* ---- MSRs with a place in the VMCS */

uint64_t vcpu_get_efer(const struct vcpu *vcpu) {
    (void)vcpu;
    return vmcs_read_64(GUEST_EFER);
}

bool vcpu_set_efer(struct vcpu *vcpu, uint64_t value) {
    uint64_t old = vmcs_read_64(GUEST_EFER);
    if ((value & ~(vcpu->guest->arch.efer_allowed | EFER_LMA)) != 0)
        return false;
    if (((value ^ old) & EFER_LME) != 0 && (vmcs_read(GUEST_CR0) & CR0_PG) != 0)
        return false;
    vmcs_write_64(GUEST_EFER, (value & ~(uint64_t)EFER_LMA) | (old & EFER_LMA));
    if (((value ^ old) & EFER_NXE) != 0)
        vmx_flush_vpid(vcpu);
    if ((value & EFER_SCE) != 0)
        vcpu_load_syscall(vcpu);
    return true;
}

uint64_t vcpu_get_pat(const struct vcpu *vcpu) {
    (void)vcpu;
    return vmcs_read_64(GUEST_PAT);
}

void vcpu_set_pat(struct vcpu *vcpu, uint64_t value) {
    vmcs_write_64(GUEST_PAT, value);
    vmx_flush_vpid(vcpu);
}

uint64_t vcpu_get_debugctl(const struct vcpu *vcpu) {
    (void)vcpu;
    return vmcs_read_64(GUEST_DEBUGCTL);
}

void vcpu_set_debugctl(struct vcpu *vcpu, uint64_t value) {
    (void)vcpu;
    vmcs_write_64(GUEST_DEBUGCTL, value);
}

void vcpu_load_clock(struct vcpu *vcpu) {
    vmcs_write_64(TSC_OFFSET, vcpu->arch.lapic.tsc_offset);
}

uint8_t vcpu_privilege(const struct vcpu *vcpu) {
    (void)vcpu;
    return vmcs_read_32(GUEST_SS_RIGHTS) >> 5 & 3;
}

/* ---- for the VMM's decoder */

void vmx_fill_decode_state(struct vcpu *vcpu) {
    struct vcpu_page *page = vcpu->page;
    page->cr0 = vmx_guest_cr0(vcpu);
    page->cr3 = vmcs_read(GUEST_CR3);
    page->cr4 = vcpu_get_cr4(vcpu);
    page->efer = vmcs_read_64(GUEST_EFER);
    page->cs_base = vmcs_read(GUEST_CS_BASE);
    page->ss_base = vmcs_read(GUEST_SS_BASE);
    page->ds_base = vmcs_read(GUEST_DS_BASE);
    page->es_base = vmcs_read(GUEST_ES_BASE);
    page->fs_base = vmcs_read(GUEST_FS_BASE);
    page->gs_base = vmcs_read(GUEST_GS_BASE);
    uint32_t rights = vmcs_read_32(GUEST_CS_RIGHTS);
    page->cs_attributes = (rights & 0xf0ff) | (rights >> 16 & 1) << 8;
    page->cpl = vcpu_privilege(vcpu);
}
