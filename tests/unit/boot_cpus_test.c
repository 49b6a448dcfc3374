/*
 * How the loader finds CPUs: from the ACPI root pointer to the MADT to the list. Tables are built
 * byte by byte after ACPI 6.5, 5.2.
 */
/* units: boot/acpi.c boot/madt.c boot/cpu_rows.c */
#include "boot/acpi.h"
#include "boot/cpu_rows.h"
#include "boot/madt.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { MADT_SIZE = 512, ROWS = 16 };

static _Alignas(8) uint8_t madt[MADT_SIZE];
static size_t madt_length;
static _Alignas(8) uint8_t fadt[36], xsdt[36 + 16], rsdp[36];

static struct boot_cpu row[ROWS];
static struct cpu_rows rows;

static void put(uint8_t *to, size_t size, uint64_t value) {
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Sets the byte that makes the sum of all zero. */
static void sum(uint8_t *bytes, size_t length, size_t checksum_offset) {
    uint8_t total = 0;
    bytes[checksum_offset] = 0;
    for (size_t i = 0; i < length; i++) {
        total = (uint8_t)(total + bytes[i]);
    }
    bytes[checksum_offset] = (uint8_t)-total;
}

static void header(uint8_t *table, const char *signature, size_t length, uint8_t revision) {
    memcpy(table, signature, 4);
    put(table + 4, 4, length);
    table[8] = revision;
    sum(table, length, 9);
}

static void add_entry(uint8_t type, uint8_t length, const uint8_t *rest) {
    madt[madt_length] = type;
    madt[madt_length + 1] = length;
    memcpy(madt + madt_length + 2, rest, length - 2u);
    madt_length += length;
    header(madt, "APIC", madt_length, madt[8]);
}

/* 5.2.12.2: processor UID, APIC id, flags */
static void add_apic(uint8_t id, uint32_t flags) {
    uint8_t rest[6] = {7, id};
    put(rest + 2, 4, flags);
    add_entry(0, 8, rest);
}

/* 5.2.12.12: reserved, x2APIC id, flags, processor UID */
static void add_x2apic(uint32_t id, uint32_t flags) {
    uint8_t rest[14] = {0};
    put(rest + 2, 4, id);
    put(rest + 6, 4, flags);
    add_entry(9, 16, rest);
}

static int start(void **state) {
    (void)state;
    memset(madt, 0, sizeof(madt));
    madt_length = 44;
    header(madt, "APIC", madt_length, 5);
    header(fadt, "FACP", sizeof(fadt), 6);
    put(xsdt + 36, 8, (uintptr_t)fadt);
    put(xsdt + 44, 8, (uintptr_t)madt);
    header(xsdt, "XSDT", sizeof(xsdt), 1);
    put(rsdp, 8, 0x2052545020445352); /* "RSD PTR " */
    rsdp[15] = 2;
    put(rsdp + 16, 4, 0);
    put(rsdp + 20, 4, sizeof(rsdp));
    put(rsdp + 24, 8, (uintptr_t)xsdt);
    sum(rsdp, 20, 8);
    sum(rsdp, 36, 32);
    memset(row, 0, sizeof(row));
    rows = (struct cpu_rows){.row = row, .count = 0, .capacity = ROWS};
    return 0;
}

static void expect_cpu(uint32_t index, uint32_t apic_id, uint32_t flags) {
    assert_true(index < rows.count);
    assert_int_equal(row[index].apic_id, apic_id);
    assert_int_equal(row[index].flags, flags);
}

static const struct acpi_header *table(void) {
    return (const struct acpi_header *)madt;
}

static void test_find(void **state) {
    (void)state;
    assert_ptr_equal(acpi_find(rsdp, "APIC"), madt);
    assert_ptr_equal(acpi_find(rsdp, "FACP"), fadt);
    assert_null(acpi_find(rsdp, "HPET"));
    assert_null(acpi_find(NULL, "APIC"));
}

static void test_find_distrusts_damage(void **state) {
    (void)state;
    madt[40] ^= 1;
    assert_null(acpi_find(rsdp, "APIC"));
    assert_ptr_equal(acpi_find(rsdp, "FACP"), fadt);
    start(NULL);
    xsdt[10] ^= 1;
    assert_null(acpi_find(rsdp, "FACP"));
    start(NULL);
    rsdp[9] ^= 1;
    assert_null(acpi_find(rsdp, "FACP"));
    start(NULL);
    rsdp[33] ^= 1; /* only the longer checksum sees it */
    assert_null(acpi_find(rsdp, "FACP"));
    start(NULL);
    put(fadt + 4, 4, 35); /* shorter than the header */
    sum(fadt, 35, 9);
    assert_null(acpi_find(rsdp, "FACP"));
}

static void test_local_apics(void **state) {
    (void)state;
    const uint8_t io_apic[10] = {0};
    add_apic(0, 1);
    add_entry(1, 12, io_apic);
    add_apic(4, 1);
    add_apic(6, 0); /* disabled */
    madt_add_cpus(&rows, table());
    assert_int_equal(rows.count, 2);
    expect_cpu(0, 0, BOOT_CPU_ENABLED);
    expect_cpu(1, 4, BOOT_CPU_ENABLED);
    assert_true(madt_capacity(table()) >= 3);
}

static void test_x2apics(void **state) {
    (void)state;
    add_apic(3, 1);
    add_x2apic(0x1234, 1);
    add_x2apic(0x1236, 0);
    add_x2apic(3, 1); /* some firmware lists a CPU both ways */
    madt_add_cpus(&rows, table());
    assert_int_equal(rows.count, 2);
    expect_cpu(0, 3, BOOT_CPU_ENABLED);
    expect_cpu(1, 0x1234, BOOT_CPU_ENABLED);
}

static void test_online_capable(void **state) {
    (void)state;
    add_apic(1, 2);
    add_x2apic(300, 2);
    madt_add_cpus(&rows, table());
    assert_int_equal(rows.count, 2);
    expect_cpu(0, 1, 0);
    expect_cpu(1, 300, 0);
    assert_int_equal(cpu_rows_enabled(&rows), 0);

    header(madt, "APIC", madt_length, 4); /* ACPI 6.2: the bit means nothing yet */
    rows.count = 0;
    madt_add_cpus(&rows, table());
    assert_int_equal(rows.count, 0);
}

static void test_broadcast_ids_are_no_cpus(void **state) {
    (void)state;
    add_apic(0xff, 1);
    add_x2apic(0xffffffff, 1);
    madt_add_cpus(&rows, table());
    assert_int_equal(rows.count, 0);
}

/* On the heap, so that the sanitizer sees a read behind the table's end. */
static void walk_copy(size_t length) {
    uint8_t *copy = malloc(length);
    assert_non_null(copy);
    memcpy(copy, madt, length);
    put(copy + 4, 4, length);
    madt_add_cpus(&rows, (const struct acpi_header *)(void *)copy);
    free(copy);
}

static void test_cut_tables(void **state) {
    (void)state;
    add_apic(1, 1);
    add_x2apic(2, 1);
    for (size_t length = 36; length < madt_length; length++) {
        rows.count = 0;
        walk_copy(length);
        assert_int_equal(rows.count, length >= 52 ? 1 : 0);
    }
}

static void test_entry_lengths_that_lie(void **state) {
    (void)state;
    add_apic(1, 1);
    madt[45] = 0; /* would be walked for ever */
    walk_copy(madt_length);
    assert_int_equal(rows.count, 0);
    madt[45] = 7; /* too short for its type: skipped */
    walk_copy(madt_length);
    assert_int_equal(rows.count, 0);
    madt[45] = 9; /* behind the end */
    walk_copy(madt_length);
    assert_int_equal(rows.count, 0);
}

static void test_full_list(void **state) {
    (void)state;
    rows.capacity = 2;
    assert_true(cpu_rows_add(&rows, 1, BOOT_CPU_ENABLED));
    assert_true(cpu_rows_add(&rows, 2, 0));
    assert_false(cpu_rows_add(&rows, 3, BOOT_CPU_ENABLED));
    assert_true(cpu_rows_add(&rows, 2, BOOT_CPU_ENABLED));
    assert_int_equal(rows.count, 2);
    assert_int_equal(cpu_rows_enabled(&rows), 2);
    assert_false(cpu_rows_boot_first(&rows, 9));
}

static void test_boot_cpu_comes_first(void **state) {
    (void)state;
    cpu_rows_add(&rows, 5, BOOT_CPU_ENABLED);
    cpu_rows_add(&rows, 6, BOOT_CPU_ENABLED);
    cpu_rows_add(&rows, 7, BOOT_CPU_ENABLED);
    assert_true(cpu_rows_boot_first(&rows, 6));
    expect_cpu(0, 6, BOOT_CPU_ENABLED | BOOT_CPU_BOOT);
    expect_cpu(1, 5, BOOT_CPU_ENABLED);
    expect_cpu(2, 7, BOOT_CPU_ENABLED);

    assert_true(cpu_rows_boot_first(&rows, 8)); /* not named by the firmware */
    assert_int_equal(rows.count, 4);
    expect_cpu(0, 8, BOOT_CPU_ENABLED | BOOT_CPU_BOOT);
    expect_cpu(3, 7, BOOT_CPU_ENABLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_find, start),
        cmocka_unit_test_setup(test_find_distrusts_damage, start),
        cmocka_unit_test_setup(test_local_apics, start),
        cmocka_unit_test_setup(test_x2apics, start),
        cmocka_unit_test_setup(test_online_capable, start),
        cmocka_unit_test_setup(test_broadcast_ids_are_no_cpus, start),
        cmocka_unit_test_setup(test_cut_tables, start),
        cmocka_unit_test_setup(test_entry_lengths_that_lie, start),
        cmocka_unit_test_setup(test_full_list, start),
        cmocka_unit_test_setup(test_boot_cpu_comes_first, start),
    };
    return cmocka_run_group_tests_name("boot/cpus", tests, NULL, NULL);
}
