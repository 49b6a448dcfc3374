/*
 * Each forbidden act of attacks.S in a partition of its own: it must have been tried, it must have
 * had the documented outcome, and a neighbour and the suite live on.
 */
#include "abi/syscalls.h"
#include "tests/kernel/attack.h"
#include "tests/kernel/child.h"
#include "tests/kernel/cpu.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

/* What fault_kind becomes of which exception: its comments in the ABI. */
static enum fault_kind kind_of(uint32_t vector) {
    switch (vector) {
    case 0:
    case 16:
    case 19: return FAULT_ARITHMETIC;
    case 1:
    case 3: return FAULT_DEBUG;
    case 6: return FAULT_INSTRUCTION;
    case 11:
    case 12:
    case 13: return FAULT_PROTECTION;
    case 14: return FAULT_MEMORY;
    case 17: return FAULT_ALIGNMENT;
    default: return FAULT_OTHER;
    }
}

static uint32_t wanted_outcomes(const struct attack *attack) {
    uint32_t condition = attack->condition & ~(uint32_t)ATTACK_ANY_PLACE;
    if (condition == ATTACK_UMIP && !suite.has_umip)
        return (uint32_t)ATTACK_SURVIVES;
    if (condition == ATTACK_FSGSBASE && !suite.has_fsgsbase)
        return ATTACK_UD;
    return attack->outcomes | (suite.is_tcg ? attack->tcg : 0);
}

static void check_fault(const struct attack *attack, const struct fault_info *fault) {
    uint32_t vector = (uint32_t)(fault->detail >> 32);
    uint32_t outcomes = wanted_outcomes(attack);
    bool is_exact = (attack->outcomes & 1u << (vector & 31)) != 0;
    if (!tap_check(vector < 30 && (outcomes & 1u << vector) != 0, "%s: exception %u at %#llx",
                   attack->text, (unsigned)vector, (unsigned long long)fault->instruction))
        return;
    tap_check_equal(fault->kind, kind_of(vector), "%s: kind", attack->text);
    if ((attack->condition & ATTACK_ANY_PLACE) == 0 && is_exact)
        tap_check_equal(fault->instruction, attack->instruction, "%s: place", attack->text);
    if (vector == 14 && is_exact) {
        tap_check_equal(fault->address, attack->address, "%s: address", attack->text);
        tap_check_equal(fault->access, attack->access, "%s: access", attack->text);
    }
}

static void run(const struct attack *attack) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_start(&child, attack->entry)) {
        struct partition_info info = child_await_end(&child);
        /* INT1 and the like may come right with the mark's instruction: the mark is there then. */
        bool before = attack->condition == ATTACK_FSGSBASE && !suite.has_fsgsbase;
        tap_check(before || child.board->arrived == BOARD_MAGIC, "%s: it was not tried",
                  attack->text);
        if (info.state == PARTITION_FAULTED) {
            check_fault(attack, &info.fault);
        } else {
            tap_check_equal(info.state, PARTITION_STOPPED, "%s: state", attack->text);
            tap_check_equal((uint64_t)(int64_t)info.exit_code, CHILD_EXIT_SURVIVED, "%s: exit code",
                            attack->text);
            tap_check((wanted_outcomes(attack) & (uint32_t)ATTACK_SURVIVES) != 0,
                      "%s: nothing happened", attack->text);
        }
    }
    child_destroy(&child);
}

static void child_counts(volatile struct board *board) {
    for (;;) {
        board->value[0]++;
        sys_thread_yield();
    }
}

static void forbidden_acts(void) {
    struct child neighbour;
    if (!child_create(&neighbour, CHILD_QUOTA) || !child_start(&neighbour, child_counts))
        return;
    for (uint32_t count = 0; count < attack_count; count++) {
        run(&attacks_start[count]);
        if (count % 30 == 29)
            tap_point("forbidden acts %u to %u, each caught", (unsigned)count - 28,
                      (unsigned)count + 1);
    }
    tap_point("forbidden acts up to %u, each caught", (unsigned)attack_count);
    tap_check(child_await_value(&neighbour.board->value[0], neighbour.board->value[0] + 5),
              "the neighbour runs");
    tap_check_equal(child_info(&neighbour).state, PARTITION_RUNNING, "the neighbour's state");
    child_destroy(&neighbour);
    tap_point("a neighbour ran through all of them");
}

static const struct {
    const char *what;
    child_function act;
    uint32_t access;
} acts[] = {
    {"read",    attack_read,    MAP_READ   },
    {"write",   attack_write,   MAP_WRITE  },
    {"execute", attack_execute, MAP_EXECUTE},
};

static void kernel_address(uint64_t address) {
    for (uint32_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            return;
        child.board->argument[0] = address;
        if (child_start(&child, acts[i].act)) {
            struct partition_info info = child_await_end(&child);
            tap_check_equal(child.board->arrived, BOARD_MAGIC, "%s at %#llx: tried", acts[i].what,
                            (unsigned long long)address);
            tap_check_equal(info.state, PARTITION_FAULTED, "%s at %#llx: state", acts[i].what,
                            (unsigned long long)address);
            tap_check_equal(info.fault.kind, FAULT_MEMORY, "%s at %#llx: kind", acts[i].what,
                            (unsigned long long)address);
            tap_check_equal(info.fault.address, address, "%s: address", acts[i].what);
            tap_check_equal(info.fault.access, acts[i].access, "%s: access", acts[i].what);
        }
        child_destroy(&child);
    }
}

static void kernel_addresses(void) {
    static const uint64_t places[] = {
        0xffff800000000000ull, /* the map of all memory */
        0xffff800000001000ull,
        0xffff800000100000ull,
        0xffff800010000000ull,
        0xffff8000fee00000ull, /* the local APIC */
        0xffff8000fec00000ull, /* the I/O APIC */
        0xffffc00000000000ull,
        0xffffff0000000000ull,
        0xffffffff7ffff000ull,
        0xffffffff80000000ull, /* the image */
        0xffffffff80001000ull,
        0xffffffff80010000ull,
        0xffffffff80020000ull,
        0xffffffff80040000ull,
        0xffffffffc0000000ull,
        0xfffffffffffff000ull,
        UINT64_MAX,
    };
    for (uint32_t i = 0; i < sizeof places / sizeof places[0]; i++)
        kernel_address(places[i]);
    tap_point("reading, writing and executing %u addresses of the kernel's half faults",
              (unsigned)(sizeof places / sizeof places[0]));
}

/* Which segments a program can see at all; value[0]: how many, value[1]: the first with less than
 * ring 3's privilege. */
static void child_looks_at_segments(volatile struct board *board) {
    for (uint32_t selector = 0; selector < 0x10000; selector++) {
        uint32_t rights = cpu_access_rights(selector);
        if (rights == 0)
            continue;
        board->value[0]++;
        if ((rights >> 13 & 3) != 3 && board->value[1] == 0)
            board->value[1] = selector;
        if ((rights >> 12 & 1) == 0) /* a gate or another system segment */
            board->value[2] = selector;
    }
    sys_partition_exit(0);
}

static void segments(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_start(&child, child_looks_at_segments)) {
        tap_check_equal(child_await_end(&child).state, PARTITION_STOPPED, "state");
        tap_check(child.board->value[0] > 0, "LAR sees the program's own segments");
        tap_check_equal(child.board->value[1], 0, "a selector of more privilege");
        tap_check_equal(child.board->value[2], 0, "a selector of a gate");
    }
    child_destroy(&child);
    tap_point("of 65,536 selectors ring 3 sees only its own segments, and no gate");
}

void test_fault(void) {
    forbidden_acts();
    kernel_addresses();
    segments();
}
