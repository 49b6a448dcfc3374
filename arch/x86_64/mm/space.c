/* Program spaces: the kernel's half in each, and what is cached of them. */
#include <stddef.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/ept/ept.h"
#include "arch/x86_64/mm/format.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "arch/x86_64/mm/pcid.h"
#include "arch/x86_64/virt/vcpu.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/thread.h"

#define ROOT_ENTRY_KERNEL 256u /* the upper half begins */

static uint64_t last_id;

const struct page_format *arch_page_format(enum space_kind kind) {
    switch (kind) {
    case SPACE_PROGRAM: return format_program();
    case SPACE_GUEST: return ept_format();
    default: return NULL;
    }
}

void arch_space_init(struct space *space) {
    if (space->kind != SPACE_PROGRAM)
        return; /* a guest's or device's tables have no half that is the kernel's */
    uint64_t *root = arch_memory_at(space->root);
    const uint64_t *kernel = arch_memory_at(kernel_space_root());
    memcpy(root + ROOT_ENTRY_KERNEL, kernel + ROOT_ENTRY_KERNEL, PAGE_SIZE / 2);
    space->arch.cr3 = space->root;
    space->arch.id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
}

void arch_space_destroy(struct space *space) {
    struct cpu *cpu = cpu_self();
    if (cpu->arch.space == space->arch.id)
        pcid_unload_space(cpu);
}

void arch_flush_translations(void) {
    struct cpu *cpu = cpu_self();
    uint64_t wanted = cpu->current != NULL ? cpu->current->space->arch.id : 0;
    if (cpu->arch.space != 0 && cpu->arch.space != wanted)
        pcid_unload_space(cpu);
    pcid_flush(cpu);
    virt_flush_translations();
}

void arch_page_clear(void *page) {
    asm_clear_words(page, PAGE_SIZE / sizeof(uint64_t));
}
