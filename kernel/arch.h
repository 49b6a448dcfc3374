/*
 * The architecture contract: all that the portable kernel asks of a processor, and all that the
 * architecture may call back. arch/x86_64 implements it; tests/fake implements it on the host.
 *
 * arch_types.h is found by the include path and defines, without including any kernel header:
 *   struct arch_cpu      per-CPU state, embedded in struct cpu
 *   struct arch_thread   register frame and state that hardware does not switch, first in struct
 * thread struct arch_vcpu     first in struct vcpu struct arch_space    in struct space: what must
 * be loaded or flushed for it arch_cpu_self()      the running CPU's struct cpu, a few instructions
 *
 * Unless said otherwise a function runs with interrupts off, does not block and cannot fail.
 */
#ifndef BULKHEAD_KERNEL_ARCH_H
#define BULKHEAD_KERNEL_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "arch_types.h"
#include "kernel/abi/boot_info.h"
#include "kernel/abi/guest.h"
#include "kernel/abi/types.h"
#include "kernel/page_format.h"

struct cpu;
struct thread;
struct space;
struct vcpu;
struct guest;

/* ---- start-up, in this order (kernel/boot.c) */

/* Descriptor tables, exceptions, control registers, feature table of the boot CPU. Serial works
 * before. */
void arch_boot_cpu_init(const struct boot_info *info, struct cpu *cpu);

/* Replaces the loader's page tables by the kernel's own: W^X, guard pages, direct map of all RAM
 * and no identity map. The frame allocator works by now. */
void arch_kernel_space_init(const struct boot_info *info);

/* Interrupt controllers and timers: finds and calibrates them. */
void arch_platform_init(const struct boot_info *info);

/* Size in bytes and alignment of one CPU's block: guarded stacks and struct cpu. Allocates and maps
 * it; returns its struct cpu, zeroed, or NULL when memory is short. */
struct cpu *arch_cpu_allocate(uint32_t index, uint32_t apic_id);

/* Starts a secondary CPU; it ends up in kernel_secondary_main(). Waits until it is there. False: it
 * did not answer; the log says so. */
bool arch_cpu_start(struct cpu *cpu, const struct boot_info *info);

/* Virtualization on this CPU; the first failure's reason is kept for arch_guests_reason(). */
void arch_guests_init_cpu(struct cpu *cpu);

/* NULL: machines can be created. Otherwise why not, in words with the remedy. */
const char *arch_guests_reason(void);

/* ---- CPUs and time */

/* Makes another CPU enter the kernel and call kernel_kicked(). */
void arch_cpu_kick(struct cpu *cpu);

/* Halts with interrupts on until one has been handled. */
void arch_cpu_idle(void);

/* A pause in a spin loop. */
void arch_cpu_relax(void);

/* The time-stamp counter, and its measured rate. */
uint64_t arch_ticks(void);
uint64_t arch_ticks_per_second(void);
uint64_t arch_timer_hz(void);

/* kernel_timer_expired() is called on this CPU at that tick or soon after; UINT64_MAX: never. */
void arch_timer_set(uint64_t deadline_ticks);

/* Names this CPU's model in words. */
const char *arch_cpu_name(void);

/* What is known of the processors' weakness with that number, from 0 on; false: there are fewer. */
bool arch_speculation_info(uint32_t index, struct speculation_info *info);

/* ---- threads */

/* A thread that will start at an address of its program space. */
void arch_thread_init(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument,
                      uint64_t thread_pointer);

/* Memory for a thread's extended state: bytes needed; cleared, page-aligned memory of that size is
 * given before arch_thread_init. */
size_t arch_thread_state_size(void);
void arch_thread_give_state(struct thread *thread, void *memory);
void *arch_thread_state(const struct thread *thread);

/* Runs a thread: loads all of its state that is not loaded yet, its space, and goes to it, or into
 * the guest whose vCPU it has entered (thread->vcpu). */
noreturn void arch_thread_run(struct thread *thread);

/* The thread stops running on this CPU: everything that hardware does not switch is saved, so that
 * it can run on any CPU. Called once before another thread runs. */
void arch_thread_leave(struct thread *thread);

/* The result of the system call that a waiting thread made. */
void arch_thread_set_result(struct thread *thread, int64_t result);

/* The system call starts anew when the thread runs next. */
void arch_thread_restart_call(struct thread *thread);

void arch_thread_get_state(const struct thread *thread, struct thread_state *state);

/* I/O port ranges that a thread may use; at most THREAD_PORT_RANGES, applied when it next runs. */
void arch_thread_ports_changed(struct thread *thread);

/* ---- memory */

/* Checked copies; false: a page is missing or forbidden. Never touch more than length bytes. */
bool arch_copy_from_user(void *to, uint64_t from, size_t length);
bool arch_copy_to_user(uint64_t to, const void *from, size_t length);

/* The direct map. */
void *arch_memory_at(uint64_t physical);
uint64_t arch_memory_physical(const void *address);

/* Clears one page. */
void arch_page_clear(void *page);

/* The page-table format for a kind of space, NULL where the hardware lacks it. */
const struct page_format *arch_page_format(enum space_kind kind);

/* Fills the root of a new program space with what every program space shares (the kernel's half).
 */
void arch_space_init(struct space *space);
void arch_space_destroy(struct space *space);

/* Drops every cached translation of every space on this CPU, and unloads a space that no running
 * thread of it uses (cpu->current is NULL or of another space). */
void arch_flush_translations(void);

/* Looks at the kernel's own page tables, on every CPU what differs there: reports each page that is
 * writable and executable, that ring 3 can reach, and each missing guard page. */
void arch_audit(void (*report)(const char *what, uint64_t address));

/* ---- guests (kernel/guest.c) */

/* What the guest's configuration needs is there; page is the physical address of a page of the
 * guest's that the architecture may use for the interrupt controller, mapped by guest_create. */
enum status arch_guest_init(struct guest *guest);
/* The guest-physical page that the interrupt controller's virtualization wants mapped, 0: none. */
uint64_t arch_guest_apic_address(const struct guest *guest);
void arch_guest_set_apic_page(struct guest *guest, uint64_t page);
/* guest->cpuid has been replaced; no vCPU has run. */
void arch_guest_cpuid_changed(struct guest *guest);
/* guest->eoi_exits has changed. */
void arch_guest_eoi_exits_changed(struct guest *guest);
/* The architecture virtualises an MSR of the range itself. */
bool arch_guest_keeps_msr(uint32_t first, uint32_t last);

/* vcpu->page is the vCPU's, cleared. State after reset; memory is charged to the guest's owner. */
enum status arch_vcpu_init(struct vcpu *vcpu);
void arch_vcpu_destroy(struct vcpu *vcpu); /* it is loaded nowhere */
void arch_vcpu_unload(
    struct vcpu *vcpu); /* on the CPU where it is loaded: write it back to memory */
/* The running thread, which has made a system call, goes into the guest of thread->vcpu. */
noreturn void arch_vcpu_enter(struct thread *thread);
/* Of the running thread: it calls sched_run before it goes on in the guest. */
void arch_vcpu_reschedule(struct vcpu *vcpu);
/* Host time goes on by so many ticks that the guest does not see; the vCPU does not run. */
void arch_vcpu_shift_clock(struct vcpu *vcpu, uint64_t ticks);
/* The thread that has entered it was killed: nobody runs it. */
void arch_vcpu_abandon(struct vcpu *vcpu);
enum status arch_vcpu_get_state(struct vcpu *vcpu, struct guest_state *state);
enum status arch_vcpu_set_state(struct vcpu *vcpu, const struct guest_state *state);

/* Any CPU, at any time: */
enum status arch_guest_interrupt(struct guest *guest, uint64_t address, uint32_t data);
enum status arch_vcpu_signal(struct vcpu *vcpu, enum guest_signal signal, uint64_t value);
/* Something is waiting to be delivered to it. */
bool arch_vcpu_has_work(const struct vcpu *vcpu);
/* The CPU that must be kicked for it to look, NULL: none. */
struct cpu *arch_vcpu_runs_on(const struct vcpu *vcpu);

/* A decoded access to the interrupt controller's page, on behalf of an exit that the VMM handles.
 */
enum status arch_vcpu_access_apic(struct vcpu *vcpu, uint32_t offset, bool is_write,
                                  uint64_t *value);

/* ---- devices of the platform */

/* Routes a line to this CPU, masked until unmask. The handler is kernel_interrupt(global line). */
enum status arch_interrupt_route(uint32_t line, bool is_global, uint32_t *global_line);
void arch_interrupt_unmask(uint32_t global_line);
void arch_interrupt_mask(uint32_t global_line);

/* Ports that the kernel keeps to itself. */
bool arch_port_is_reserved(uint16_t port);

/* Serial line of the kernel, polled. */
void arch_serial_write(const char *text, size_t length);

/* Fills buffer from RDSEED or RDRAND; false where there is none. */
bool arch_random(void *buffer, size_t length);

/* Ends: tries every way the platform has; returns only if none worked. */
void arch_power_off(void);
void arch_reset(void);
noreturn void arch_halt_all(void);

/* Prints registers, if given, and a symbolised backtrace on the serial line. */
void arch_backtrace(const void *frame);

/* ---- called by the architecture (kernel side of the contract) */

noreturn void kernel_main(const struct boot_info *info); /* boot CPU, on its final stack */
noreturn void kernel_secondary_main(struct cpu *cpu);

/* After an interrupt was acknowledged; the caller then looks at cpu->reschedule and, if it is set,
 * calls sched_run() instead of going back to the thread. */
void kernel_timer_expired(void);
void kernel_kicked(void);
void kernel_interrupt(uint32_t global_line);

/* A thread did in ring 3 what no thread may. Its partition is stopped; never returns to it. */
noreturn void kernel_thread_fault(struct thread *thread, const struct fault_info *fault);

/* The running thread's vCPU left its guest and the VMM must act: the architecture calls guest_left
 * (kernel/guest.h) and goes back to ring 3, or to sched_run, guest_enter's result being the kind.
 */

/* The guest halted: the thread sleeps until kernel_vcpu_wake() or the deadline, then runs again. */
noreturn void kernel_vcpu_halt(struct thread *thread, uint64_t deadline_ticks);

/* The vCPU that slept in kernel_vcpu_halt runs again; called before it looks for what woke it. */
void kernel_vcpu_awake(struct vcpu *vcpu);

/* An interrupt or signal is pending for a vCPU: wakes it if it halted, kicks its CPU if it runs. */
void kernel_vcpu_wake(struct vcpu *vcpu);

noreturn void kernel_panic(const void *frame, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
