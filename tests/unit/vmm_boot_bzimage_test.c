/* units: tests/unit/support/vmm_boot.units */
/* Linux bzImage headers: good, wrong in each field, and mutated at random. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "guests/vmm/boot/image.h"
#include "guests/vmm/boot/params.h"

#define MIB        (1024ull * 1024)
#define SECTORS    4u
#define CODE_BYTES 0x4000u
#define FILE_BYTES ((SECTORS + 1) * 512 + CODE_BYTES)

static uint8_t low[48 * MIB];
static const struct guest_memory memory = {.low = low, .low_length = sizeof(low)};

/* Offsets as Documentation/arch/x86/boot.rst gives them, independent of the struct. */
static void put16(uint8_t *file, size_t offset, uint16_t value) {
    memcpy(file + offset, &value, 2);
}

static void put32(uint8_t *file, size_t offset, uint32_t value) {
    memcpy(file + offset, &value, 4);
}

static void put64(uint8_t *file, size_t offset, uint64_t value) {
    memcpy(file + offset, &value, 8);
}

static uint8_t *make_file(void) {
    uint8_t *file = calloc(1, FILE_BYTES);
    assert_non_null(file);
    file[0x1f1] = SECTORS;
    put32(file, 0x1f4, CODE_BYTES / 16);
    put16(file, 0x1fe, 0xaa55);
    put16(file, 0x200, 0x6aeb); /* jmp 0x26c */
    memcpy(file + 0x202, "HdrS", 4);
    put16(file, 0x206, 0x020f);
    file[0x211] = 1;                     /* loadflags: LOADED_HIGH */
    put32(file, 0x22c, 0x7fffffff);      /* initrd_addr_max */
    put32(file, 0x230, 0x200000);        /* kernel_alignment */
    file[0x234] = 1;                     /* relocatable_kernel */
    put16(file, 0x236, 0x7f);            /* xloadflags */
    put32(file, 0x238, 2047);            /* cmdline_size */
    put64(file, 0x258, 0x1000000);       /* pref_address */
    put32(file, 0x260, 8 * 1024 * 1024); /* init_size */
    return file;
}

static bool check(uint8_t *bytes, size_t length, struct boot_image *image,
                  struct boot_error *error) {
    /* An exact copy, so that the address sanitizer sees a read behind the end. */
    uint8_t *exact = malloc(length != 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    struct boot_file file = {.name = "vmlinuz", .bytes = exact, .length = length};
    bool ok = image_check(&file, BOOT_AUTO, &memory, image, error);
    free(exact);
    return ok;
}

static void expect_refused(uint8_t *file, size_t length, const char *words) {
    struct boot_image image;
    struct boot_error error = {""};
    assert_false(check(file, length, &image, &error));
    if (strstr(error.text, words) == NULL || strncmp(error.text, "vmlinuz: ", 9) != 0 ||
        strchr(error.text, '\n') != NULL) {
        fail_msg("message is '%s', should have '%s'", error.text, words);
    }
    free(file);
}

static void test_good(void **state) {
    (void)state;
    struct boot_image image;
    struct boot_error error = {""};
    uint8_t *file = make_file();
    assert_true(check(file, FILE_BYTES, &image, &error));
    assert_int_equal(image.entry, 0x1000200);
    assert_int_equal(image.start, 0x1000000);
    assert_int_equal(image.end, 0x1000000 + 8 * MIB);
    assert_int_equal(image.segment_count, 1);
    assert_int_equal(image.segment[0].offset, (SECTORS + 1) * 512);
    assert_int_equal(image.segment[0].length, CODE_BYTES);
    assert_int_equal(image.segment[0].address, 0x1000000);
    assert_int_equal(image.initrd_max, 0x7fffffff);
    assert_int_equal(image.command_line_max, 2047);
    assert_int_equal(image.setup_header_length, 0x202 + 0x6a - 0x1f1);
    free(file);
}

static void test_alignment(void **state) {
    (void)state;
    struct boot_image image;
    struct boot_error error;
    uint8_t *file = make_file();
    put64(file, 0x258, 0x1000001);
    assert_true(check(file, FILE_BYTES, &image, &error));
    assert_int_equal(image.start, 0x1200000);
    file[0x234] = 0; /* not relocatable: exactly there */
    assert_true(check(file, FILE_BYTES, &image, &error));
    assert_int_equal(image.start, 0x1000001);
    free(file);
}

static void test_zero_sectors_mean_four(void **state) {
    (void)state;
    struct boot_image image;
    struct boot_error error;
    uint8_t *file = make_file();
    file[0x1f1] = 0;
    assert_true(check(file, FILE_BYTES, &image, &error));
    assert_int_equal(image.segment[0].offset, 5 * 512);
    free(file);
}

static uint8_t *with16(size_t offset, uint16_t value) {
    uint8_t *file = make_file();
    put16(file, offset, value);
    return file;
}

static uint8_t *with32(size_t offset, uint32_t value) {
    uint8_t *file = make_file();
    put32(file, offset, value);
    return file;
}

static uint8_t *with64(size_t offset, uint64_t value) {
    uint8_t *file = make_file();
    put64(file, offset, value);
    return file;
}

static void test_refused(void **state) {
    (void)state;
    expect_refused(make_file(), 0, "empty");
    expect_refused(make_file(), 100, "not a kernel");
    expect_refused(make_file(), 0x200, "truncated");
    expect_refused(make_file(), FILE_BYTES - 1, "truncated");
    expect_refused(with16(0x1fe, 0), FILE_BYTES, "not a kernel");
    expect_refused(with32(0x202, 0), FILE_BYTES, "HdrS");
    expect_refused(with16(0x206, 0x020b), FILE_BYTES, "2.12");
    expect_refused(with16(0x211, 0), FILE_BYTES, "zImage");
    expect_refused(with16(0x236, 0), FILE_BYTES, "32-bit");
    expect_refused(with32(0x1f4, 0), FILE_BYTES, "syssize");
    expect_refused(with32(0x1f4, UINT32_MAX), FILE_BYTES, "truncated");
    expect_refused(with32(0x230, 0), FILE_BYTES, "power of two");
    expect_refused(with32(0x230, 0x300000), FILE_BYTES, "power of two");
    expect_refused(with64(0x258, 0), FILE_BYTES, "1 MiB");
    expect_refused(with64(0x258, UINT64_MAX), FILE_BYTES, "beyond any memory");
    expect_refused(with64(0x258, 48 * MIB), FILE_BYTES, "larger than memory");
    expect_refused(with32(0x260, 33u << 20), FILE_BYTES, "larger than memory");
    expect_refused(with16(0x200, 0x10eb), FILE_BYTES, "header ends");
}

static void test_init_size_smaller_than_code(void **state) {
    (void)state;
    struct boot_image image;
    struct boot_error error;
    uint8_t *file = with32(0x260, 0);
    assert_true(check(file, FILE_BYTES, &image, &error));
    assert_int_equal(image.end, 0x1000000 + CODE_BYTES);
    free(file);
}

/* Whatever the header says: no bad read, and what is accepted can be loaded into the memory. */
static void test_mutated(void **state) {
    (void)state;
    unsigned accepted = 0;
    srand(1);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *file = make_file();
        unsigned changes = 1 + (unsigned)rand() % 4;
        for (unsigned i = 0; i < changes; i++) {
            static const uint8_t edge[] = {0, 1, 0x7f, 0x80, 0xff};
            size_t offset = 0x1f1 + (size_t)rand() % (0x270 - 0x1f1);
            file[offset] = rand() & 1 ? edge[(size_t)rand() % sizeof(edge)] : (uint8_t)rand();
        }
        size_t length = rand() % 8 == 0 ? (size_t)rand() % (FILE_BYTES + 1) : FILE_BYTES;
        struct boot_image image;
        struct boot_error error;
        if (check(file, length, &image, &error)) {
            struct boot_file whole = {.name = "vmlinuz", .bytes = file, .length = length};
            accepted++;
            assert_true(image.start >= MIB && image.end <= sizeof(low));
            assert_true(image.setup_header_length <= 0x290 - 0x1f1);
            assert_true(0x1f1 + image.setup_header_length <= length);
            image_load(&whole, &image, &memory);
        }
        free(file);
    }
    assert_true(accepted > 1000 && accepted < 19000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_zero_sectors_mean_four),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_init_size_smaller_than_code),
        cmocka_unit_test(test_mutated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
