/* Threads: what makes one run, and what takes it off a CPU. */
#include <stddef.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/fault.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/speculation.h"
#include "arch/x86_64/cpu/syscall.h"
#include "arch/x86_64/cpu/tables.h"
#include "arch/x86_64/cpu/xstate.h"
#include "arch/x86_64/mm/pcid.h"
#include "arch/x86_64/virt/vcpu.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/partition.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/thread.h"

/* The state memory: struct xstate, then the area at the next 64 bytes. */
#define STATE_AREA 64u
_Static_assert(sizeof(struct xstate) <= STATE_AREA, "the area follows");
_Static_assert(offsetof(struct thread, arch) == 0 && offsetof(struct arch_thread, frame) == 0,
               "entry.S takes the frame's address for the thread's");

/* Flags that SYSRET can restore without effects of their own. */
#define FLAGS_NOT_FOR_SYSRET (RFLAGS_TF | RFLAGS_RF | RFLAGS_VM)

size_t arch_thread_state_size(void) {
    return STATE_AREA + xstate_area_size();
}

void arch_thread_give_state(struct thread *thread, void *memory) {
    thread->arch.xstate = memory;
}

void *arch_thread_state(const struct thread *thread) {
    return thread->arch.xstate;
}

void arch_thread_init(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument,
                      uint64_t thread_pointer) {
    struct arch_thread *arch = &thread->arch;
    arch->frame = (struct arch_frame){
        .rdi = argument,
        .rip = entry,
        .cs = SELECTOR_USER_CODE,
        .rflags = RFLAGS_FIXED | RFLAGS_IF,
        .rsp = stack,
        .ss = SELECTOR_USER_DATA,
    };
    arch->fs_base = thread_pointer;
    arch->gs_base = 0;
    xstate_init(arch->xstate, (uint8_t *)arch->xstate + STATE_AREA, xstate_supported());
}

static void save_segment_bases(struct cpu *cpu, struct arch_thread *arch) {
    if (cpu->arch.bases_are_saved || !cpu_has(FEATURE_FSGSBASE))
        return; /* without FSGSBASE ring 3 cannot change them */
    arch->fs_base = asm_rdfsbase();
    arch->gs_base = asm_rdgsbase();
}

static void load_segment_bases(struct cpu *cpu, const struct arch_thread *arch) {
    cpu->arch.bases_are_saved = false;
    if (cpu_has(FEATURE_FSGSBASE)) {
        asm_wrfsbase(arch->fs_base);
        asm_wrgsbase(arch->gs_base);
    } else {
        asm_wrmsr(MSR_FS_BASE, arch->fs_base);
        asm_wrmsr(MSR_GS_BASE, arch->gs_base);
    }
}

static void load_ports(struct cpu *cpu, const struct thread *thread) {
    tables_set_ports(cpu->arch.tables, thread->ports, thread->port_range_count);
}

static void load(struct cpu *cpu, struct thread *thread) {
    struct arch_cpu *arch = &cpu->arch;
    arch->frame_end = (uint64_t)(&thread->arch.frame + 1);
    arch->tables->task.rsp[0] = arch->frame_end;
    thread->arch.kernel_stack = arch->stack_top;
    pcid_load_space(cpu, thread->space);
    asm_clear_data_segments();
    load_segment_bases(cpu, &thread->arch);
    load_ports(cpu, thread);
    if (speculation_does(SPECULATION_AT_SWITCH))
        speculation_switch(cpu, thread->partition->id);
    arch->xstate_lazy = NULL;
    arch->loaded = thread;
}

/*
 * Whatever RIP is, returning to it faults in ring 3 only. A thread can come to the end of its
 * space: the next instruction's address is then not canonical, and IRET and SYSRET would fault in
 * ring 0.
 */
static void check_return(struct thread *thread) {
    struct arch_frame *frame = &thread->arch.frame;
    if (frame->rip < SPACE_PROGRAM_END)
        return;
    frame->vector = EXCEPTION_PROTECTION;
    frame->error = 0;
    struct fault_info fault;
    fault_describe(frame, &fault);
    kernel_thread_fault(thread, &fault);
}

noreturn void arch_thread_run(struct thread *thread) {
    struct cpu *cpu = cpu_self();
    struct arch_cpu *arch = &cpu->arch;
    if (arch->loaded != thread)
        load(cpu, thread);
    if (thread->vcpu != NULL) {
        /* A VM exit replaces the bases, and cuts TR's limit: SDM Vol. 3, 28.5.2 "Loading Host
         * Segment and Descriptor-Table Registers". */
        save_segment_bases(cpu, &thread->arch);
        arch->bases_are_saved = true;
        arch->task_limit_is_short = true;
        arch->xstate_lazy = NULL;
        vcpu_run(thread);
    }
    if (arch->bases_are_saved)
        load_segment_bases(cpu, &thread->arch);
    /* Behind the short limit is only the bitmap; without it no port is open. */
    if (arch->task_limit_is_short && thread->port_range_count != 0) {
        tables_load_task(arch->tables);
        arch->task_limit_is_short = false;
    }
    syscall_load_host(cpu);
    if (arch->xstate_lazy != thread)
        xstate_load(cpu, thread->arch.xstate);
    check_return(thread);
    struct arch_frame *frame = &thread->arch.frame;
    if (frame->vector == FRAME_SYSCALL && (frame->rflags & FLAGS_NOT_FOR_SYSRET) == 0)
        entry_sysret(frame);
    entry_iret(frame);
}

noreturn void thread_resume_current(void) {
    arch_thread_run(cpu_self()->current);
}

void arch_thread_leave(struct thread *thread) {
    struct cpu *cpu = cpu_self();
    if (cpu->arch.loaded != thread)
        return;
    save_segment_bases(cpu, &thread->arch);
    xstate_save(cpu);
    vcpu_thread_leave(cpu);
    cpu->arch.xstate_lazy = NULL;
    cpu->arch.loaded = NULL;
}

void arch_thread_set_result(struct thread *thread, int64_t result) {
    thread->arch.frame.rax = (uint64_t)result;
}

/* SYSCALL is two bytes long; the call's number was in RAX and is kept in the frame. */
void arch_thread_restart_call(struct thread *thread) {
    thread->arch.frame.rip -= 2;
    thread->arch.frame.rax = thread->arch.frame.error;
}

void arch_thread_get_state(const struct thread *thread, struct thread_state *state) {
    fault_registers(&thread->arch.frame, state->registers);
    state->instruction = thread->arch.frame.rip;
    state->flags = thread->arch.frame.rflags;
    state->thread_pointer = thread->arch.fs_base;
}

void arch_thread_ports_changed(struct thread *thread) {
    struct cpu *cpu = cpu_self();
    if (cpu->arch.loaded == thread)
        load_ports(cpu, thread);
}
