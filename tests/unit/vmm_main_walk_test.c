/* units: guests/vmm/walk.c guests/vmm/guest_memory.c */
/* Guest page tables of every format, built by hand, and the rights in them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "guests/vmm/walk.h"

#define P  0x01ull
#define W  0x02ull
#define U  0x04ull
#define A  0x20ull
#define D  0x40ull
#define PS 0x80ull
#define NX (1ull << 63)

static uint64_t ram[0x10000 / 8];
static const struct guest_memory memory = {.low = (uint8_t *)ram, .low_length = sizeof(ram)};

static const struct walk_mode long_mode = {
    .cr0 = 0x80010001, .cr3 = 0x1000, .cr4 = 0x20, .efer = 0xd00, .cpl = 0};

static uint64_t *entry8(uint64_t address) {
    return &ram[address / 8];
}

static uint32_t *entry4(uint64_t address) {
    return (uint32_t *)ram + address / 4;
}

/* One 4 KiB page: linear 0x8040201000 + offset -> 0xabc000, indices 1, 1, 1, 1. */
#define LINEAR 0x8040201234ull

static void map_4k(uint64_t flags) {
    memset(ram, 0, sizeof(ram));
    *entry8(0x1008) = 0x2000 | P | W | U;
    *entry8(0x2008) = 0x3000 | P | W | U;
    *entry8(0x3008) = 0x4000 | P | W | U;
    *entry8(0x4008) = 0xabc000 | flags;
}

static void expect(const struct walk_mode *mode, uint64_t linear, enum walk_access access,
                   uint64_t physical, uint64_t left) {
    struct walk_result result;
    assert_true(walk_translate(mode, &memory, linear, access, &result));
    assert_int_equal(result.physical, physical);
    assert_int_equal(result.left, left);
}

static void expect_fault(const struct walk_mode *mode, uint64_t linear, enum walk_access access,
                         uint32_t error) {
    struct walk_result result;
    assert_false(walk_translate(mode, &memory, linear, access, &result));
    assert_int_equal(result.error, error);
}

static void test_no_paging(void **state) {
    (void)state;
    struct walk_mode mode = {.cr0 = 1};
    expect(&mode, 0x100001fffull, WALK_WRITE, 0x1fff, 1);
}

static void test_4_level(void **state) {
    (void)state;
    map_4k(P | W | U);
    expect(&long_mode, LINEAR, WALK_READ, 0xabc234, 0xdcc);
    /* Accessed everywhere, dirty only after a write and only in the leaf. */
    assert_int_equal(*entry8(0x1008), 0x2000 | P | W | U | A);
    assert_int_equal(*entry8(0x4008), 0xabc000 | P | W | U | A);
    expect(&long_mode, LINEAR, WALK_WRITE, 0xabc234, 0xdcc);
    assert_int_equal(*entry8(0x3008), 0x4000 | P | W | U | A);
    assert_int_equal(*entry8(0x4008), 0xabc000 | P | W | U | A | D);
    expect_fault(&long_mode, LINEAR + 0x1000, WALK_READ, 0);
    expect_fault(&long_mode, LINEAR + 0x1000, WALK_WRITE, 2);
}

static void test_large_pages(void **state) {
    (void)state;
    map_4k(0);
    *entry8(0x3008) = 0x4e00000 | P | W | PS;
    expect(&long_mode, LINEAR, WALK_WRITE, 0x4e01234, 0x200000 - 0x1234);
    *entry8(0x2008) = 0x80000000 | P | W | PS;
    expect(&long_mode, LINEAR, WALK_READ, 0x80201234, 0x40000000 - 0x201234);
}

static void test_rights(void **state) {
    (void)state;
    struct walk_mode user = long_mode, loose = long_mode;
    user.cpl = 3;
    loose.cr0 &= ~0x10000ull; /* WP off */
    map_4k(P | U);
    expect_fault(&long_mode, LINEAR, WALK_WRITE, 3);
    expect_fault(&user, LINEAR, WALK_WRITE, 7);
    expect(&loose, LINEAR, WALK_WRITE, 0xabc234, 0xdcc);
    expect(&user, LINEAR, WALK_FETCH, 0xabc234, 0xdcc);
    map_4k(P | W);
    expect_fault(&user, LINEAR, WALK_READ, 5);
    map_4k(P | W | U | NX);
    expect_fault(&long_mode, LINEAR, WALK_FETCH, 0x11);
    expect_fault(&user, LINEAR, WALK_FETCH, 0x15);
    /* A right counts only if every level gives it. */
    map_4k(P | W | U);
    *entry8(0x2008) &= ~W;
    expect_fault(&user, LINEAR, WALK_WRITE, 7);
    map_4k(P | W | U);
    *entry8(0x1008) |= NX;
    expect_fault(&user, LINEAR, WALK_FETCH, 0x15);
}

static void test_smep_smap(void **state) {
    (void)state;
    struct walk_mode mode = long_mode;
    mode.cr4 |= 1u << 20;
    map_4k(P | W | U);
    expect_fault(&mode, LINEAR, WALK_FETCH, 0x11);
    expect(&mode, LINEAR, WALK_READ, 0xabc234, 0xdcc);
    mode.cr4 |= 1u << 21;
    expect_fault(&mode, LINEAR, WALK_READ, 1);
    mode.rflags = 1u << 18; /* AC */
    expect(&mode, LINEAR, WALK_READ, 0xabc234, 0xdcc);
}

static void test_failed_walk_changes_nothing(void **state) {
    (void)state;
    map_4k(P | U);
    expect_fault(&long_mode, LINEAR, WALK_WRITE, 3);
    assert_int_equal(*entry8(0x1008), 0x2000 | P | W | U);
    assert_int_equal(*entry8(0x4008), 0xabc000 | P | U);
}

static void test_tables_outside_ram(void **state) {
    (void)state;
    struct walk_mode mode = long_mode;
    mode.cr3 = 0xfffffffff000;
    expect_fault(&mode, LINEAR, WALK_READ, 0);
    map_4k(P | W | U);
    *entry8(0x2008) = 0xffffffffff000 | P | W | U;
    expect_fault(&long_mode, LINEAR, WALK_READ, 0);
}

static void test_pae(void **state) {
    (void)state;
    struct walk_mode mode = {.cr0 = 0x80000001, .cr3 = 0x1020, .cr4 = 0x20, .efer = 0x800};
    memset(ram, 0, sizeof(ram));
    *entry8(0x1020 + 3 * 8) = 0x2000 | P; /* no other right exists here */
    *entry8(0x2000 + 8) = 0x3000 | P | W;
    *entry8(0x3000 + 2 * 8) = 0x123456000 | P | W;
    expect(&mode, 0xc0202abc, WALK_WRITE, 0x123456abc, 0x544);
    assert_int_equal(*entry8(0x1020 + 3 * 8), 0x2000 | P);
    *entry8(0x2000 + 8) = 0x4400000 | P | W | PS;
    expect(&mode, 0xc0202abc, WALK_READ, 0x4402abc, 0x200000 - 0x2abc);
    expect_fault(&mode, 0x202abc, WALK_READ, 0);
}

static void test_32_bit(void **state) {
    (void)state;
    struct walk_mode mode = {.cr0 = 0x80000001, .cr3 = 0x1000, .cr4 = 0x10};
    memset(ram, 0, sizeof(ram));
    *entry4(0x1000 + 4 * 0x301) = 0x2000 | P | W | U;
    *entry4(0x2000 + 4 * 0x203) = 0x98765000 | P | U;
    expect(&mode, 0xc0603123, WALK_WRITE, 0x98765123, 0xedd); /* WP is off */
    mode.cpl = 3;
    expect_fault(&mode, 0xc0603123, WALK_WRITE, 7);
    /* A 4 MiB page with address bits 39:32 in bits 20:13. */
    *entry4(0x1000 + 4 * 0x301) = (uint32_t)(0x40000000 | 0x12 << 13 | P | W | U | PS);
    expect(&mode, 0xc0603123, WALK_WRITE, 0x1240203123, 0x400000 - 0x203123);
    mode.cr4 = 0; /* without PSE the bit means nothing */
    expect_fault(&mode, 0xc0603123, WALK_WRITE, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_paging),
        cmocka_unit_test(test_4_level),
        cmocka_unit_test(test_large_pages),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_smep_smap),
        cmocka_unit_test(test_failed_walk_changes_nothing),
        cmocka_unit_test(test_tables_outside_ram),
        cmocka_unit_test(test_pae),
        cmocka_unit_test(test_32_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
