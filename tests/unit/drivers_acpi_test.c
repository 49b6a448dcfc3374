/* ACPI tables made by hand, cut, and corrupted. Offsets and values: ACPI 6.4, chapters 5 and 20. */
/* units: drivers/acpi.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "drivers/acpi.h"

/* A few pages of "physical memory" at BASE; a map beyond its end fails, as where there is none. */
#define BASE 0x7f000000u
#define SIZE 0x2000u

static uint8_t *memory;
static uint64_t limit; /* bytes that can be mapped */

static const void *map(uint64_t physical, uint64_t length) {
    if (physical < BASE || length > limit || physical - BASE > limit - length)
        return NULL;
    /* A copy of exactly that piece: the sanitizer sees any access outside. Freed by the next test.
     */
    static void *copies[256];
    static size_t count;
    void *copy = malloc(length);
    free(copies[count % 256]);
    copies[count++ % 256] = copy;
    memcpy(copy, memory + (physical - BASE), length);
    return copy;
}

static void put(uint64_t at, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++)
        memory[at + i] = (uint8_t)(value >> 8 * i);
}

static void seal(uint64_t at, uint64_t length, uint64_t checksum_at) {
    uint8_t sum = 0;
    memory[checksum_at] = 0;
    for (uint64_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[checksum_at] = (uint8_t)-sum;
}

static void finish(uint64_t at, const char *signature, uint32_t length) {
    memcpy(memory + at, signature, 4);
    put(at + 4, length, 4);
    seal(at, length, at + 9);
}

enum {
    RSDP = 0,
    RSDT = 0x80,
    XSDT = 0x100,
    MADT = 0x200,
    FADT = 0x400,
    DSDT = 0x600,
    HPET = 0x800,
    SSDT = 0xa00
};

static const uint8_t s5[] = {0x08, '_',  'S',  '5',  '_',  0x12, 0x07,
                             0x04, 0x0a, 0x05, 0x0a, 0x06, 0x00, 0x00};

static void make_root(uint32_t entry_count, const uint32_t *entries) {
    memcpy(memory + RSDP, "RSD PTR ", 8);
    memory[RSDP + 15] = 2;
    put(RSDP + 16, BASE + RSDT, 4);
    put(RSDP + 20, 36, 4);
    put(RSDP + 24, BASE + XSDT, 8);
    seal(RSDP, 20, RSDP + 8);
    seal(RSDP, 36, RSDP + 32);
    for (uint32_t i = 0; i < entry_count; i++) {
        put(XSDT + 36 + 8 * i, BASE + entries[i], 8);
        put(RSDT + 36 + 4 * i, BASE + entries[i], 4);
    }
    finish(XSDT, "XSDT", 36 + 8 * entry_count);
    finish(RSDT, "RSDT", 36 + 4 * entry_count);
}

static void make_madt(void) {
    static const uint8_t entries[] = {
        0, 8,  0, 0,  1,    0,    0,    0, /* a local APIC: skipped */
        1, 12, 5, 0,  0x00, 0x00, 0xc0, 0xfe, 0,    0,
        0, 0, /* I/O APIC 5 at fec00000 from line 0 */
        1, 12, 6, 0,  0x00, 0x10, 0xc0, 0xfe, 24,   0,
        0, 0,                                          /* another from line 24 */
        2, 10, 0, 0,  2,    0,    0,    0,    0,    0, /* ISA 0 is line 2, as the bus has it */
        2, 10, 0, 9,  9,    0,    0,    0,    0x0f, 0, /* ISA 9: level, active low */
        2, 10, 0, 5,  20,   0,    0,    0,    0x0d, 0, /* ISA 5 is line 20: level, active high */
        2, 10, 1, 3,  30,   0,    0,    0,    0x0f, 0, /* of no bus that exists */
        2, 10, 0, 16, 40,   0,    0,    0,    0,    0, /* no ISA line */
    };
    memcpy(memory + MADT + 44, entries, sizeof entries);
    finish(MADT, "APIC", 44 + sizeof entries);
}

static void make_fadt(uint32_t length) {
    put(FADT + 40, BASE + DSDT, 4);
    put(FADT + 46, 9, 2);
    put(FADT + 48, 0xb2, 4);
    put(FADT + 52, 0xa1, 1);
    put(FADT + 56, 0x600, 4);
    put(FADT + 64, 0x604, 4);
    put(FADT + 76, 0x608, 4);
    put(FADT + 80, 0x620, 4);
    put(FADT + 88, 4, 1);
    put(FADT + 89, 2, 1);
    put(FADT + 92, 16, 1);
    put(FADT + 112, 1u << 8 | 1u << 10, 4);
    put(FADT + 116, 1, 1); /* reset register: a port */
    put(FADT + 120, 0xcf9, 8);
    put(FADT + 128, 0x0f, 1);
    finish(FADT, "FACP", length);
}

static void make_aml(uint64_t at, const char *signature, const uint8_t *aml, size_t length) {
    memcpy(memory + at + 36, aml, length);
    finish(at, signature, (uint32_t)(36 + length));
}

static int make_all(void **state) {
    static const uint32_t entries[] = {MADT, FADT, HPET};
    (void)state;
    memory = calloc(1, SIZE);
    limit = SIZE;
    make_madt();
    make_fadt(244);
    make_aml(DSDT, "DSDT", s5, sizeof s5);
    put(HPET + 40, 0, 1);
    put(HPET + 44, 0xfed00000, 8);
    finish(HPET, "HPET", 56);
    make_root(3, entries);
    return 0;
}

static int free_all(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static struct acpi_platform platform;

static void check_all(void) {
    assert_true(acpi_read(map, BASE + RSDP, &platform));
    assert_true(platform.has_madt);
    assert_int_equal(platform.io_apic_count, 2);
    assert_int_equal(platform.io_apic[0].id, 5);
    assert_int_equal(platform.io_apic[0].address, 0xfec00000u);
    assert_int_equal(platform.io_apic[1].address, 0xfec01000u);
    assert_int_equal(platform.io_apic[1].first_line, 24);
    assert_int_equal(platform.isa[0].line, 2);
    assert_false(platform.isa[0].is_level || platform.isa[0].is_active_low);
    assert_int_equal(platform.isa[4].line, 4);
    assert_int_equal(platform.isa[9].line, 9);
    assert_true(platform.isa[9].is_level && platform.isa[9].is_active_low);
    assert_int_equal(platform.isa[5].line, 20);
    assert_true(platform.isa[5].is_level && !platform.isa[5].is_active_low);
    assert_int_equal(platform.isa[3].line, 3);
    assert_true(platform.has_fadt);
    assert_int_equal(platform.system_line, 9);
    assert_int_equal(platform.command_port, 0xb2);
    assert_int_equal(platform.command_enable, 0xa1);
    assert_int_equal(platform.pm1a_event, 0x600);
    assert_int_equal(platform.pm1a_control, 0x604);
    assert_int_equal(platform.pm1b_control, 0);
    assert_int_equal(platform.pm_timer, 0x608);
    assert_true(platform.pm_timer_is_32_bit);
    assert_int_equal(platform.gpe0_length, 16);
    assert_true(platform.has_s5);
    assert_int_equal(platform.s5_a, 5);
    assert_int_equal(platform.s5_b, 6);
    assert_true(platform.has_reset);
    assert_int_equal(platform.reset.space, ACPI_SPACE_PORT);
    assert_int_equal(platform.reset.address, 0xcf9);
    assert_int_equal(platform.reset_value, 0x0f);
    assert_int_equal(platform.hpet, 0xfed00000u);
}

static void reads_all(void **state) {
    (void)state;
    check_all();
}

/* The 64-bit root is damaged: the 32-bit one serves. */
static void falls_back_to_the_rsdt(void **state) {
    (void)state;
    memory[XSDT + 20] ^= 1;
    check_all();
    memory[RSDP + 33] ^= 1;
    check_all();
}

static void nothing_without_a_root(void **state) {
    (void)state;
    assert_false(acpi_read(map, 0, &platform));
    assert_int_equal(platform.isa[7].line, 7);
    memory[RSDP] ^= 1;
    assert_false(acpi_read(map, BASE + RSDP, &platform));
    memory[RSDP] ^= 1;
    memory[RSDP + 8] ^= 1;
    assert_false(acpi_read(map, BASE + RSDP, &platform));
    assert_false(acpi_read(map, BASE + SIZE - 4, &platform));
}

static void a_damaged_table_is_left_out(void **state) {
    (void)state;
    memory[MADT + 50] ^= 1;
    assert_true(acpi_read(map, BASE + RSDP, &platform));
    assert_false(platform.has_madt);
    assert_true(platform.has_fadt);
}

/* A table of ACPI 1.0 ends before the reset register and the 64-bit addresses. */
static void an_old_fadt_is_enough(void **state) {
    (void)state;
    make_fadt(116);
    assert_true(acpi_read(map, BASE + RSDP, &platform));
    assert_true(platform.has_fadt && platform.has_s5);
    assert_false(platform.has_reset);
    assert_int_equal(platform.pm_timer, 0x608);
}

static void extended_addresses_count_more(void **state) {
    (void)state;
    put(FADT + 172, 1, 1);
    put(FADT + 176, 0x1804, 8); /* X_PM1a_CNT_BLK: a port */
    put(FADT + 208, 0, 1);
    put(FADT + 212, 0xfe000000, 8); /* X_PM_TMR_BLK: in memory, which no port is */
    finish(FADT, "FACP", 244);
    assert_true(acpi_read(map, BASE + RSDP, &platform));
    assert_int_equal(platform.pm1a_control, 0x1804);
    assert_int_equal(platform.pm_timer, 0x608);
}

static void s5_may_be_in_an_ssdt(void **state) {
    static const uint32_t entries[] = {FADT, SSDT};
    static const uint8_t nothing[] = {0x10, 0x05};
    (void)state;
    make_aml(DSDT, "DSDT", nothing, sizeof nothing);
    make_aml(SSDT, "SSDT", s5, sizeof s5);
    make_root(2, entries);
    assert_true(acpi_read(map, BASE + RSDP, &platform));
    assert_true(platform.has_s5);
    assert_int_equal(platform.s5_a, 5);
}

/* Lengths that lie: entries of length 0, 1, beyond the end; tables longer than memory. */
static void madt_entries_that_lie(void **state) {
    static const uint8_t lengths[] = {0, 1, 11, 200, 255};
    (void)state;
    for (size_t i = 0; i < sizeof lengths; i++) {
        memory[MADT + 44 + 8 + 1] = lengths[i]; /* of the first I/O APIC */
        finish(MADT, "APIC", 44 + 80);
        assert_true(acpi_read(map, BASE + RSDP, &platform));
        assert_true(platform.io_apic_count <= 1);
    }
}

static void tables_that_lie_about_their_length(void **state) {
    static const uint32_t lengths[] = {0, 1, 35, 36, SIZE, 0x7fffffff, UINT32_MAX};
    static const uint32_t tables[] = {RSDT, XSDT, MADT, FADT, DSDT, HPET};
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            uint8_t before[SIZE];
            memcpy(before, memory, SIZE);
            put(tables[t] + 4, lengths[i], 4);
            if (lengths[i] >= 36 && lengths[i] <= SIZE - tables[t])
                seal(tables[t], lengths[i], tables[t] + 9);
            acpi_read(map, BASE + RSDP, &platform);
            memcpy(memory, before, SIZE);
        }
    check_all();
}

static void memory_that_ends_anywhere(void **state) {
    (void)state;
    for (limit = 0; limit < 0xb00; limit++)
        acpi_read(map, BASE + RSDP, &platform);
    limit = SIZE;
    check_all();
}

static void any_byte_may_be_wrong(void **state) {
    (void)state;
    for (size_t at = 0; at < 0xb00; at++) {
        memory[at] ^= 0xff;
        if (at >= 0x80) { /* checksums right again, so that the contents are looked at */
            uint64_t table = at >= SSDT ? SSDT : at & ~0x1ffull;
            uint64_t length = at < 0x200 || memory[table + 5] > 4 ? 0 : memory[table + 4];
            if (length >= 36)
                seal(table, length, table + 9);
        }
        acpi_read(map, BASE + RSDP, &platform);
        memory[at] ^= 0xff;
    }
}

/* ---- the package of \\_S5 */

static bool find(const uint8_t *aml, size_t length, uint8_t *a, uint8_t *b) {
    uint8_t *copy = malloc(length);
    memcpy(copy, aml, length);
    bool is_found = acpi_find_s5(copy, length, a, b);
    free(copy);
    return is_found;
}

static void every_spelling_of_s5(void **state) {
    static const struct {
        uint8_t aml[24];
        uint8_t length, a, b;
    } rows[] = {
        {{0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00},                   12, 0, 0   },
        {{0x08, 0x5c, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, 0x07, 0x0a, 0x07, 0x00, 0x00},
         15,                                                                                         7,
         7                                                                                                  },
        {{0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x02, 0x01, 0xff},                               10, 1, 0xff},
        {{0x08, '_', 'S', '5', '_', 0x12, 0x46, 0x00, 0x02, 0x0b, 0x05, 0x00, 0x0c, 4, 0, 0, 0},
         17,                                                                                         5,
         4                                                                                                  },
        {{0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x03},                               10, 3, 3   },
        {{0xaa, 0xbb, 0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x03},                   12, 3, 3   },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t a = 99, b = 99;
        assert_true(find(rows[i].aml, rows[i].length, &a, &b));
        assert_int_equal(a, rows[i].a);
        assert_int_equal(b, rows[i].b);
    }
}

static void what_is_not_s5(void **state) {
    static const uint8_t method[] = {0x14, '_',  'S',  '5',  '_',  0x12,
                                     0x06, 0x04, 0x00, 0x00, 0x00, 0x00};
    static const uint8_t empty[] = {0x08, '_', 'S', '5', '_', 0x12, 0x02, 0x00};
    static const uint8_t name[] = {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 'A', 'B', 'C', 'D'};
    static const uint8_t other[] = {0x08, '_',  'S',  '4',  '_',  0x12,
                                    0x06, 0x04, 0x00, 0x00, 0x00, 0x00};
    uint8_t a, b;
    (void)state;
    assert_false(find(method, sizeof method, &a, &b));
    assert_false(find(empty, sizeof empty, &a, &b));
    assert_false(find(name, sizeof name, &a, &b));
    assert_false(find(other, sizeof other, &a, &b));
    for (size_t length = 1; length < 10; length++) /* cut before the first element's end */
        assert_false(find(s5, length, &a, &b));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_all, free_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reads_all),
        TEST(falls_back_to_the_rsdt),
        TEST(nothing_without_a_root),
        TEST(a_damaged_table_is_left_out),
        TEST(an_old_fadt_is_enough),
        TEST(extended_addresses_count_more),
        TEST(s5_may_be_in_an_ssdt),
        TEST(madt_entries_that_lie),
        TEST(tables_that_lie_about_their_length),
        TEST(memory_that_ends_anywhere),
        TEST(any_byte_may_be_wrong),
        cmocka_unit_test(every_spelling_of_s5),
        cmocka_unit_test(what_is_not_s5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
