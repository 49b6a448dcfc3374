/*
 * The loader's ELF parser: one good file, and each way in which a file can lie.
 */
/* units: boot/elf.c */
#include "boot/elf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define BASE  0xffffffff80000000ull
#define LIMIT 0x40000000ull

/* Offsets of fields in the two headers (System V ABI, "ELF Header" and "Program Header"). */
enum header_field {
    E_CLASS = 4,
    E_DATA = 5,
    E_IDENT_VERSION = 6,
    E_TYPE = 16,
    E_MACHINE = 18,
    E_VERSION = 20,
    E_ENTRY = 24,
    E_PHOFF = 32,
    E_SHOFF = 40,
    E_EHSIZE = 52,
    E_PHENTSIZE = 54,
    E_PHNUM = 56,
    E_SHENTSIZE = 58,
    E_SHNUM = 60,
};
enum program_field {
    P_TYPE = 0,
    P_FLAGS = 4,
    P_OFFSET = 8,
    P_VADDR = 16,
    P_FILESZ = 32,
    P_MEMSZ = 40,
};

/* Two pages of headers and code, one of data; then two section headers, which end the file. */
enum {
    PROGRAMS = 64,
    TEXT = 0x1000,
    DATA = 0x2000,
    SECTIONS = 0x2100,
    FILE_LENGTH = SECTIONS + 2 * 64
};

static uint8_t file[FILE_LENGTH];

static void put(size_t offset, size_t size, uint64_t value) {
    for (size_t i = 0; i < size; i++) {
        file[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_program(size_t index, size_t field, size_t size, uint64_t value) {
    put(PROGRAMS + index * 56 + field, size, value);
}

static void segment(size_t index, uint32_t flags, uint64_t offset, uint64_t address,
                    uint64_t file_length, uint64_t memory_length) {
    put_program(index, P_TYPE, 4, 1);
    put_program(index, P_FLAGS, 4, flags);
    put_program(index, P_OFFSET, 8, offset);
    put_program(index, P_VADDR, 8, address);
    put_program(index, P_FILESZ, 8, file_length);
    put_program(index, P_MEMSZ, 8, memory_length);
}

static int good_file(void **state) {
    (void)state;
    memset(file, 0, sizeof(file));
    put(0, 7, 0x010102464c457f); /* magic number, 64-bit, little-endian, version 1 */
    put(E_TYPE, 2, 2);
    put(E_MACHINE, 2, 62);
    put(E_VERSION, 4, 1);
    put(E_ENTRY, 8, BASE + 0x10);
    put(E_PHOFF, 8, PROGRAMS);
    put(E_SHOFF, 8, SECTIONS);
    put(E_EHSIZE, 2, 64);
    put(E_PHENTSIZE, 2, 56);
    put(E_PHNUM, 2, 2);
    put(E_SHENTSIZE, 2, 64);
    put(E_SHNUM, 2, 2);
    segment(0, ELF_READ | ELF_EXECUTE, TEXT, BASE, 0x800, 0x800);
    segment(1, ELF_READ | ELF_WRITE, DATA, BASE + 0x2000, 0x100, 0x5001);
    return 0;
}

/* From the heap, so that the sanitizer sees every read behind the end. */
static enum elf_status parse(struct elf_image *image, size_t length) {
    void *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, file, length);
    enum elf_status status = elf_parse(image, copy, length, BASE, LIMIT);
    free(copy);
    return status;
}

static void expect(enum elf_status wanted) {
    struct elf_image image;
    assert_int_equal(parse(&image, FILE_LENGTH), wanted);
}

static void test_good(void **state) {
    (void)state;
    struct elf_image image;
    assert_int_equal(parse(&image, FILE_LENGTH), ELF_OK);
    assert_int_equal(image.entry, BASE + 0x10);
    assert_int_equal(image.virtual, BASE);
    /* 0x2000 + 0x5001 bytes, in whole pages */
    assert_int_equal(image.length, 0x8000);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.segment[0].rights, ELF_READ | ELF_EXECUTE);
    assert_int_equal(image.segment[0].file_offset, TEXT);
    assert_int_equal(image.segment[1].virtual, BASE + 0x2000);
    assert_int_equal(image.segment[1].file_length, 0x100);
    assert_int_equal(image.segment[1].memory_length, 0x5001);
    assert_int_equal(image.segment[1].rights, ELF_READ | ELF_WRITE);
}

static void test_other_entries_are_ignored(void **state) {
    (void)state;
    struct elf_image image;
    put(E_PHNUM, 2, 4);
    segment(2, 6, 0, 0x1234, 0, 0);
    put_program(2, P_TYPE, 4, 0x6474e551); /* PT_GNU_STACK: no contents */
    segment(3, 7, 0, 0x1234, 0, 0);        /* an empty PT_LOAD takes no memory */
    assert_int_equal(parse(&image, FILE_LENGTH), ELF_OK);
    assert_int_equal(image.segment_count, 2);
}

static void test_every_truncation_is_found(void **state) {
    (void)state;
    struct elf_image image;
    for (size_t length = 0; length < 4; length++) {
        assert_int_equal(parse(&image, length), ELF_NOT_ELF);
    }
    for (size_t length = 4; length < FILE_LENGTH; length++) {
        assert_int_equal(parse(&image, length), ELF_TRUNCATED);
    }
}

static void test_truncated_data_without_section_headers(void **state) {
    (void)state;
    struct elf_image image;
    put(E_SHOFF, 8, 0);
    put(E_SHNUM, 2, 0);
    assert_int_equal(parse(&image, DATA + 0x100), ELF_OK);
    assert_int_equal(parse(&image, DATA + 0xff), ELF_TRUNCATED);
}

static void test_not_elf(void **state) {
    (void)state;
    file[0] = 'M';
    expect(ELF_NOT_ELF);
}

static void test_32_bit(void **state) {
    (void)state;
    put(E_CLASS, 1, 1);
    expect(ELF_WRONG_CLASS);
}

static void test_other_machines(void **state) {
    (void)state;
    put(E_MACHINE, 2, 183); /* AArch64 */
    expect(ELF_WRONG_MACHINE);
    put(E_MACHINE, 2, 62);
    put(E_DATA, 1, 2); /* big-endian */
    expect(ELF_WRONG_MACHINE);
}

static void test_relocatable_and_dynamic(void **state) {
    (void)state;
    put(E_TYPE, 2, 3);
    expect(ELF_NOT_STATIC);
    put(E_TYPE, 2, 2);
    put_program(1, P_TYPE, 4, 2);
    expect(ELF_NOT_STATIC);
    put_program(1, P_TYPE, 4, 3);
    expect(ELF_NOT_STATIC);
}

static void test_bad_headers(void **state) {
    (void)state;
    put(E_VERSION, 4, 2);
    expect(ELF_BAD_HEADER);
    put(E_VERSION, 4, 1);
    put(E_IDENT_VERSION, 1, 0);
    expect(ELF_BAD_HEADER);
    put(E_IDENT_VERSION, 1, 1);
    put(E_EHSIZE, 2, 52);
    expect(ELF_BAD_HEADER);
    put(E_EHSIZE, 2, 64);
    put(E_PHENTSIZE, 2, 32);
    expect(ELF_BAD_HEADER);
}

static void test_header_offsets_that_overflow(void **state) {
    (void)state;
    put(E_PHOFF, 8, UINT64_MAX - 8);
    expect(ELF_TRUNCATED);
    put(E_PHOFF, 8, PROGRAMS);
    put(E_SHOFF, 8, UINT64_MAX);
    expect(ELF_TRUNCATED);
}

static void test_no_segment(void **state) {
    (void)state;
    put(E_PHNUM, 2, 0);
    expect(ELF_NO_SEGMENT);
    put(E_PHNUM, 2, 2);
    put_program(0, P_TYPE, 4, 4);
    put_program(1, P_TYPE, 4, 4);
    expect(ELF_NO_SEGMENT);
}

static void test_too_many_segments(void **state) {
    (void)state;
    put(E_PHNUM, 2, ELF_SEGMENT_MAX + 1);
    for (size_t i = 0; i <= ELF_SEGMENT_MAX; i++) {
        segment(i, ELF_READ | (i == 0 ? ELF_EXECUTE : 0), TEXT, BASE + i * 0x1000, 0x800, 0x800);
    }
    expect(ELF_TOO_MANY_SEGMENTS);
    put(E_PHNUM, 2, ELF_SEGMENT_MAX);
    expect(ELF_OK);
}

static void test_bad_segments(void **state) {
    (void)state;
    put_program(1, P_MEMSZ, 8, 0xff); /* one byte less than in the file */
    expect(ELF_BAD_SEGMENT);
    good_file(NULL);
    put_program(1, P_VADDR, 8, BASE + 0x2010);
    expect(ELF_BAD_SEGMENT);
}

static void test_segment_offset_that_overflows(void **state) {
    (void)state;
    put_program(1, P_OFFSET, 8, UINT64_MAX - 0x7f);
    expect(ELF_TRUNCATED);
}

static void test_overlaps(void **state) {
    (void)state;
    put_program(1, P_VADDR, 8, BASE); /* the same page */
    expect(ELF_OVERLAP);
    good_file(NULL);
    put_program(0, P_MEMSZ, 8, 0x2001); /* into the first page of the second */
    expect(ELF_OVERLAP);
    put_program(0, P_MEMSZ, 8, 0x2000);
    expect(ELF_OK);
}

static void test_wrong_order(void **state) {
    (void)state;
    segment(0, ELF_READ | ELF_WRITE, DATA, BASE + 0x2000, 0x100, 0x100);
    segment(1, ELF_READ | ELF_EXECUTE, TEXT, BASE, 0x800, 0x800);
    expect(ELF_OVERLAP);
}

static void test_outside(void **state) {
    (void)state;
    put_program(0, P_VADDR, 8, BASE - 0x1000);
    expect(ELF_OUTSIDE);
    good_file(NULL);
    put_program(1, P_VADDR, 8, 0xfffffffffffff000ull); /* would wrap round */
    expect(ELF_OUTSIDE);
    good_file(NULL);
    put_program(1, P_MEMSZ, 8, UINT64_MAX);
    expect(ELF_OUTSIDE);
    put_program(1, P_MEMSZ, 8, LIMIT - 0x2000 + 1);
    expect(ELF_OUTSIDE);
    put_program(1, P_MEMSZ, 8, LIMIT - 0x2000);
    expect(ELF_OK);
}

static void test_write_and_execute(void **state) {
    (void)state;
    put_program(0, P_FLAGS, 4, ELF_READ | ELF_WRITE | ELF_EXECUTE);
    expect(ELF_WRITE_AND_EXECUTE);
}

static void test_entry_outside_code(void **state) {
    (void)state;
    put(E_ENTRY, 8, BASE + 0x800); /* just behind it */
    expect(ELF_BAD_ENTRY);
    put(E_ENTRY, 8, BASE + 0x2000); /* data */
    expect(ELF_BAD_ENTRY);
    put(E_ENTRY, 8, 0);
    expect(ELF_BAD_ENTRY);
    put(E_ENTRY, 8, BASE + 0x7ff);
    expect(ELF_OK);
}

static void test_every_status_has_its_words(void **state) {
    (void)state;
    for (int a = ELF_OK; a <= ELF_BAD_ENTRY; a++) {
        assert_non_null(elf_status_text((enum elf_status)a));
        for (int b = ELF_OK; b < a; b++) {
            assert_string_not_equal(elf_status_text((enum elf_status)a),
                                    elf_status_text((enum elf_status)b));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, good_file),
        cmocka_unit_test_setup(test_other_entries_are_ignored, good_file),
        cmocka_unit_test_setup(test_every_truncation_is_found, good_file),
        cmocka_unit_test_setup(test_truncated_data_without_section_headers, good_file),
        cmocka_unit_test_setup(test_not_elf, good_file),
        cmocka_unit_test_setup(test_32_bit, good_file),
        cmocka_unit_test_setup(test_other_machines, good_file),
        cmocka_unit_test_setup(test_relocatable_and_dynamic, good_file),
        cmocka_unit_test_setup(test_bad_headers, good_file),
        cmocka_unit_test_setup(test_header_offsets_that_overflow, good_file),
        cmocka_unit_test_setup(test_no_segment, good_file),
        cmocka_unit_test_setup(test_too_many_segments, good_file),
        cmocka_unit_test_setup(test_bad_segments, good_file),
        cmocka_unit_test_setup(test_segment_offset_that_overflows, good_file),
        cmocka_unit_test_setup(test_overlaps, good_file),
        cmocka_unit_test_setup(test_wrong_order, good_file),
        cmocka_unit_test_setup(test_outside, good_file),
        cmocka_unit_test_setup(test_write_and_execute, good_file),
        cmocka_unit_test_setup(test_entry_outside_code, good_file),
        cmocka_unit_test(test_every_status_has_its_words),
    };
    return cmocka_run_group_tests_name("boot/elf", tests, NULL, NULL);
}
