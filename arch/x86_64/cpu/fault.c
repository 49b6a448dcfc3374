#include "arch/x86_64/cpu/fault.h"

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/registers.h"

/* SDM Vol. 3, 6.15 "Exception and Interrupt Reference" */
static const struct {
    const char *name;
    enum fault_kind kind;
} rows[EXCEPTION_COUNT] = {
    [EXCEPTION_DIVIDE] = {"DE",  FAULT_ARITHMETIC },
    [EXCEPTION_DEBUG] = {"DB",  FAULT_DEBUG      },
    [EXCEPTION_NMI] = {"NMI", FAULT_OTHER      },
    [EXCEPTION_BREAKPOINT] = {"BP",  FAULT_DEBUG      },
    [EXCEPTION_OVERFLOW] = {"OF",  FAULT_ARITHMETIC },
    [EXCEPTION_BOUND] = {"BR",  FAULT_ARITHMETIC },
    [EXCEPTION_INVALID_OPCODE] = {"UD",  FAULT_INSTRUCTION},
    [EXCEPTION_DEVICE_NOT_AVAILABLE] = {"NM",  FAULT_ARITHMETIC },
    [EXCEPTION_DOUBLE_FAULT] = {"DF",  FAULT_OTHER      },
    [EXCEPTION_INVALID_TSS] = {"TS",  FAULT_PROTECTION },
    [EXCEPTION_SEGMENT_NOT_PRESENT] = {"NP",  FAULT_PROTECTION },
    [EXCEPTION_STACK] = {"SS",  FAULT_PROTECTION },
    [EXCEPTION_PROTECTION] = {"GP",  FAULT_PROTECTION },
    [EXCEPTION_PAGE_FAULT] = {"PF",  FAULT_MEMORY     },
    [EXCEPTION_FLOATING_POINT] = {"MF",  FAULT_ARITHMETIC },
    [EXCEPTION_ALIGNMENT] = {"AC",  FAULT_ALIGNMENT  },
    [EXCEPTION_MACHINE_CHECK] = {"MC",  FAULT_OTHER      },
    [EXCEPTION_SIMD] = {"XM",  FAULT_ARITHMETIC },
    [EXCEPTION_VIRTUALIZATION] = {"VE",  FAULT_OTHER      },
    [EXCEPTION_CONTROL_PROTECTION] = {"CP",  FAULT_PROTECTION },
};

const char *fault_name(uint32_t vector) {
    const char *name = vector < EXCEPTION_COUNT ? rows[vector].name : 0;
    return name != 0 ? name : "?";
}

void fault_registers(const struct arch_frame *frame, uint64_t registers[16]) {
    const uint64_t values[16] = {frame->rax, frame->rcx, frame->rdx, frame->rbx,
                                 frame->rsp, frame->rbp, frame->rsi, frame->rdi,
                                 frame->r8,  frame->r9,  frame->r10, frame->r11,
                                 frame->r12, frame->r13, frame->r14, frame->r15};
    for (uint32_t i = 0; i < 16; i++)
        registers[i] = values[i];
}

void fault_fill(const struct arch_frame *frame, uint64_t page_fault_address,
                struct fault_info *fault) {
    bool is_known = frame->vector < EXCEPTION_COUNT && rows[frame->vector].name != 0;
    *fault = (struct fault_info){
        .kind = is_known ? rows[frame->vector].kind : FAULT_OTHER,
        .instruction = frame->rip,
        .stack = frame->rsp,
        .detail = frame->vector << 32 | (frame->error & UINT32_MAX),
    };
    fault_registers(frame, fault->registers);
    if (frame->vector != EXCEPTION_PAGE_FAULT)
        return;
    fault->address = page_fault_address;
    if ((frame->error & PAGE_FAULT_FETCH) != 0)
        fault->access = MAP_EXECUTE;
    else
        fault->access = (frame->error & PAGE_FAULT_WRITE) != 0 ? MAP_WRITE : MAP_READ;
}

void fault_describe(const struct arch_frame *frame, struct fault_info *fault) {
    fault_fill(frame, asm_read_cr2(), fault);
}
