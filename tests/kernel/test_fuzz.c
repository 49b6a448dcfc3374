/*
 * Random system calls from child partitions that have handles of every type: half of the arguments
 * make sense, half do not. A child that ends itself is made anew and goes on where it was. The
 * kernel must live, the audit must find nothing, and all memory must come back.
 */
#include <string.h>

#include "abi/syscall_table.h"
#include "abi/syscall_numbers.h"
#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/map.h"
#include "tests/kernel/child.h"
#include "tests/kernel/cpu.h"
#include "tests/kernel/options.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define FUZZERS       4u
#define FUZZ_QUOTA    0x200000ull
#define SCRATCH       CHILD_WINDOW
#define SCRATCH_SIZE  (4 * PAGE_SIZE)
#define PLAYGROUND    0x30000000ull /* where it maps and unmaps */
#define VCPU_PAGE     0x38000000ull
#define EXIT_FINISHED 99
#define PATIENCE_NS   150000000ull /* without a call: it waits, or its guest runs */
#define DEADLINE_NS   60000000000ull

/* board->value */
#define STATE  0
#define DONE   1
#define WANTED 2
#define LAST   3  /* the call that it made last, and its arguments */
#define GOOD   10 /* calls with a result >= 0 */

/* board->argument: handles of the child, by their order in `types` */
static const char types[] = "ptsreyog";

/*
 * What each argument is: the letters of `types`, z bytes in pages, a address, f map flags, R
 * rights, b pointer, n small number, x anything.
 */
#define NOW(number, name, count) number,
#define LATER(number, name)      number,
static const uint8_t numbers[] = {SYSCALL_TABLE(NOW, LATER)};

static const char *const shapes[256] = {
    [SYS_handle_duplicate] = "hRn",
    [SYS_handle_close] = "h",
    [SYS_handle_grant] = "phR",
    [SYS_handle_info] = "hb",
    [SYS_handle_take] = "phR",
    [SYS_partition_create] = "pb",
    [SYS_partition_info] = "pb",
    [SYS_partition_list] = "ynb",
    [SYS_partition_set_limits] = "hb",
    [SYS_partition_pause] = "h",
    [SYS_partition_resume] = "p",
    [SYS_partition_stop] = "hn",
    [SYS_partition_destroy] = "h",
    [SYS_thread_create] = "psb",
    [SYS_thread_resume] = "h",
    [SYS_thread_get_state] = "tb",
    [SYS_space_create] = "pn",
    [SYS_space_map] = "srzazf",
    [SYS_space_unmap] = "saz",
    [SYS_space_protect] = "sazf",
    [SYS_region_create] = "pz",
    [SYS_region_info] = "rb",
    [SYS_event_create] = "p",
    [SYS_event_signal] = "ex",
    [SYS_event_wait] = "exn",
    [SYS_ports_create] = "onn",
    [SYS_ports_open] = "ot",
    [SYS_guest_create] = "psb",
    [SYS_guest_create_vcpu] = "gnsa",
    [SYS_guest_enter] = "gn",
    [SYS_guest_kick] = "gn",
    [SYS_guest_get_state] = "gnb",
    [SYS_guest_set_state] = "gnb",
    [SYS_guest_set_cpuid] = "gbn",
    [SYS_guest_set_msr] = "gbn",
    [SYS_guest_interrupt] = "gxn",
    [SYS_guest_signal] = "gnnn",
    [SYS_guest_set_eoi_exits] = "gb",
    [SYS_guest_get_statistics] = "gnb",
    [SYS_guest_access_apic] = "gnnxn",
    [SYS_system_info] = "yb",
    [SYS_system_open_module] = "ynb",
    [SYS_system_read_log] = "ynbn",
    [SYS_system_log_position] = "yn",
    [SYS_system_watch_log] = "yex",
    [SYS_system_random] = "bn",
    [SYS_log_write] = "bn",
    [SYS_system_speculation] = "ynb",
};

/* ---- in the child */

static uint64_t next(volatile struct board *board) {
    uint64_t x = board->value[STATE];
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    board->value[STATE] = x;
    return x * 0x2545f4914f6cdd1dull;
}

static void child_helper(volatile struct board *board) {
    (void)board;
    for (uint32_t i = 0; i < 5; i++)
        sys_thread_yield();
    sys_thread_exit(0);
}

/* Structures that a call could accept, somewhat spoilt. */
static void fill_scratch(volatile struct board *board) {
    uint64_t r = next(board);
    volatile uint64_t *words = (volatile uint64_t *)SCRATCH;
    struct partition_config *partition = (struct partition_config *)SCRATCH;
    *partition = (struct partition_config){.memory_quota = (r >> 8 & 31) * PAGE_SIZE};
    partition->name[0] = 'f';
    partition->name[1] = (char)('a' + (r & 15));
    partition->name[2] = (char)('a' + (r >> 4 & 15));
    struct thread_config *thread = (struct thread_config *)(SCRATCH + 256);
    *thread = (struct thread_config){
        .entry = (uint64_t)(uintptr_t)child_helper,
        .stack = SCRATCH + SCRATCH_SIZE - 1032 * (r >> 16 & 1) - 8,
        .argument = r,
        .cpu = (r >> 20 & 3) == 0 ? (uint32_t)(r >> 24 & 3) : THREAD_ANY_CPU,
        .flags = (r >> 32 & 3) == 0,
    };
    struct guest_config *guest = (struct guest_config *)(SCRATCH + 512);
    *guest = (struct guest_config){.vcpu_limit = (uint32_t)(r >> 40 & 3)};
    if ((r >> 48 & 3) == 0)
        words[r >> 50 & 127] ^= next(board);
}

static uint64_t anything(volatile struct board *board) {
    static const uint64_t odd[] = {
        0,
        1,
        2,
        0xff,
        0xfff,
        PAGE_SIZE,
        PAGE_SIZE + 1,
        0x7fffffff,
        0x80000000,
        UINT32_MAX,
        1ull << 32,
        SPACE_PROGRAM_END - PAGE_SIZE,
        SPACE_PROGRAM_END,
        0x8000000000000000ull,
        0xffff800000000000ull,
        0xffffffff80000000ull,
        UINT64_MAX - PAGE_SIZE + 1,
        UINT64_MAX,
    };
    uint64_t r = next(board);
    switch (r & 7) {
    case 0: return next(board);
    case 1: return r >> 32;
    case 2: return 1ull << (r >> 8 & 63);
    case 3: return r >> 8 & 63;
    default: return odd[(r >> 8) % (sizeof odd / sizeof odd[0])];
    }
}

/* Anything but the board, which keeps the count. */
static uint64_t any(volatile struct board *board) {
    uint64_t value = anything(board);
    return value - CHILD_BOARD + PAGE_SIZE < 2 * PAGE_SIZE ? 0 : value;
}

static uint64_t handle_of(const volatile struct board *board, char type, uint64_t r) {
    if ((r & 3) == 0)
        return r >> 8 & 127; /* perhaps something that it made itself */
    for (uint32_t i = 0; types[i] != '\0'; i++)
        if (types[i] == type)
            return board->argument[i];
    return r >> 8 & 31;
}

static uint64_t sensible(volatile struct board *board, char kind) {
    uint64_t r = next(board);
    switch (kind) {
    case 'z': return (r & 15) * PAGE_SIZE;
    case 'a': return PLAYGROUND + (r & 63) * PAGE_SIZE;
    case 'f': return r & 7;
    case 'R': return (r & 3) == 0 ? r >> 8 & RIGHTS_ALL : RIGHTS_SAME;
    case 'b': return SCRATCH + (r & 15) * 256;
    case 'n': return r & 31;
    case 'x': return r;
    default: return handle_of(board, kind, r);
    }
}

static uint64_t choose_number(volatile struct board *board) {
    uint64_t r = next(board);
    if ((r & 31) == 0)
        return any(board);
    if ((r & 15) == 1)
        return r >> 8 & 255;
    return numbers[(r >> 8) % sizeof numbers];
}

static void child_fuzzes(volatile struct board *board) {
    for (;;) {
        if (board->value[DONE] >= board->value[WANTED])
            sys_partition_exit(EXIT_FINISHED);
        board->value[DONE]++;
        if ((board->value[DONE] & 15) == 1)
            fill_scratch(board);
        uint64_t number = choose_number(board);
        bool ends = number == SYS_partition_exit || number == SYS_thread_exit;
        if (ends && (next(board) & 63) != 0)
            continue;
        const char *shape = number < 256 && shapes[number] != NULL ? shapes[number] : "";
        uint64_t a[6];
        for (uint32_t i = 0; i < 6; i++) {
            bool is_known = *shape != '\0' && (next(board) & 7) != 0;
            a[i] = is_known ? sensible(board, *shape) : any(board);
            if (*shape != '\0')
                shape++;
        }
        if (number == SYS_event_wait && (next(board) & 255) != 0)
            a[2] = (next(board) & 1) == 0 ? 0 : (uint64_t)sys_clock_get() + 5000;
        board->value[LAST] = number;
        for (uint32_t i = 0; i < 6; i++)
            board->value[LAST + 1 + i] = a[i];
        int64_t result = syscall_raw6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (result >= 0)
            board->value[GOOD]++;
    }
}

/* ---- the suite's side */

static struct {
    struct child child;
    bool is_alive;
    uint64_t state, done, good, wanted;
    uint64_t seen_done, seen_at;
    uint32_t lives;
} fuzzer[FUZZERS];

static handle_t ports, region, system_reader;

static bool give_all(struct child *child) {
    volatile struct board *board = child->board;
    const uint32_t most = RIGHTS_ALL;
    board->argument[0] = child_give(child, child->partition, most);
    board->argument[1] = child_give(child, child->thread, most);
    board->argument[2] = child_give(child, child->space, most);
    board->argument[3] = child_give(child, region, most);
    int64_t event = sys_event_create(child->partition);
    board->argument[4] = child_give(child, (handle_t)event, most);
    sys_handle_close((handle_t)event);
    board->argument[5] = child_give(child, system_reader, RIGHTS_SAME);
    board->argument[6] = child_give(child, ports, most);
    if (!suite.has_guests)
        return true;
    const struct guest_config config = {.vcpu_limit = 2};
    int64_t space = sys_space_create(child->partition, SPACE_GUEST);
    int64_t guest = sys_guest_create(child->partition, (handle_t)space, &config);
    if (tap_need(guest, "guest for a child") < 0)
        return false;
    tap_need(sys_guest_create_vcpu((handle_t)guest, 0, child->space, VCPU_PAGE), "vCPU");
    board->argument[7] = child_give(child, (handle_t)guest, most);
    sys_handle_close((handle_t)guest);
    sys_handle_close((handle_t)space);
    return true;
}

static bool start(uint32_t i) {
    struct child *child = &fuzzer[i].child;
    if (!child_create(child, FUZZ_QUOTA) ||
        !child_map(child, SCRATCH, SCRATCH_SIZE, MAP_READ | MAP_WRITE, NULL) ||
        !child_thread(child, child_fuzzes, 0, i % suite.cpu_count, THREAD_SUSPENDED, 0) ||
        !give_all(child))
        return false;
    child->board->value[STATE] = fuzzer[i].state;
    child->board->value[DONE] = fuzzer[i].done;
    child->board->value[WANTED] = fuzzer[i].wanted;
    child->board->value[GOOD] = fuzzer[i].good;
    fuzzer[i].seen_at = clock_now_ns();
    fuzzer[i].lives++;
    fuzzer[i].is_alive = true;
    return tap_need(sys_thread_resume(child->thread), "resume") >= 0;
}

static void end(uint32_t i) {
    const volatile struct board *board = fuzzer[i].child.board;
    fuzzer[i].state = board->value[STATE];
    fuzzer[i].done = board->value[DONE];
    fuzzer[i].good = board->value[GOOD];
    child_destroy(&fuzzer[i].child);
    fuzzer[i].is_alive = false;
}

/* Looks after one; false: it has made all of its calls. */
static bool attend(uint32_t i) {
    struct partition_info info = child_info(&fuzzer[i].child);
    uint64_t done = fuzzer[i].child.board->value[DONE];
    bool has_ended = info.state == PARTITION_STOPPED || info.state == PARTITION_FAULTED;
    if (info.state == PARTITION_PAUSED) {
        tap_check_result(sys_partition_resume(fuzzer[i].child.partition), 0, "resume");
    } else if (!has_ended && done != fuzzer[i].seen_done) {
        fuzzer[i].seen_done = done;
        fuzzer[i].seen_at = clock_now_ns();
    } else if (has_ended || clock_now_ns() - fuzzer[i].seen_at > PATIENCE_NS) {
        bool is_finished = info.state == PARTITION_STOPPED && done >= fuzzer[i].wanted;
        end(i);
        return !is_finished && start(i);
    }
    return true;
}

/* Partitions that the children made and that outlived them. */
static void destroy_strangers(void) {
    struct partition_info own, info;
    uint64_t after = 0;
    memset(&own, 0, sizeof own);
    memset(&info, 0, sizeof info);
    sys_partition_info(HANDLE_PARTITION, &own);
    for (;;) {
        int64_t handle = sys_partition_list(HANDLE_SYSTEM, after, &info);
        if (handle < 0)
            return;
        after = info.id;
        if (info.id != own.id)
            tap_check_result(sys_partition_destroy((handle_t)handle), 0, "destroy %s", info.name);
        sys_handle_close((handle_t)handle);
    }
}

static bool make_gifts(void) {
    int64_t result = tap_need(sys_ports_create(HANDLE_PORTS, 0x2e8, 8), "ports");
    ports = (handle_t)result;
    result = tap_need(sys_region_create(HANDLE_PARTITION, 16 * PAGE_SIZE), "region");
    region = (handle_t)result;
    result = tap_need(sys_handle_duplicate(HANDLE_SYSTEM,
                                           RIGHT_READ | RIGHT_GRANT | RIGHT_DUPLICATE, 0),
                      "handle to the system");
    system_reader = (handle_t)result;
    return result >= 0;
}

void test_fuzz(void) {
    uint64_t calls = option("fuzz", 200000);
    uint64_t seed = option("seed", 0x42756c6b68656164ull);
    uint32_t count = suite.cpu_count < FUZZERS ? suite.cpu_count : FUZZERS;
    uint64_t share = calls / (count > 0 ? count : 1);
    uint32_t alive = 0, lives = 0;
    uint64_t done = 0, good = 0;
    tap_note("fuzz: seed=%#llx", (unsigned long long)seed);
    if (calls == 0 || !make_gifts())
        return;
    for (uint32_t i = 0; i < count; i++) {
        memset(&fuzzer[i], 0, sizeof fuzzer[i]);
        fuzzer[i].state = seed + i * 0x9e3779b97f4a7c15ull;
        fuzzer[i].wanted = share;
        alive += start(i);
    }
    uint64_t deadline = clock_now_ns() + DEADLINE_NS;
    while (alive > 0 && clock_now_ns() < deadline) {
        sys_event_wait(child_event(), UINT32_MAX, clock_now_ns() + 10000000);
        for (uint32_t i = 0; i < count; i++)
            if (fuzzer[i].is_alive && !attend(i))
                alive--;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (fuzzer[i].is_alive)
            end(i);
        else
            child_destroy(&fuzzer[i].child);
        done += fuzzer[i].done;
        good += fuzzer[i].good;
        lives += fuzzer[i].lives;
    }
    destroy_strangers();
    sys_handle_close(ports);
    sys_handle_close(region);
    sys_handle_close(system_reader);
    tap_check(done >= share * count, "%llu calls of %llu were made", (unsigned long long)done,
              (unsigned long long)calls);
    tap_check(good > done / 100, "only %llu had a result that was no error",
              (unsigned long long)good);
    tap_note("fuzz: %llu calls, %llu without an error, %u lives", (unsigned long long)done,
             (unsigned long long)good, (unsigned)lives);
    tap_point("random system calls (seed %#llx) end their partitions at worst",
              (unsigned long long)seed);
}
