/*
 * The table of operations. Loops are assembly, so that a figure does not depend on the compiler:
 * the loop with the operation and the one without are equal but for the operation's instructions.
 */
#include "tests/bench/guest/operations.h"

#include <stddef.h>

#include "kernel/abi/guest.h"
#include "tests/bench/guest/cpu.h"
#include "tests/bench/guest/machine.h"
#include "tests/bench/guest/start.h"

#define TEXT(x)  TEXT_(x)
#define TEXT_(x) #x

#define LOOP(function, body)                                                   \
    static uint64_t function(uint64_t count) {                                 \
        uint64_t start = cpu_ticks();                                          \
        __asm__ volatile("1:\n\t" body "dec %0\n\tjnz 1b"                      \
                         : "+r"(count)                                         \
                         :                                                     \
                         : "rax", "rbx", "rcx", "rdx", "rdi", "memory", "cc"); \
        return cpu_ticks() - start;                                            \
    }

/* Functions NAME_with and NAME_without: SETUP is in both loops, OPERATION only in the first. */
#define OPERATION(name, setup, operation) \
    LOOP(name##_with, setup operation)    \
    LOOP(name##_without, setup)

#define SET(register, value) "mov $" TEXT(value) ", %%" #register "\n\t"
#define CLEAR(register)      "xor %%" #register ", %%" #register "\n\t"

/* Leaf 0: a row of the policy's table like others, and what benchmarks of other systems ask for. */
OPERATION(cpuid, CLEAR(eax) CLEAR(ecx), "cpuid\n\t")
/* IA32_MISC_ENABLE: a register that the kernel keeps for the guest. */
OPERATION(rdmsr, SET(ecx, 0x1a0), "rdmsr\n\t")
/* The hypercall that does nothing (for KVM it is KVM_HC_VAPIC_POLL_IRQ, which does the same). */
OPERATION(vmcall, SET(eax, 1), "vmcall\n\t")
_Static_assert(GUEST_HYPERCALL_NOTHING == 1, "in RAX");
/* The UART's scratch register: a whole way through the VMM's port bus to a device and back. */
OPERATION(out_vmm, SET(edx, 0x3ff) CLEAR(eax), "outb %%al, %%dx\n\t")
/* The I/O APIC's register select: the instruction is decoded, the device only notes the byte. */
OPERATION(mmio_vmm, SET(edi, 0xfec00000) CLEAR(eax), "movl %%eax, (%%rdi)\n\t")
/* End of interrupt when none is in service. */
OPERATION(eoi, SET(ecx, 0x80b) CLEAR(eax) CLEAR(edx), "wrmsr\n\t")
/* A deadline that is days away. */
OPERATION(deadline_write, SET(ecx, 0x6e0) SET(edx, 0x7fffffff) CLEAR(eax), "wrmsr\n\t")

#define SELF_IPI SET(ecx, 0x83f) SET(eax, 0x40) CLEAR(edx) "wrmsr\n\t"
_Static_assert(MACHINE_VECTOR_IPI == 0x40 && MSR_X2APIC_SELF == 0x83f, "as in SELF_IPI");

/* Everything from the request to the end of the handler is the operation. */
OPERATION(self_ipi, "", SELF_IPI)
OPERATION(hlt_pending, "", "cli\n\t" SELF_IPI "sti\n\thlt\n\t")

static uint64_t self_ipi_run(uint64_t count) {
    cpu_interrupts_on();
    uint64_t ticks = self_ipi_with(count);
    cpu_interrupts_off();
    return ticks;
}

static uint64_t hlt_pending_run(uint64_t count) {
    cpu_interrupts_on();
    uint64_t ticks = hlt_pending_with(count);
    cpu_interrupts_off();
    return ticks;
}

static uint64_t deadline_write_run(uint64_t count) {
    uint64_t ticks = deadline_write_with(count);
    cpu_write_msr(MSR_TSC_DEADLINE, 0);
    return ticks;
}

/* Far enough that the processor has come to rest before. */
#define DEADLINE_DISTANCE 50000u

static uint64_t deadline_lateness(uint64_t count) {
    uint64_t late = 0;
    for (; count > 0; count--) {
        uint64_t before = interrupt_count;
        uint64_t deadline = cpu_ticks() + DEADLINE_DISTANCE;
        cpu_write_msr(MSR_TSC_DEADLINE, deadline);
        while (interrupt_count == before) {
            cpu_wait();
        }
        late += interrupt_ticks - deadline;
    }
    return late;
}

/* Pages that nothing has touched before: above the image, each used once. */
#define TOUCH_START 0x1000000ull
#define TOUCH_PAGE  0x1000u

static uint64_t touch_next = TOUCH_START;

static uint64_t touch_run(uint64_t count) {
    uint64_t address = touch_next;
    touch_next += count * TOUCH_PAGE;
    uint64_t start = cpu_ticks();
    __asm__ volatile("1:\n\tmovb $1, (%1)\n\tadd %2, %1\n\tdec %0\n\tjnz 1b"
                     : "+r"(count), "+r"(address)
                     : "r"((uint64_t)TOUCH_PAGE)
                     : "memory", "cc");
    return cpu_ticks() - start;
}

static uint64_t touch_empty(uint64_t count) {
    uint64_t address = 0;
    uint64_t start = cpu_ticks();
    __asm__ volatile("1:\n\tadd %2, %1\n\tdec %0\n\tjnz 1b"
                     : "+r"(count), "+r"(address)
                     : "r"((uint64_t)TOUCH_PAGE)
                     : "memory", "cc");
    return cpu_ticks() - start;
}

const struct operation operations[] = {
    {"exit.cpuid",      NULL,                 cpuid_with,         cpuid_without,          false},
    {"exit.rdmsr",      NULL,                 rdmsr_with,         rdmsr_without,          false},
    {"exit.vmcall",     NULL,                 vmcall_with,        vmcall_without,         false},
    {"exit.out.vmm",    NULL,                 out_vmm_with,       out_vmm_without,        false},
    {"exit.mmio.vmm",   NULL,                 mmio_vmm_with,      mmio_vmm_without,       false},
    {"exit.eoi",        machine_has_x2apic,   eoi_with,           eoi_without,            false},
    {"exit.deadline",   machine_has_deadline, deadline_write_run, deadline_write_without, false},
    {"mem.first_touch", NULL,                 touch_run,          touch_empty,            false},
    {"irq.self_ipi",    machine_has_x2apic,   self_ipi_run,       self_ipi_without,       true },
    {"irq.hlt_pending", machine_has_x2apic,   hlt_pending_run,    hlt_pending_without,    true },
    {"irq.deadline",    machine_has_deadline, deadline_lateness,  NULL,                   true },
};
const uint32_t operation_count = sizeof(operations) / sizeof(operations[0]);
const uint32_t operation_interrupt_first = 8;
