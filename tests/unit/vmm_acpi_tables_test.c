#define _GNU_SOURCE
/* units: guests/vmm/acpi/acpi.c guests/vmm/acpi/fadt.c guests/vmm/acpi/madt.c
 * guests/vmm/acpi/processors.c guests/vmm/acpi/writer.c */
/*
 * The ACPI tables: chained, summed and sized right; and read without warning by iasl, which also
 * compiles again what it has read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/vmm/acpi/acpi.h"
#include "guests/vmm/acpi/tables.h"

#define ADDRESS 0xe0000u
#define SIZE    0x20000u

static uint8_t buffer[SIZE];

static uint8_t sum(const void *bytes, size_t length) {
    uint8_t total = 0;
    for (size_t i = 0; i < length; i++) {
        total = (uint8_t)(total + ((const uint8_t *)bytes)[i]);
    }
    return total;
}

static void *at(uint64_t address, size_t length) {
    assert_true(address >= ADDRESS && address + length <= ADDRESS + SIZE);
    return buffer + (address - ADDRESS);
}

static void build(uint32_t cpu_count) {
    const struct acpi_config config = {.cpu_count = cpu_count, .io_apic_id = 0};
    uint64_t used;
    memset(buffer, 0xee, sizeof(buffer));
    assert_true(acpi_build(&config, buffer, sizeof(buffer), ADDRESS, &used));
    assert_true(used <= SIZE);
}

/* The table with that signature, found as an operating system does. */
static void *find(const char *signature) {
    const struct acpi_rsdp *rsdp = at(ADDRESS, sizeof(*rsdp));
    assert_memory_equal(rsdp->signature, "RSD PTR ", 8);
    assert_int_equal(sum(rsdp, 20), 0);
    assert_int_equal(sum(rsdp, rsdp->length), 0);
    assert_int_equal(rsdp->length, 36);
    assert_int_equal(rsdp->revision, 2);
    const struct acpi_header *xsdt = at(rsdp->xsdt_address, sizeof(*xsdt));
    assert_memory_equal(xsdt->signature, "XSDT", 4);
    assert_int_equal(sum(at(rsdp->xsdt_address, xsdt->length), xsdt->length), 0);
    for (size_t i = 0; i < (xsdt->length - sizeof(*xsdt)) / 8; i++) {
        uint64_t address;
        memcpy(&address, (const uint8_t *)(xsdt + 1) + 8 * i, 8);
        struct acpi_header *table = at(address, sizeof(*table));
        assert_int_equal(sum(at(address, table->length), table->length), 0);
        if (memcmp(table->signature, signature, 4) == 0) {
            return table;
        }
    }
    fail_msg("no table %s", signature);
    return NULL;
}

static void test_fadt(void **state) {
    (void)state;
    build(1);
    const struct acpi_fadt *fadt = find("FACP");
    assert_int_equal(fadt->header.length, 276);
    assert_int_equal(fadt->sci_int, 9);
    assert_int_equal(fadt->smi_cmd, 0);
    assert_int_equal(fadt->pm1a_evt_blk, 0x600);
    assert_int_equal(fadt->pm1_evt_len, 4);
    assert_int_equal(fadt->pm1a_cnt_blk, 0x604);
    assert_int_equal(fadt->pm1_cnt_len, 2);
    assert_int_equal(fadt->pm_tmr_blk, 0x608);
    assert_int_equal(fadt->pm_tmr_len, 4);
    assert_int_equal(fadt->x_pm1a_evt_blk.address, 0x600);
    assert_int_equal(fadt->x_pm1a_evt_blk.space, 1);
    assert_int_equal(fadt->x_pm1a_evt_blk.bit_width, 32);
    assert_int_equal(fadt->x_pm1a_cnt_blk.address, 0x604);
    assert_int_equal(fadt->x_pm_tmr_blk.address, 0x608);
    assert_int_equal(fadt->x_pm_tmr_blk.bit_width, 32);
    assert_int_equal(fadt->reset_reg.address, 0xcf9);
    assert_int_equal(fadt->reset_reg.bit_width, 8);
    assert_int_equal(fadt->reset_value, 6);
    assert_int_equal(fadt->century, 0x32);
    assert_int_equal(fadt->flags & (1u << 8), 1u << 8);   /* TMR_VAL_EXT */
    assert_int_equal(fadt->flags & (1u << 10), 1u << 10); /* RESET_REG_SUP */
    assert_int_equal(fadt->flags & (1u << 4), 0);         /* fixed power button */
    assert_int_equal(fadt->flags & (1u << 20), 0);        /* HW_REDUCED_ACPI */
    assert_int_equal(fadt->iapc_boot_arch & 2, 0);        /* no 8042 */
    assert_int_equal(fadt->iapc_boot_arch & 4, 4);        /* no VGA */
    assert_int_equal(fadt->dsdt, fadt->x_dsdt);
    const struct acpi_header *dsdt = at(fadt->x_dsdt, sizeof(*dsdt));
    assert_memory_equal(dsdt->signature, "DSDT", 4);
    assert_int_equal(sum(dsdt, dsdt->length), 0);
    const struct acpi_facs *facs = at(fadt->firmware_ctrl, sizeof(*facs));
    assert_memory_equal(facs->signature, "FACS", 4);
    assert_int_equal(facs->length, 64);
    assert_int_equal(fadt->firmware_ctrl % 64, 0);
}

/* The number of MADT entries of a type; the last one of them. */
static unsigned madt_count(const struct acpi_madt *madt, uint8_t type, const uint8_t **last) {
    const uint8_t *entry = (const uint8_t *)(madt + 1);
    const uint8_t *end = (const uint8_t *)madt + madt->header.length;
    unsigned count = 0;
    while (entry < end) {
        assert_true(entry[1] >= 2 && entry + entry[1] <= end);
        if (entry[0] == type) {
            count++;
            *last = entry;
        }
        entry += entry[1];
    }
    assert_ptr_equal(entry, end);
    return count;
}

static void test_madt(void **state) {
    (void)state;
    const uint8_t *entry = buffer;
    build(4);
    const struct acpi_madt *madt = find("APIC");
    assert_int_equal(madt->local_apic_address, 0xfee00000);
    assert_int_equal(madt->flags, 1);
    assert_int_equal(madt_count(madt, 0, &entry), 4);
    assert_memory_equal(entry, ((uint8_t[]){0, 8, 3, 3, 1, 0, 0, 0}), 8);
    assert_int_equal(madt_count(madt, 1, &entry), 1);
    assert_memory_equal(entry, ((uint8_t[]){1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0}), 12);
    assert_int_equal(madt_count(madt, 2, &entry), 2);
    assert_memory_equal(entry, ((uint8_t[]){2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0}), 10);
    assert_memory_equal(entry - 10, ((uint8_t[]){2, 10, 0, 0, 2, 0, 0, 0, 0, 0}), 10);
    assert_int_equal(madt_count(madt, 4, &entry), 1);
    assert_memory_equal(entry, ((uint8_t[]){4, 6, 0xff, 0, 0, 1}), 6);
    assert_int_equal(madt_count(madt, 9, &entry), 0);
    assert_int_equal(madt_count(madt, 10, &entry), 0);
}

static void test_many_processors(void **state) {
    (void)state;
    const uint8_t *entry = buffer;
    build(300);
    const struct acpi_madt *madt = find("APIC");
    assert_int_equal(madt_count(madt, 0, &entry), 255);
    assert_int_equal(entry[3], 254);
    assert_int_equal(madt_count(madt, 9, &entry), 45);
    assert_int_equal(entry[4] | entry[5] << 8, 299);
    assert_int_equal(entry[12] | entry[13] << 8, 299);
    assert_int_equal(madt_count(madt, 10, &entry), 1);
}

static void test_does_not_fit(void **state) {
    (void)state;
    const struct acpi_config config = {.cpu_count = 300};
    uint64_t used, needed;
    assert_true(acpi_build(&config, buffer, sizeof(buffer), ADDRESS, &needed));
    for (uint64_t size = 0; size < needed; size += 7) {
        uint8_t *exact = malloc(size + 1);
        assert_false(acpi_build(&config, exact, size, ADDRESS, &used));
        free(exact);
    }
    const struct acpi_config absurd = {.cpu_count = UINT32_MAX};
    assert_false(acpi_build(&absurd, buffer, sizeof(buffer), ADDRESS, &used));
}

static void write_file(const char *directory, const char *name, const void *bytes, size_t length) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.aml", directory, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Runs a command; the directory's log has its words if it fails or warns. */
static void run(const char *directory, const char *format, const char *name) {
    char command[1024], line[512];
    int length = snprintf(command, sizeof(command), "cd %s && ", directory);
    /* Some formats name the file once, some twice. */
    // cppcheck-suppress wrongPrintfScanfArgNum
    snprintf(command + length, sizeof(command) - (size_t)length, format, name, name);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    while (fgets(line, sizeof(line), output) != NULL) {
        bool is_summary = strstr(line, "0 Errors, 0 Warnings") != NULL;
        if (!is_summary && (strcasestr(line, "warning") != NULL ||
                            strcasestr(line, "error") != NULL || strstr(line, "Invalid") != NULL)) {
            pclose(output);
            fail_msg("%s: %s", name, line);
        }
    }
    assert_int_equal(pclose(output), 0);
}

static void test_iasl(void **state) {
    (void)state;
    char directory[] = "/tmp/bulkhead-acpi-XXXXXX";
    build(3);
    assert_non_null(mkdtemp(directory));
    const struct acpi_fadt *fadt = find("FACP");
    const struct acpi_header *dsdt = at(fadt->x_dsdt, sizeof(*dsdt));
    const struct acpi_header *madt = find("APIC"), *ssdt = find("SSDT");
    const struct acpi_rsdp *rsdp = at(ADDRESS, sizeof(*rsdp));
    const struct acpi_header *xsdt = at(rsdp->xsdt_address, sizeof(*xsdt));
    write_file(directory, "fadt", fadt, fadt->header.length);
    write_file(directory, "facs", at(fadt->firmware_ctrl, 64), 64);
    write_file(directory, "dsdt", dsdt, dsdt->length);
    write_file(directory, "madt", madt, madt->length);
    write_file(directory, "ssdt", ssdt, ssdt->length);
    write_file(directory, "xsdt", xsdt, xsdt->length);
    static const char *const names[] = {"fadt", "facs", "dsdt", "madt", "ssdt", "xsdt"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        run(directory, "iasl -d %s.aml 2>&1", names[i]);
        run(directory, "iasl -p again.%s %s.dsl 2>&1", names[i]);
    }
    /* The namespace of both together, with the processors in it. */
    run(directory, "acpiexec -b 'evaluate \\_SB.C002._UID' dsdt.aml %s.aml 2>&1", "ssdt");
    run(directory, "rm -r %s", directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fadt),
        cmocka_unit_test(test_madt),
        cmocka_unit_test(test_many_processors),
        cmocka_unit_test(test_does_not_fit),
        cmocka_unit_test(test_iasl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
