/*
 * The exit loop. Its table has one row for each kind of exit that the ABI knows. Nothing here, nor
 * anything called from here on a path that returns to the guest, uses a vector register: they hold
 * the guest's state.
 */
#include "guests/vmm/loop.h"

#include <stdatomic.h>

#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/vmm/emulate.h"
#include "guests/vmm/end.h"
#include "guests/vmm/inject.h"
#include "guests/vmm/io_thread.h"

#define HYPERCALL_UNKNOWN (-1000) /* what KVM answers: -KVM_ENOSYS */
/* Keeps rare work out of the way of a port access, which should save few registers. */
#define NOINLINE     __attribute__((noinline))
#define HALT_POLL_NS 10000000ull

static void advance(struct vcpu_page *page) {
    page->rip += page->exit.instruction_length;
    page->dirty |= VCPU_DIRTY_RIP;
}

/* Under the lock, after an access that may have moved a deadline or ended the machine. */
NOINLINE static void draw_consequences(struct machine *machine) {
    if (machine->wish != MACHINE_GOES_ON) {
        end_wished(machine);
    }
    io_thread_deadline_moved(machine);
}

static void inject_fault(struct vcpu *vcpu, const struct emulate_fault *fault) {
    if (fault->vector == EXCEPTION_PAGE_FAULT) {
        inject_page_fault(vcpu, fault->linear, fault->error);
    } else {
        inject_exception(vcpu, fault->vector, fault->has_error, fault->error);
    }
}

/* An instruction that had to be carried out here: what now? */
static void after_emulation(struct vcpu *vcpu, const struct emulate *emulate,
                            enum emulate_result result) {
    const uint8_t *bytes = emulate->bytes;
    const struct vcpu_page *page = vcpu->page;
    switch (result) {
    case EMULATE_DONE: return;
    case EMULATE_FAULT: inject_fault(vcpu, &emulate->fault); return;
    case EMULATE_NO_CODE:
        end_failed("the guest runs code at RIP %#llx, which is no memory",
                   (unsigned long long)page->rip);
    case EMULATE_UNKNOWN: break;
    }
    end_failed("an instruction at RIP %#llx cannot be carried out on device memory at %#llx: "
               "%02x %02x %02x %02x %02x %02x %02x %02x",
               (unsigned long long)page->rip, (unsigned long long)page->exit.memory.address,
               bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
}

static void get_segments(void *context, struct guest_segment segments[DECODE_SEGMENT_COUNT]) {
    const struct vcpu *vcpu = context;
    struct guest_state state;
    int64_t result = sys_guest_get_state(vcpu->machine->guest, vcpu->index, &state);
    if (result < 0) {
        end_call_failed("a vCPU's segments", result);
    }
    segments[DECODE_ES] = state.es;
    segments[DECODE_CS] = state.cs;
    segments[DECODE_SS] = state.ss;
    segments[DECODE_DS] = state.ds;
    segments[DECODE_FS] = state.fs;
    segments[DECODE_GS] = state.gs;
}

static struct emulate emulate_make(struct vcpu *vcpu) {
    struct machine *machine = vcpu->machine;
    return (struct emulate){.page = vcpu->page,
                            .memory = &machine->memory,
                            .io = &machine->board.io,
                            .devices = &machine->board.memory,
                            .get_segments = get_segments,
                            .context = vcpu};
}

NOINLINE static void port_string(struct vcpu *vcpu) {
    struct emulate emulate = emulate_make(vcpu);
    mutex_lock(&vcpu->machine->lock);
    enum emulate_result result = emulate_port_string(&emulate);
    draw_consequences(vcpu->machine);
    mutex_unlock(&vcpu->machine->lock);
    after_emulation(vcpu, &emulate, result);
}

/* The guest is already behind the instruction, unless it is a string instruction. */
static void exit_port(struct vcpu *vcpu) {
    struct machine *machine = vcpu->machine;
    struct vcpu_page *page = vcpu->page;
    uint16_t port = page->exit.port.port;
    unsigned width = page->exit.port.width;
    if (page->exit.port.flags & EXIT_PORT_STRING) {
        port_string(vcpu);
        return;
    }
    mutex_lock(&machine->lock);
    if (page->exit.port.is_in) {
        emulate_set_register(page, GPR_RAX, width, bus_io_read(&machine->board.io, port, width));
    } else {
        bus_io_write(&machine->board.io, port, width, (uint32_t)page->gpr[GPR_RAX]);
    }
    if (machine->has_consequences[port]) {
        draw_consequences(machine);
    }
    mutex_unlock(&machine->lock);
}

static void exit_memory(struct vcpu *vcpu) {
    struct emulate emulate = emulate_make(vcpu);
    if (vcpu->page->exit.memory.access & EXIT_ACCESS_FETCH) {
        end_failed("the guest runs code at %#llx (RIP %#llx), which is no memory",
                   (unsigned long long)vcpu->page->exit.memory.address,
                   (unsigned long long)vcpu->page->rip);
    }
    if (!vcpu->page->exit.memory.linear_address_is_valid) {
        end_failed("the guest's page tables are at %#llx, which is no memory",
                   (unsigned long long)vcpu->page->exit.memory.address);
    }
    mutex_lock(&vcpu->machine->lock);
    enum emulate_result result = emulate_memory(&emulate);
    mutex_unlock(&vcpu->machine->lock);
    after_emulation(vcpu, &emulate, result);
}

/* No row of the policy asks for these: what is unknown faults, as on a processor. */
static void exit_msr(struct vcpu *vcpu) {
    inject_exception(vcpu, EXCEPTION_GENERAL_PROTECTION, true, 0);
}

/* No row asks for these either: a leaf that nobody knows. */
static void exit_cpuid(struct vcpu *vcpu) {
    struct vcpu_page *page = vcpu->page;
    page->gpr[GPR_RAX] = 0;
    page->gpr[GPR_RBX] = 0;
    page->gpr[GPR_RCX] = 0;
    page->gpr[GPR_RDX] = 0;
    advance(page);
}

static void exit_hypercall(struct vcpu *vcpu) {
    vcpu->page->gpr[GPR_RAX] = (uint64_t)HYPERCALL_UNKNOWN;
    advance(vcpu->page);
}

/*
 * Only an INIT or an NMI from another vCPU can wake this one: rare enough to look for now and then.
 * When all vCPUs have come here, nothing ever will.
 */
static void exit_halt(struct vcpu *vcpu) {
    struct machine *machine = vcpu->machine;
    if (atomic_fetch_add(&machine->halted_count, 1) + 1 == machine->settings.cpu_count) {
        end_halted();
    }
    clock_sleep_until(clock_now_ns() + HALT_POLL_NS);
    atomic_fetch_sub(&machine->halted_count, 1);
}

static void exit_window(struct vcpu *vcpu) {
    struct machine *machine = vcpu->machine;
    mutex_lock(&machine->lock);
    if (pic_output(&machine->board.pic)) {
        inject_external(vcpu, pic_acknowledge(&machine->board.pic));
    }
    mutex_unlock(&machine->lock);
}

static void exit_end_of_interrupt(struct vcpu *vcpu) {
    struct machine *machine = vcpu->machine;
    mutex_lock(&machine->lock);
    ioapic_eoi(&machine->board.ioapic, (uint8_t)vcpu->page->exit.vector);
    mutex_unlock(&machine->lock);
}

static void exit_shutdown(struct vcpu *vcpu) {
    end_triple_fault(vcpu);
}

static void exit_failed_entry(struct vcpu *vcpu) {
    struct vcpu_page *page = vcpu->page;
    end_failed("vCPU %u cannot be entered: %.*s (rule %u, code %#llx)", (unsigned)vcpu->index,
               (int)sizeof(page->exit.failed.text), page->exit.failed.text,
               (unsigned)page->exit.failed.rule, (unsigned long long)page->exit.failed.code);
}

/* Entering again is all that is wanted. */
static void exit_nothing(struct vcpu *vcpu) {
    (void)vcpu;
}

static void (*const exits[EXIT_KIND_COUNT])(struct vcpu *vcpu) = {
    [EXIT_NONE] = exit_nothing,
    [EXIT_PORT] = exit_port,
    [EXIT_MEMORY] = exit_memory,
    [EXIT_MSR] = exit_msr,
    [EXIT_CPUID] = exit_cpuid,
    [EXIT_HYPERCALL] = exit_hypercall,
    [EXIT_HALT] = exit_halt,
    [EXIT_WINDOW] = exit_window,
    [EXIT_END_OF_INTERRUPT] = exit_end_of_interrupt,
    [EXIT_SHUTDOWN] = exit_shutdown,
    [EXIT_FAILED_ENTRY] = exit_failed_entry,
    [EXIT_KICK] = exit_nothing,
    [EXIT_START] = exit_nothing,
};

void loop_run(void *context) {
    struct vcpu *vcpu = context;
    handle_t guest = vcpu->machine->guest;
    uint32_t index = vcpu->index;
    for (;;) {
        int64_t kind = sys_guest_enter(guest, index);
        if ((uint64_t)kind >= EXIT_KIND_COUNT) {
            end_call_failed("entering the guest", kind);
        }
        exits[kind](vcpu);
    }
}
