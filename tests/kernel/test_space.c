/* Mapping and unmapping: what is mapped is what was asked for, no more and no longer. */
#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "tests/kernel/accounts.h"
#include "tests/kernel/attack.h"
#include "tests/kernel/child.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define RW         (MAP_READ | MAP_WRITE)
#define LARGE_SIZE (4ull * 1024 * 1024)
#define AT         0x40000000ull /* in the child, 2 MiB aligned */

/* A child that does `act` at `address` in its space. */
static void expect_fault(struct child *child, child_function act, uint64_t address, uint32_t access,
                         const char *what) {
    child->board->arrived = child->board->survived = 0;
    child->board->argument[0] = address;
    if (!child_start(child, act))
        return;
    struct partition_info info = child_await_end(child);
    tap_check_equal(child->board->arrived, BOARD_MAGIC, "%s: it was tried", what);
    tap_check_equal(info.state, PARTITION_FAULTED, "%s: state", what);
    tap_check_equal(info.fault.kind, FAULT_MEMORY, "%s: kind", what);
    tap_check_equal(info.fault.access, access, "%s: access", what);
    tap_check_equal(info.fault.address, address, "%s: address", what);
}

static const struct {
    const char *what;
    child_function act;
    uint32_t access;
    uint32_t flags;
} protections[] = {
    {"write where only reading is mapped",   attack_write,   MAP_WRITE,   MAP_READ              },
    {"execute where only reading is mapped", attack_execute, MAP_EXECUTE, MAP_READ              },
    {"execute where writing is mapped",      attack_execute, MAP_EXECUTE, RW                    },
    {"write where executing is mapped",      attack_write,   MAP_WRITE,   MAP_READ | MAP_EXECUTE},
};

static void protection(void) {
    for (uint32_t i = 0; i < sizeof protections / sizeof protections[0]; i++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            continue;
        if (child_map(&child, AT, PAGE_SIZE, protections[i].flags, NULL))
            expect_fault(&child, protections[i].act, AT + 0x123, protections[i].access,
                         protections[i].what);
        child_destroy(&child);
    }
    tap_point("a mapping allows what its flags say and nothing else");
}

static void edges(void) {
    static const struct {
        uint64_t at;
        const char *what;
    } rows[] = {
        {AT - 1,             "one byte below a mapping"},
        {AT + 3 * PAGE_SIZE, "one byte above a mapping"},
        {0x800,              "the first page"          },
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct child child;
        if (!child_create(&child, CHILD_QUOTA))
            continue;
        if (child_map(&child, AT, 3 * PAGE_SIZE, RW, NULL))
            expect_fault(&child, attack_read, rows[i].at, MAP_READ, rows[i].what);
        child_destroy(&child);
    }
    tap_point("around a mapping nothing is mapped");
}

static void unmapped_is_gone(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    if (child_map(&child, AT, PAGE_SIZE, RW, NULL)) {
        tap_check_result(sys_space_unmap(child.space, AT, PAGE_SIZE), 0, "unmap");
        tap_check_result(sys_space_unmap(child.space, AT, PAGE_SIZE), -STATUS_NOT_FOUND, "twice");
        expect_fault(&child, attack_read, AT, MAP_READ, "read after unmap");
    }
    child_destroy(&child);
    tap_point("what is unmapped is not accessible any more");
}

static uint64_t mark(uint64_t page) {
    return 0x9e3779b97f4a7c15ull * (page + 1);
}

/* argument: address, pages. Sums what it finds at the start of each page. */
static void child_sums(volatile struct board *board) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < board->argument[1]; i++)
        sum += *(volatile uint64_t *)(board->argument[0] + i * PAGE_SIZE);
    board->value[0] = sum;
    sys_partition_exit(0);
}

/* One region, seen here as a whole and there from an offset: the same bytes. */
static void large_and_shared(void) {
    struct accounts before = accounts_read();
    struct child child;
    int64_t region = sys_region_create(HANDLE_PARTITION, LARGE_SIZE);
    void *here = NULL;
    if (tap_need(region, "region") < 0)
        return;
    if (tap_need(map_region((handle_t)region, 0, LARGE_SIZE, RW, &here), "map it here") >= 0 &&
        child_create(&child, CHILD_QUOTA)) {
        const uint64_t offset = 3 * PAGE_SIZE;
        const uint64_t pages = (LARGE_SIZE - offset) / PAGE_SIZE;
        uint64_t sum = 0;
        for (uint64_t i = 0; i < LARGE_SIZE / PAGE_SIZE; i++)
            ((volatile uint64_t *)here)[i * PAGE_SIZE / 8] = mark(i);
        for (uint64_t i = 3; i < LARGE_SIZE / PAGE_SIZE; i++)
            sum += mark(i);
        tap_check_result(sys_space_map(child.space, (handle_t)region, offset, AT,
                                       LARGE_SIZE - offset, MAP_READ),
                         0, "map it there");
        sys_handle_close((handle_t)region);
        region = 0;
        child.board->argument[0] = AT;
        child.board->argument[1] = pages;
        if (child_start(&child, child_sums)) {
            tap_check_equal(child_await_end(&child).state, PARTITION_STOPPED, "state");
            tap_check_equal(child.board->value[0], sum, "what the child read");
        }
        child_destroy(&child);
    }
    if (here != NULL)
        map_undo(here);
    if (region > 0)
        sys_handle_close((handle_t)region);
    accounts_check(&before, "a shared region");
    tap_point("a region of large and small pages shows the same bytes wherever it is mapped");
}

static void overlaps(void) {
    struct child child;
    if (!child_create(&child, CHILD_QUOTA))
        return;
    int64_t region = sys_region_create(child.partition, 8 * PAGE_SIZE);
    if (tap_need(region, "region") >= 0) {
        handle_t r = (handle_t)region;
        struct partition_info empty = child_info(&child);
        tap_check_result(sys_space_map(child.space, r, 0, AT, 4 * PAGE_SIZE, RW), 0, "map");
        for (uint64_t first = 0; first < 8; first++)
            for (uint64_t count = 1; first + count <= 8; count++) {
                bool overlaps_it = first < 6 && first + count > 2;
                uint64_t at = AT - 2 * PAGE_SIZE + first * PAGE_SIZE;
                int64_t result = sys_space_map(child.space, r, 0, at, count * PAGE_SIZE, RW);
                tap_check_result(result, overlaps_it ? -STATUS_EXISTS : 0,
                                 "%u pages, %d from the mapping's start", (unsigned)count,
                                 (int)first - 2);
                if (result >= 0)
                    sys_space_unmap(child.space, at, count * PAGE_SIZE);
            }
        tap_check_result(sys_space_unmap(child.space, AT, PAGE_SIZE), -STATUS_INVALID,
                         "unmap the first page only");
        tap_check_result(sys_space_unmap(child.space, AT + PAGE_SIZE, 3 * PAGE_SIZE),
                         -STATUS_INVALID, "unmap all but the first page");
        tap_check_result(sys_space_map(child.space, r, 0, AT + 4 * PAGE_SIZE, PAGE_SIZE, MAP_READ),
                         0, "map behind it");
        tap_check_result(sys_space_unmap(child.space, AT, 5 * PAGE_SIZE), 0, "unmap both at once");
        struct partition_info now = child_info(&child);
        /* A page table for AT may stay until the space goes. */
        tap_check(now.memory_used <= empty.memory_used + 3 * PAGE_SIZE, "memory: %llu, was %llu",
                  (unsigned long long)now.memory_used, (unsigned long long)empty.memory_used);
        sys_handle_close(r);
    }
    child_destroy(&child);
    tap_point("mappings do not overlap and are undone whole");
}

/*
 * The owner of shared memory dies while another partition has it mapped. That one must never see
 * the pages' next contents: it finds zeros, or its mapping has gone.
 */
static void owner_dies(void) {
    struct child owner, user;
    if (!child_create(&owner, CHILD_QUOTA))
        return;
    if (!child_create(&user, CHILD_QUOTA)) {
        child_destroy(&owner);
        return;
    }
    int64_t region = sys_region_create(owner.partition, 16 * PAGE_SIZE);
    uint64_t size = 16 * PAGE_SIZE;
    if (tap_need(region, "region") >= 0 &&
        tap_need(sys_space_map(user.space, (handle_t)region, 0, AT, size, RW), "map") >= 0) {
        sys_handle_close((handle_t)region);
        child_destroy(&owner);
        struct child next;
        void *words;
        if (child_create(&next, CHILD_QUOTA)) {
            if (child_map(&next, AT, 8 * size, RW, &words)) {
                for (uint64_t i = 0; i < 8 * size / 8; i++)
                    ((volatile uint64_t *)words)[i] = 0x5ec2e75ec2e7ull;
                user.board->argument[0] = AT;
                user.board->argument[1] = size / PAGE_SIZE;
                if (child_start(&user, child_sums)) {
                    struct partition_info info = child_await_end(&user);
                    bool faulted = info.state == PARTITION_FAULTED &&
                                   info.fault.kind == FAULT_MEMORY && info.fault.address == AT;
                    bool zeros = info.state == PARTITION_STOPPED && user.board->value[0] == 0;
                    tap_check(faulted || zeros, "state %u, address %#llx, sum %#llx", info.state,
                              (unsigned long long)info.fault.address,
                              (unsigned long long)user.board->value[0]);
                }
                map_undo(words);
            }
            child_destroy(&next);
        }
    } else {
        child_destroy(&owner);
    }
    child_destroy(&user);
    tap_point("shared memory whose owner died shows nothing of its next owner");
}

void test_space(void) {
    protection();
    edges();
    unmapped_is_gone();
    large_and_shared();
    overlaps();
    owner_dies();
}
