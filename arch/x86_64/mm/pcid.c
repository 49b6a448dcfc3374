#include "arch/x86_64/mm/pcid.h"

#include <stdint.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "kernel/cpu.h"
#include "kernel/space.h"

/* Bit 63 of what is written to CR3: keep what is cached under this PCID. SDM Vol. 3, 4.10.4.1. */
#define CR3_KEEP (1ull << 63)

void pcid_init_cpu(struct cpu *cpu) {
    cpu->arch.cr3 = asm_read_cr3();
    cpu->arch.space = 0;
    /* CR3's low bits are 0 now, as setting PCIDE demands: SDM Vol. 3, 4.10.1. */
    if (cpu_has(FEATURE_PCID))
        asm_write_cr4(asm_read_cr4() | CR4_PCIDE);
}

/* PCID 0 is the kernel's own root; slot n has PCID n + 1. */
static uint64_t choose(struct arch_cpu *arch, uint64_t id, uint64_t *keep) {
    for (uint32_t slot = 0; slot < ARCH_PCID_COUNT; slot++) {
        if (arch->pcid_space[slot] == id) {
            *keep = CR3_KEEP;
            return slot + 1;
        }
    }
    uint32_t slot = arch->pcid_next;
    arch->pcid_next = (slot + 1) % ARCH_PCID_COUNT;
    arch->pcid_space[slot] = id;
    *keep = 0;
    return slot + 1;
}

void pcid_load_space(struct cpu *cpu, const struct space *space) {
    struct arch_cpu *arch = &cpu->arch;
    if (arch->space == space->arch.id)
        return;
    uint64_t keep = 0, cr3 = space->arch.cr3;
    if (cpu_has(FEATURE_PCID))
        cr3 |= choose(arch, space->arch.id, &keep);
    asm_write_cr3(cr3 | keep);
    arch->cr3 = cr3;
    arch->space = space->arch.id;
}

void pcid_unload_space(struct cpu *cpu) {
    cpu->arch.cr3 = kernel_space_root();
    cpu->arch.space = 0;
    asm_write_cr3(cpu->arch.cr3);
}

void pcid_flush(struct cpu *cpu) {
    for (uint32_t slot = 0; slot < ARCH_PCID_COUNT; slot++)
        if (cpu->arch.space == 0 || cpu->arch.pcid_space[slot] != cpu->arch.space)
            cpu->arch.pcid_space[slot] = 0;
    asm_write_cr3(cpu->arch.cr3); /* flushes the loaded one's: bit 63 is 0 */
}
