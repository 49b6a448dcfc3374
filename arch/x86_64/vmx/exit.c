/*
 * The exit core: every exit comes here, is counted, handled by its row of the table, and goes on as
 * the handler says. Only this file moves RIP.
 */
#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/syscall.h"
#include "arch/x86_64/virt/cpuid.h"
#include "arch/x86_64/virt/msr.h"
#include "arch/x86_64/vmx/entry_report.h"
#include "arch/x86_64/vmx/handlers.h"
#include "arch/x86_64/vmx/reason.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/guest.h"
#include "kernel/print.h"
#include "kernel/sched.h"
#include "kernel/thread.h"

typedef enum exit_action (*exit_handler)(struct vcpu *vcpu);

static const exit_handler handlers[REASON_COUNT] = {
    [REASON_EXCEPTION] = exit_exception,
    [REASON_INTERRUPT] = exit_interrupt,
    [REASON_TRIPLE_FAULT] = exit_triple_fault,
    [REASON_INIT] = exit_nothing,
    [REASON_SIPI] = exit_nothing,
    [REASON_IO_SMI] = exit_nothing,
    [REASON_SMI] = exit_nothing,
    [REASON_INTERRUPT_WINDOW] = exit_interrupt_window,
    [REASON_NMI_WINDOW] = exit_nmi_window,
    [REASON_TASK_SWITCH] = exit_task_switch,
    [REASON_CPUID] = cpuid_exit,
    [REASON_GETSEC] = exit_undefined,
    [REASON_HLT] = exit_halt,
    [REASON_INVD] = exit_harmless,
    [REASON_INVLPG] = exit_unexpected,
    [REASON_RDPMC] = exit_protection,
    [REASON_RDTSC] = exit_unexpected,
    [REASON_RSM] = exit_undefined,
    [REASON_VMCALL] = exit_hypercall,
    [REASON_VMCLEAR] = exit_undefined,
    [REASON_VMLAUNCH] = exit_undefined,
    [REASON_VMPTRLD] = exit_undefined,
    [REASON_VMPTRST] = exit_undefined,
    [REASON_VMREAD] = exit_undefined,
    [REASON_VMRESUME] = exit_undefined,
    [REASON_VMWRITE] = exit_undefined,
    [REASON_VMXOFF] = exit_undefined,
    [REASON_VMXON] = exit_undefined,
    [REASON_CONTROL_REGISTER] = exit_control_register,
    [REASON_DEBUG_REGISTER] = exit_debug_register,
    [REASON_IO] = exit_port,
    [REASON_RDMSR] = msr_read_exit,
    [REASON_WRMSR] = msr_write_exit,
    [REASON_ENTRY_GUEST_STATE] = exit_unexpected,
    [REASON_ENTRY_MSR] = exit_unexpected,
    [35] = exit_unexpected,
    [REASON_MWAIT] = exit_undefined,
    [REASON_TRAP_FLAG] = exit_unexpected,
    [38] = exit_unexpected,
    [REASON_MONITOR] = exit_undefined,
    [REASON_PAUSE] = exit_harmless,
    [REASON_ENTRY_MACHINE_CHECK] = exit_unexpected,
    [42] = exit_unexpected,
    [REASON_TPR_BELOW_THRESHOLD] = exit_priority,
    [REASON_APIC_ACCESS] = exit_apic_access,
    [REASON_VIRTUALIZED_EOI] = exit_virtualized_eoi,
    [REASON_GDTR_IDTR] = exit_unexpected,
    [REASON_LDTR_TR] = exit_unexpected,
    [REASON_EPT_VIOLATION] = exit_ept_violation,
    [REASON_EPT_MISCONFIGURATION] = exit_ept_misconfiguration,
    [REASON_INVEPT] = exit_undefined,
    [REASON_RDTSCP] = exit_unexpected,
    [REASON_PREEMPTION_TIMER] = exit_stay_limit,
    [REASON_INVVPID] = exit_undefined,
    [REASON_WBINVD] = exit_harmless,
    [REASON_XSETBV] = exit_xsetbv,
    [REASON_APIC_WRITE] = exit_apic_write,
    [REASON_RDRAND] = exit_unexpected,
    [REASON_INVPCID] = exit_unexpected,
    [REASON_VMFUNC] = exit_undefined,
    [REASON_ENCLS] = exit_undefined,
    [REASON_RDSEED] = exit_unexpected,
    [REASON_PAGE_LOG_FULL] = exit_unexpected,
    [REASON_XSAVES] = exit_undefined,
};

#define EXIT_IS_FAILED_ENTRY (1u << 31)

#define BLOCKING_STI_MOV_SS 3u
#define RIGHTS_LONG         (1u << 13) /* CS.L */
#define DEBUGCTL_BTF        2u

/* ---- moving RIP */

/* Outside 64-bit code the instruction pointer has 32 bits. */
static uint64_t wrap(uint64_t next) {
    bool is_long = (vmcs_read_64(GUEST_EFER) & EFER_LMA) != 0 &&
                   (vmcs_read_32(GUEST_CS_RIGHTS) & RIGHTS_LONG) != 0;
    return is_long ? next : (uint32_t)next;
}

/* RF is over, and TF asks for #DB behind the instruction: SDM Vol. 3, 28.3.4 and 17.3.1.4. */
static void end_step(uint64_t rflags) {
    vmcs_write(GUEST_RFLAGS, rflags & ~(uint64_t)RFLAGS_RF);
    if ((rflags & RFLAGS_TF) != 0 && (vmcs_read_64(GUEST_DEBUGCTL) & DEBUGCTL_BTF) == 0)
        vmcs_write(GUEST_PENDING_DEBUG, vmcs_read(GUEST_PENDING_DEBUG) | DR6_BS);
}

static inline void end_instruction(void) {
    uint32_t blocking = vmcs_read_32(GUEST_INTERRUPTIBILITY);
    if ((blocking & BLOCKING_STI_MOV_SS) != 0)
        vmcs_write_32(GUEST_INTERRUPTIBILITY, blocking & ~BLOCKING_STI_MOV_SS);
    uint64_t rflags = vmcs_read(GUEST_RFLAGS);
    if (__builtin_expect((rflags & (RFLAGS_TF | RFLAGS_RF)) != 0, 0))
        end_step(rflags);
}

static inline void advance(uint32_t reason) {
    if (__builtin_expect(!vmx_reasons[reason].has_length, 0))
        kernel_panic(NULL, "exit reason %u has no instruction length", reason);
    uint64_t rip = vmcs_read(GUEST_RIP);
    uint64_t next = rip + vmcs_read_32(EXIT_INSTRUCTION_LENGTH);
    if (__builtin_expect((rip ^ next) >> 32 != 0, 0))
        next = wrap(next);
    vmcs_write(GUEST_RIP, next);
    end_instruction();
}

void vmx_end_instruction(struct vcpu *vcpu) {
    (void)vcpu;
    end_instruction();
}

/* ---- leaving for the VMM */

/* Which registers the VMM finds in the page: kernel/abi/guest.h. */
static void fill_page(struct vcpu *vcpu, enum exit_kind kind) {
    struct vcpu_page *page = vcpu->page;
    page->exit.instruction_length = 0;
    if (kind > EXIT_HYPERCALL)
        return;
    page->rip = vmcs_read(GUEST_RIP);
    page->rflags = vmcs_read(GUEST_RFLAGS);
    page->rsp = vmcs_read(GUEST_RSP);
    if (kind != EXIT_MEMORY)
        page->exit.instruction_length = vmcs_read_32(EXIT_INSTRUCTION_LENGTH);
}
_Static_assert(EXIT_PORT == 1 && EXIT_HYPERCALL == 5, "the kinds with registers come first");

/* The thread's own way back to ring 3, whatever has changed since its system call. */
static noreturn void return_slowly(struct cpu *cpu, struct vcpu *vcpu, struct thread *thread) {
    if (!vmx_controls.has_preemption_timer && vcpu->arch.timer_set != LAPIC_NEVER) {
        timer_stop(&thread->timer);
        vcpu->arch.timer_set = LAPIC_NEVER;
    }
    xstate_leave_to_vmm(cpu, thread);
    if (cpu->reschedule)
        sched_run();
    arch_thread_run(thread);
}

/* Flags that SYSRET does not bring back as they were. */
#define FLAGS_NOT_FOR_SYSRET (RFLAGS_TF | RFLAGS_RF | RFLAGS_VM)

/* The page is filled: the thread goes back to ring 3. */
static noreturn inline void leave(struct vcpu *vcpu, enum exit_kind kind) {
    struct cpu *cpu = cpu_self();
    struct thread *thread = vcpu->thread;
    struct arch_frame *frame = &thread->arch.frame;
    vcpu->page->exit.kind = kind;
    vcpu->statistics.entries_to_vmm++;
    __atomic_store_n(&vcpu->arch.running_on, NULL, __ATOMIC_RELEASE);
    guest_left(thread);
    frame->rax = kind;
    cpu->arch.bases_are_saved = false; /* the exit has loaded the thread's */
    cpu->arch.xstate_lazy = thread;
    bool is_plain = !cpu->reschedule && !cpu->arch.state_is_allowed &&
                    thread->port_range_count == 0 && (frame->rflags & FLAGS_NOT_FOR_SYSRET) == 0 &&
                    frame->rip < SPACE_PROGRAM_END && vmx_controls.has_preemption_timer;
    if (__builtin_expect(!is_plain, 0))
        return_slowly(cpu, vcpu, thread);
    if (cpu->arch.syscall_is_guest)
        syscall_load_host(cpu);
    entry_sysret(frame);
}

noreturn void vmx_leave(struct vcpu *vcpu, enum exit_kind kind) {
    fill_page(vcpu, kind);
    leave(vcpu, kind);
}

void vmx_fail(struct vcpu *vcpu, const char *format, ...) {
    struct vcpu_exit *exit = &vcpu->page->exit;
    va_list arguments;
    va_start(arguments, format);
    print_format_list(exit->failed.text, sizeof exit->failed.text, format, arguments);
    va_end(arguments);
    exit->failed.rule = 0;
    exit->failed.code = vmcs_read_32(EXIT_REASON);
}

/* ---- the core */

/* Everything but going on. Returns if the guest does. */
static void act(struct vcpu *vcpu, enum exit_action action, uint32_t reason) {
    switch (action) {
    case ACTION_PROTECTION: vcpu_raise_with_error(vcpu, EXCEPTION_PROTECTION, 0); return;
    case ACTION_UNDEFINED: vcpu_raise(vcpu, EXCEPTION_INVALID_OPCODE); return;
    case ACTION_LEAVE: vmx_leave(vcpu, vcpu->arch.leave_kind);
    case ACTION_ADVANCE_HALT:
        advance(reason);
        vcpu->arch.activity = VCPU_HALTED;
        vcpu->arch.halt_was_told = false;
        vcpu_add_work(vcpu, VCPU_WORK_HALTED);
        return;
    case ACTION_KILL: vmx_leave(vcpu, EXIT_FAILED_ENTRY);
    default: return;
    }
}

/* No exit, but an entry that failed late, or a reason that no control of ours can cause. */
static noreturn void failed_entry(struct vcpu *vcpu, uint32_t reason) {
    uint32_t basic = reason & 0xffff;
    vcpu->statistics.exits[basic < REASON_COUNT ? basic : REASON_COUNT - 1]++;
    const char *name = basic < REASON_COUNT ? vmx_reasons[basic].name : NULL;
    vmx_fail(vcpu, "%s (exit reason %x, qualification %lx)", name == NULL ? "unknown exit" : name,
             reason, vmcs_read(EXIT_QUALIFICATION));
    if (reason == (EXIT_IS_FAILED_ENTRY | REASON_ENTRY_GUEST_STATE))
        (void)entry_report(vcpu, ENTRY_AREA_GUEST);
    else if (reason == (EXIT_IS_FAILED_ENTRY | REASON_ENTRY_MSR))
        (void)entry_report(vcpu, ENTRY_AREA_MSRS);
    arch_vcpu_unload(vcpu); /* whatever the VMCS has become: the next entry launches it */
    vmx_leave(vcpu, EXIT_FAILED_ENTRY);
}

/* The guest's timer counts in the preemption timer, which each entry loads anew. False: it is due,
 * or the processor has none. */
static inline bool load_timer(struct arch_vcpu *arch) {
    uint64_t deadline = arch->lapic.deadline;
    if ((deadline & arch->timer_set) == LAPIC_NEVER)
        return true;
    uint64_t now = asm_rdtsc();
    if (deadline <= now || deadline == LAPIC_NEVER || !vmx_controls.has_preemption_timer)
        return false;
    uint64_t count = ((deadline - now) >> vmx_controls.preemption_rate) + 1;
    vmcs_write_32(PREEMPTION_TIMER, count < vmx_stay_limit ? (uint32_t)count : vmx_stay_limit);
    arch->timer_set = deadline;
    return true;
}

static inline bool has_work(const struct arch_vcpu *arch) {
    return __atomic_load_n(&arch->work, __ATOMIC_RELAXED) != 0;
}

/* What stands between any exit, or the way from the VMM, and the entry. */
static inline void before_entry(struct vcpu *vcpu) {
    if (__builtin_expect(!load_timer(&vcpu->arch), 0))
        vmx_timer(vcpu);
    if (__builtin_expect(has_work(&vcpu->arch), 0))
        vmx_work(vcpu);
}

void vmx_exit(struct vcpu *vcpu) {
    uint32_t reason = vmcs_read_32(EXIT_REASON);
    if (__builtin_expect(reason >= REASON_COUNT, 0))
        failed_entry(vcpu, reason);
    vcpu->statistics.exits[reason]++;
    enum exit_action action = handlers[reason](vcpu);
    if (__builtin_expect(action == ACTION_ADVANCE, 1)) {
        advance(reason);
    } else if (action == ACTION_ADVANCE_LEAVE) {
        advance(reason);
        leave(vcpu, vcpu->arch.leave_kind);
    } else if (action != ACTION_RESUME) {
        act(vcpu, action, reason);
    }
    before_entry(vcpu);
}

/* VM-instruction errors of the entry: SDM Vol. 3, 31.4 "VM Instruction Error Numbers". */
#define ERROR_CONTROLS 7u
#define ERROR_HOST     8u

void vmx_enter_failed(struct vcpu *vcpu) {
    static const struct {
        uint32_t number;
        const char *text;
    } texts[] = {
        {4,              "VMLAUNCH with a VMCS that is not clear"   },
        {5,              "VMRESUME with a VMCS that is not launched"},
        {ERROR_CONTROLS, "invalid control fields"                   },
        {ERROR_HOST,     "invalid host-state fields"                },
        {26,             "entry with events blocked by MOV SS"      },
    };
    uint32_t error = vmcs_read_32(INSTRUCTION_ERROR);
    const char *text = "no text";
    for (uint32_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].number == error)
            text = texts[i].text;
    vmx_fail(vcpu, "VM entry failed: error %u, %s", error, text);
    vcpu->page->exit.failed.code = error;
    if (error == ERROR_CONTROLS)
        (void)entry_report(vcpu, ENTRY_AREA_CONTROLS);
    else if (error == ERROR_HOST)
        (void)entry_report(vcpu, ENTRY_AREA_HOST);
    arch_vcpu_unload(vcpu);
    vmx_leave(vcpu, EXIT_FAILED_ENTRY);
}

/* ---- the way in */

static void load_host_bases(struct vcpu *vcpu, uint64_t fs_base, uint64_t gs_base) {
    struct arch_vcpu *arch = &vcpu->arch;
    if (arch->host_fs_base == fs_base && arch->host_gs_base == gs_base)
        return;
    arch->host_fs_base = fs_base;
    arch->host_gs_base = gs_base;
    vmcs_write(HOST_FS_BASE, fs_base);
    vmcs_write(HOST_GS_BASE, gs_base);
}

static void load_host_cr3(struct vcpu *vcpu) {
    uint64_t cr3 = asm_read_cr3();
    if (vcpu->arch.host_cr3 == cr3)
        return;
    vcpu->arch.host_cr3 = cr3;
    vmcs_write(HOST_CR3, cr3);
}

/* The VMCS is as it shall be. */
static inline noreturn void enter(struct cpu *cpu, struct vcpu *vcpu) {
    bool is_launched = vcpu->arch.is_launched;
    vcpu->arch.is_launched = true;
    vmx_enter(vcpu->page, vcpu, (uint64_t *)cpu->arch.stack_top - VMX_STACK_SLOTS, is_launched);
}

noreturn void vcpu_run(struct thread *thread) {
    struct cpu *cpu = cpu_self();
    struct vcpu *vcpu = thread->vcpu;
    struct arch_vcpu *arch = &vcpu->arch;
    vmx_vcpu_load(cpu, vcpu);
    if (!arch->is_registers_loaded)
        vmx_registers_load(cpu, vcpu);
    xstate_load(cpu, &arch->xstate);
    if (arch->uses_syscall)
        syscall_load_guest(cpu, arch->star, arch->lstar, arch->fmask);
    load_host_cr3(vcpu);
    load_host_bases(vcpu, thread->arch.fs_base, thread->arch.gs_base);
    /* From here on others kick this CPU when they set work; what they set before is seen below. */
    (void)__atomic_exchange_n(&arch->running_on, cpu, __ATOMIC_SEQ_CST);
    if (vcpu->page->dirty != 0)
        vmx_apply_dirty(vcpu);
    before_entry(vcpu);
    enter(cpu, vcpu);
}

/* What the CPU holds is what the vCPU left, and the thread is who it was. */
static inline bool is_as_left(const struct cpu *cpu, const struct vcpu *vcpu) {
    const struct arch_vcpu *arch = &vcpu->arch;
    if (cpu->arch.vcpu != vcpu || !arch->is_registers_loaded || cpu->arch.xstate != &arch->xstate ||
        arch->xstate.cpu != cpu || arch->host_cr3 != asm_read_cr3())
        return false;
    return !cpu_has(FEATURE_FSGSBASE) ||
           (arch->host_fs_base == asm_rdfsbase() && arch->host_gs_base == asm_rdgsbase());
}

static inline void load_syscall(struct cpu *cpu, const struct arch_vcpu *arch) {
    if (!arch->uses_syscall)
        return;
    if (cpu->arch.lstar != arch->lstar) {
        asm_wrmsr(MSR_LSTAR, arch->lstar);
        cpu->arch.lstar = arch->lstar;
    }
    if (cpu->arch.star != arch->star) {
        asm_wrmsr(MSR_STAR, arch->star);
        cpu->arch.star = arch->star;
    }
    if (cpu->arch.fmask != arch->fmask) {
        asm_wrmsr(MSR_FMASK, arch->fmask);
        cpu->arch.fmask = arch->fmask;
    }
    cpu->arch.syscall_is_guest = true;
}

/*
 * The way from a VMM that has answered an exit: nothing else has run here since, and all it changed
 * is RIP. Whatever is not so goes the long way.
 */
noreturn void arch_vcpu_enter(struct thread *thread) {
    struct cpu *cpu = cpu_self();
    struct vcpu *vcpu = thread->vcpu;
    struct arch_vcpu *arch = &vcpu->arch;
    struct vcpu_page *page = vcpu->page;
    uint32_t dirty = __atomic_load_n(&page->dirty, __ATOMIC_RELAXED);
    if (__builtin_expect(!is_as_left(cpu, vcpu) || (dirty & ~VCPU_DIRTY_RIP) != 0, 0))
        arch_thread_run(thread);
    cpu->arch.xstate_is_newer = true;
    cpu->arch.xstate_lazy = NULL;
    cpu->arch.task_limit_is_short = true; /* by the next exit: SDM Vol. 3, 28.5.2 */
    load_syscall(cpu, arch);
    (void)__atomic_exchange_n(&arch->running_on, cpu, __ATOMIC_SEQ_CST);
    if (dirty != 0) {
        __atomic_store_n(&page->dirty, 0, __ATOMIC_RELAXED);
        vmcs_write(GUEST_RIP, page->rip);
        end_instruction();
    }
    before_entry(vcpu);
    enter(cpu, vcpu);
}
