/* What a panic shows: registers, and who called whom. Takes no lock and trusts no pointer. */
#include <stdarg.h>
#include <stddef.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/block.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/platform/symbols.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/print.h"

#define DEPTH_LIMIT 32u

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
    char line[160];
    va_list arguments;
    va_start(arguments, format);
    size_t length = print_format_list(line, sizeof line, format, arguments);
    va_end(arguments);
    arch_serial_write(line, length);
    arch_serial_write("\r\n", 2);
}

/* The entry code runs at another address on each CPU: as the linker knows it. */
static uint64_t link_address(const struct cpu *cpu, uint64_t address) {
    uint64_t page = (uint64_t)cpu + BLOCK_ENTRY;
    return address - page < BLOCK_PAGE ? (uint64_t)kernel_entry_page + (address - page) : address;
}

static void say_place(const struct cpu *cpu, uint64_t address) {
    uint64_t offset;
    const char *name = symbols_find(symbols_kernel(), link_address(cpu, address), &offset);
    if (name != NULL)
        say("bulkhead:   %016lx %s+0x%lx", address, name, offset);
    else
        say("bulkhead:   %016lx", address);
}

/* A frame pointer is followed only within the mapped pages of this CPU's block. */
static bool is_on_stack(const struct cpu *cpu, uint64_t pointer) {
    uint64_t offset = pointer - (uint64_t)cpu;
    return offset <= ARCH_CPU_BLOCK_SIZE - 16 && pointer % 8 == 0 && offset >= BLOCK_NMI &&
           block_page_kind(offset & ~(BLOCK_PAGE - 1)) == BLOCK_PAGE_DATA &&
           block_page_kind((offset + 8) & ~(BLOCK_PAGE - 1)) == BLOCK_PAGE_DATA;
}

static void say_registers(const struct arch_frame *frame) {
    say("bulkhead: rip %016lx cs %lx rflags %lx rsp %016lx ss %lx", frame->rip, frame->cs,
        frame->rflags, frame->rsp, frame->ss);
    say("bulkhead: rax %016lx rbx %016lx rcx %016lx rdx %016lx", frame->rax, frame->rbx, frame->rcx,
        frame->rdx);
    say("bulkhead: rsi %016lx rdi %016lx rbp %016lx r8  %016lx", frame->rsi, frame->rdi, frame->rbp,
        frame->r8);
    say("bulkhead: r9  %016lx r10 %016lx r11 %016lx r12 %016lx", frame->r9, frame->r10, frame->r11,
        frame->r12);
    say("bulkhead: r13 %016lx r14 %016lx r15 %016lx", frame->r13, frame->r14, frame->r15);
}

void arch_backtrace(const void *registers) {
    const struct arch_frame *frame = registers;
    const struct cpu *cpu = cpu_self();
    uint64_t pointer = (uint64_t)__builtin_frame_address(0);
    say("bulkhead: CPU %u cr0 %lx cr2 %lx cr3 %lx cr4 %lx", cpu->index, asm_read_cr0(),
        asm_read_cr2(), asm_read_cr3(), asm_read_cr4());
    if (frame != NULL)
        say_registers(frame);
    say("bulkhead: backtrace:");
    if (frame != NULL) {
        say_place(cpu, frame->rip);
        pointer = frame->rbp;
    }
    for (uint32_t depth = 0; depth < DEPTH_LIMIT && is_on_stack(cpu, pointer); depth++) {
        const uint64_t *words = (const uint64_t *)pointer;
        if (words[1] == 0)
            break;
        say_place(cpu, words[1] - 1); /* within the call, also where it was the last instruction */
        if (words[0] <= pointer)
            break;
        pointer = words[0];
    }
}
