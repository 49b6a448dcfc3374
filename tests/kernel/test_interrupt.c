/* INT n with every vector: only the breakpoint and overflow gates are ring 3's to use. */
#include "abi/syscalls.h"
#include "tests/kernel/attack.h"
#include "tests/kernel/child.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW   4
#define VECTOR_PROTECTION 13
#define ERROR_IDT         2 /* SDM Vol. 3, 6.13 "Error Code": the selector is of the IDT */

static void check(uint32_t n, uint64_t entry, const struct partition_info *info) {
    uint64_t instruction = entry + INTERRUPT_ATTACK_OFFSET;
    uint32_t vector = (uint32_t)(info->fault.detail >> 32);
    tap_check_equal(info->state, PARTITION_FAULTED, "INT %u: state", (unsigned)n);
    if (n == VECTOR_BREAKPOINT || n == VECTOR_OVERFLOW) {
        tap_check_equal(vector, n, "INT %u: exception", (unsigned)n);
        tap_check_equal(info->fault.instruction, instruction + 2, "INT %u: place", (unsigned)n);
        return;
    }
    tap_check_equal(vector, VECTOR_PROTECTION, "INT %u: exception", (unsigned)n);
    /* TCG counts in the 16 bytes of a gate. */
    tap_check_equal(info->fault.detail & UINT32_MAX, n << (suite.is_tcg ? 4 : 3) | ERROR_IDT,
                    "INT %u: error code", (unsigned)n);
    tap_check_equal(info->fault.kind, FAULT_PROTECTION, "INT %u: kind", (unsigned)n);
    tap_check_equal(info->fault.instruction, instruction, "INT %u: place", (unsigned)n);
}

void test_interrupt(void) {
    for (uint32_t n = 0; n < 256; n++) {
        struct child child;
        const uint8_t *entry = interrupt_attacks + n * INTERRUPT_ATTACK_SIZE;
        if (!child_create(&child, CHILD_QUOTA))
            break;
        if (child_start(&child, (child_function)(uintptr_t)entry)) {
            struct partition_info info = child_await_end(&child);
            tap_check_equal(child.board->arrived, BOARD_MAGIC, "INT %u: tried", (unsigned)n);
            check(n, (uint64_t)(uintptr_t)entry, &info);
        }
        child_destroy(&child);
    }
    tap_point("INT n with n from 0 to 255 is the breakpoint, the overflow, or a protection fault");
}
