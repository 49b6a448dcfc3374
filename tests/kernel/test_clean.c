/*
 * Nothing of an earlier partition reaches a later one: memory, stack and registers at a thread's
 * start.
 */
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "tests/kernel/child.h"
#include "tests/kernel/children.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define MEBIBYTE   0x100000ull
#define DIRTY_SIZE (4 * MEBIBYTE)
#define PATTERN    0xd1d1d1d1d1d1d1d1ull

/* SDM Vol. 1, 10.5.1 and 13.4: where XSAVE puts what */
#define AREA_FCW      0
#define AREA_MXCSR    24
#define AREA_ST0      32
#define AREA_XMM0     160
#define AREA_XMM_END  416
#define AREA_EXTENDED 576
#define INITIAL_FCW   0x37f
#define INITIAL_MXCSR 0x1f80
#define INITIAL_FLAGS 0x202

/* NULL: there is none, which has been reported. */
static uint64_t *memory_of(struct child *child, uint64_t size) {
    void *address = NULL;
    int64_t region = sys_region_create(child->partition, size);
    if (tap_need(region, "region of a child") < 0)
        return NULL;
    int64_t result = map_region((handle_t)region, 0, size, MAP_READ | MAP_WRITE, &address);
    sys_handle_close((handle_t)region);
    return tap_need(result, "map it here") < 0 ? NULL : address;
}

static uint64_t count_words_that_are_not_zero(const uint64_t *words, uint64_t size) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < size / sizeof *words; i++)
        count += words[i] != 0;
    return count;
}

static void memory_is_zero(void) {
    for (uint32_t round = 0; round < 2; round++) {
        struct child child;
        /* The second time in many small pieces, which the allocator splits differently. */
        uint64_t piece = round == 0 ? 2 * DIRTY_SIZE : 0x7000;
        if (!child_create(&child, 3 * DIRTY_SIZE))
            return;
        uint64_t *words = memory_of(&child, DIRTY_SIZE);
        if (words != NULL) {
            tap_check_equal(count_words_that_are_not_zero(words, DIRTY_SIZE), 0, "new memory");
            for (uint64_t i = 0; i < DIRTY_SIZE / sizeof *words; i++)
                words[i] = PATTERN;
        }
        child_destroy(&child);
        if (words != NULL)
            map_undo(words);
        if (!child_create(&child, 4 * DIRTY_SIZE))
            return;
        uint64_t count = 0;
        for (uint64_t done = 0; done < 2 * DIRTY_SIZE; done += piece) {
            words = memory_of(&child, piece);
            if (words == NULL)
                break;
            count += count_words_that_are_not_zero(words, piece);
            map_undo(words);
        }
        tap_check_equal(count, 0, "words that are not zero, round %u", (unsigned)round);
        child_destroy(&child);
    }
    tap_point("memory is zero after an earlier owner had filled it with a pattern");
}

static uint64_t facts(void) {
    return (suite.has_xsave ? CHILDREN_XSAVE : 0u) | (suite.has_fsgsbase ? CHILDREN_FSGSBASE : 0u) |
           ((suite.extended_state & 0x4) != 0 ? CHILDREN_AVX : 0u) |
           ((suite.extended_state & 0xe0) == 0xe0 ? CHILDREN_AVX512 : 0u);
}

static void run_on(uint32_t cpu, child_function function) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    child.board->argument[0] = facts();
    if (child_thread(&child, function, 0, cpu, 0, 0))
        tap_check_equal(child_await_end(&child).state, PARTITION_STOPPED, "state");
    child_destroy(&child);
}

static void check_general_registers(const volatile struct board *board) {
    static const char *const names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                          "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    for (uint32_t i = 0; i < 16; i++) {
        uint64_t wanted = 0;
        if (i == 4)
            wanted = CHILD_STACK_BOTTOM + CHILD_STACK_SIZE - 8;
        else if (i == 7)
            wanted = CHILD_BOARD;
        tap_check_equal(board->value[i], wanted, "%s", names[i]);
    }
    tap_check_equal(board->value[CHILDREN_FLAGS], INITIAL_FLAGS, "flags");
    for (uint32_t i = CHILDREN_DS; i <= CHILDREN_GS; i++)
        tap_check_equal(board->value[i], 0, "segment register %u", (unsigned)i);
    if (suite.has_fsgsbase) {
        tap_check_equal(board->value[CHILDREN_FS_BASE], 0x7000, "FS base");
        tap_check_equal(board->value[CHILDREN_GS_BASE], 0, "GS base");
    }
}

static void check_zero(const volatile struct board *board, uint32_t from, uint32_t to,
                       const char *what) {
    for (uint32_t i = from; i < to; i++)
        if (!tap_check(board->area[i] == 0, "%s: byte %u of the saved state is %#x", what,
                       (unsigned)i, board->area[i]))
            break;
}

static void check_extended_state(const volatile struct board *board) {
    uint32_t fcw = board->area[AREA_FCW] | (uint32_t)board->area[AREA_FCW + 1] << 8;
    uint32_t mxcsr = board->area[AREA_MXCSR] | (uint32_t)board->area[AREA_MXCSR + 1] << 8;
    tap_check_equal(fcw, INITIAL_FCW, "x87 control word");
    tap_check_equal(mxcsr, INITIAL_MXCSR, "MXCSR");
    check_zero(board, AREA_FCW + 2, AREA_MXCSR, "x87 status");
    check_zero(board, AREA_ST0, AREA_XMM0, "x87 registers");
    check_zero(board, AREA_XMM0, AREA_XMM_END, "XMM registers");
    check_zero(board, AREA_EXTENDED, sizeof board->area, "YMM registers and the like");
}

static void registers_are_zero(uint32_t cpu) {
    run_on(cpu, children_dirty);
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    child.board->argument[0] = facts();
    if (child_thread(&child, children_dump, 0, cpu, 0, 0x7000)) {
        tap_check_equal(child_await_end(&child).state, PARTITION_STOPPED, "state");
        tap_check_equal(child.board->survived, BOARD_MAGIC, "it came to its end");
        check_general_registers(child.board);
        check_extended_state(child.board);
    }
    child_destroy(&child);
}

static void child_looks_at_its_stack(volatile struct board *board) {
    const volatile uint8_t *bottom = (const volatile uint8_t *)CHILD_STACK_BOTTOM;
    uint64_t count = 0;
    for (uint32_t i = 0; i < CHILD_STACK_SIZE - 512; i++)
        count += bottom[i] != 0;
    board->value[0] = count;
    sys_partition_exit(0);
}

static void stack_is_zero(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_start(&child, child_looks_at_its_stack)) {
        tap_check_equal(child_await_end(&child).state, PARTITION_STOPPED, "state");
        tap_check_equal(child.board->value[0], 0, "bytes of the stack that are not zero");
    }
    child_destroy(&child);
    tap_point("a new stack is zero");
}

void test_clean(void) {
    memory_is_zero();
    stack_is_zero();
    for (uint32_t cpu = 0; cpu < suite.cpu_count; cpu++)
        registers_are_zero(cpu);
    tap_point("every register is zero or as documented at a thread's start, on each CPU");
}
