/*
 * Extended state (x87, SSE, AVX, ...) of threads and guests. The kernel itself uses none. At most
 * one owner's state is in a CPU's registers; cpu->arch.xstate names it. It is loaded before its
 * owner runs, never by #NM: the one exception is a VMM's thread, while its own guest's state is
 * still loaded (xstate_leave_to_vmm).
 *
 * SDM Vol. 1, chapter 13 "Managing State Using the XSAVE Feature Set". The format in memory is the
 * standard one, which the ABI shows (struct guest_state), so XSAVEOPT is the best instruction.
 */
#ifndef BULKHEAD_CPU_XSTATE_H
#define BULKHEAD_CPU_XSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;
struct thread;

struct xstate {
    uint64_t xcr0;   /* loaded with the state; change it only by xstate_set_xcr0 */
    uint8_t *area;   /* xstate_area_size() bytes, aligned to 64 */
    struct cpu *cpu; /* where it was loaded last; NULL: only the memory counts */
};

/* Bytes of an area: the same for every owner. */
size_t xstate_area_size(void);

/* Every bit that XCR0 may be given: what threads have, and the limit for guests. */
uint64_t xstate_supported(void);

/* State as after reset (x87 as FNINIT leaves it, MXCSR 1F80h). The area may hold anything. */
void xstate_init(struct xstate *xstate, void *area, uint64_t xcr0);

/* On the CPU where it is loaded, or on any if it is loaded nowhere: for XSETBV of a guest. */
void xstate_set_xcr0(struct cpu *cpu, struct xstate *xstate, uint64_t xcr0);

/* Puts a state into the registers, after saving the one that is there if it is another's. CR0.TS is
 * 0 afterwards, unless nothing had to be done. */
void xstate_load(struct cpu *cpu, struct xstate *xstate);

/* Writes the state in the registers to its owner's memory, where it may then be read, or taken to
 * another CPU. It stays in the registers as well. */
void xstate_save(struct cpu *cpu);

/* The owner's memory was changed: no registers hold its state any more. Another CPU that had it
 * loaded has saved it before (xstate_save there). */
void xstate_changed(struct xstate *xstate);

/* The thread's guest was left with CR0.TS = 1 (from the VMCS's HOST_CR0) and its state still
 * loaded: it stays there while this thread, its VMM, runs; the first use raises #NM, which loads
 * the VMM's. */
void xstate_leave_to_vmm(struct cpu *cpu, struct thread *thread);

/* ---- for cpu/ alone */

/* #NM in ring 3: the VMM's own state comes back. */
void xstate_load_own(struct cpu *cpu, struct xstate *xstate);

void xstate_init_cpu(struct cpu *cpu); /* CR0, CR4, XCR0 of the running CPU */

#endif
