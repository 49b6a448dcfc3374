/* units: guests/lib/elf_program.c */
/* The reader of programs' ELF files: a good one, and headers that lie. Layout: System V ABI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "guests/lib/elf_program.h"
#include "kernel/abi/types.h"

#define LIMIT  0x700000000ull
#define LENGTH 0x3000u

static void put(uint8_t *file, size_t offset, unsigned width, uint64_t value) {
    for (unsigned i = 0; i < width; i++)
        file[offset + i] = (uint8_t)(value >> (8 * i));
}

/* Offsets in the file header and in the n-th program header, as in the ABI's tables. */
enum { TYPE = 16, MACHINE = 18, ENTRY = 24, PHOFF = 32, PHENTSIZE = 54, PHNUM = 56 };
#define PH(n, field) (64u + 56u * (n) + (field))
enum { P_TYPE = 0, P_FLAGS = 4, P_OFFSET = 8, P_VADDR = 16, P_FILESZ = 32, P_MEMSZ = 40 };

static void segment(uint8_t *file, unsigned n, uint32_t flags, uint64_t offset, uint64_t address,
                    uint64_t in_file, uint64_t in_memory) {
    put(file, PH(n, P_TYPE), 4, 1);
    put(file, PH(n, P_FLAGS), 4, flags);
    put(file, PH(n, P_OFFSET), 8, offset);
    put(file, PH(n, P_VADDR), 8, address);
    put(file, PH(n, P_FILESZ), 8, in_file);
    put(file, PH(n, P_MEMSZ), 8, in_memory);
}

/* Text at 0x400000, data at 0x402ff0 across a page border, and a header of another kind. */
static uint8_t *good(void) {
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    uint8_t *file = calloc(1, LENGTH);
    assert_non_null(file);
    memcpy(file, ident, sizeof(ident));
    put(file, TYPE, 2, 2);
    put(file, MACHINE, 2, 62);
    put(file, ENTRY, 8, 0x400010);
    put(file, PHOFF, 8, 64);
    put(file, PHENTSIZE, 2, 56);
    put(file, PHNUM, 2, 3);
    segment(file, 0, 4 | 1, 0x1000, 0x400000, 0x800, 0x800);
    segment(file, 1, 4 | 2, 0x1ff0, 0x402ff0, 0x20, 0x1020);
    put(file, PH(2, P_TYPE), 4, 0x6474e551); /* GNU_STACK */
    return file;
}

static void a_good_file_is_read(void **state) {
    (void)state;
    uint8_t *file = good();
    struct elf_program program;
    assert_null(elf_program_read(file, LENGTH, LIMIT, &program));
    assert_int_equal(program.entry, 0x400010);
    assert_int_equal(program.segment_count, 2);
    assert_int_equal(program.segment[0].address, 0x400000);
    assert_int_equal(program.segment[0].size, 0x1000);
    assert_int_equal(program.segment[0].flags, MAP_READ | MAP_EXECUTE);
    assert_int_equal(program.segment[0].file_offset, 0x1000);
    assert_int_equal(program.segment[0].file_size, 0x800);
    assert_int_equal(program.segment[1].address, 0x402000);
    assert_int_equal(program.segment[1].size, 0x3000); /* 0x402ff0 + 0x1020 = 0x404010 */
    assert_int_equal(program.segment[1].data_offset, 0xff0);
    assert_int_equal(program.segment[1].flags, MAP_READ | MAP_WRITE);
    free(file);
}

struct lie {
    size_t offset;
    unsigned width;
    uint64_t value;
    const char *message;
};

static const struct lie lies[] = {
    {0,                                                      4,          0,"not a 64-bit ELF file"},
    {4,                                                      1,          1,"not a 64-bit ELF file"},
    {5,                                                      1,          2,"not a 64-bit ELF file"},
    {MACHINE,                                                2,          3,"made for another processor"},
    {TYPE,                                                   2,          3,"not an executable at a fixed address"},
    {PHENTSIZE,                                              2,          55,"program headers of another size"},
    {PHOFF,                                                  8,          LENGTH,"program headers are outside the file"},
    {PHOFF,                                                  8,          UINT64_MAX,"program headers are outside the file"},
    {PHOFF,                                                  8,          UINT64_MAX - 8,"program headers are outside the file"},
    {PHNUM,                                                  2,          0xffff,"program headers are outside the file"},
    {PHNUM,                                                  2,          0,"nothing to load"},
    {PH(0,                                                   P_TYPE),    4,3, "dynamically linked"},
    {PH(0,                                                      P_TYPE),                                                             4,2,"dynamically linked"},
    {PH(0,                                  P_OFFSET),                                            8,LENGTH,                                                            "a segment is outside the file"},
    {PH(0,                                                P_OFFSET),                           8,UINT64_MAX,"a segment is outside the file"},
    {PH(0,                                                     P_OFFSET),                           8,UINT64_MAX - 0x7ff,   "a segment is outside the file"},
    {PH(0,P_FILESZ),8,0x801,"a segment has more bytes in the file than in memory"},
    {PH(1,                                                   P_FILESZ),                                                            8, 0x1021,                                                 "a segment has more bytes in the file than in memory"},
    {PH(0,                                                      P_MEMSZ),                                                             8,LIMIT,"a segment is outside a program's addresses"},
    {PH(0, P_MEMSZ),           8,UINT64_MAX,"a segment is outside a program's addresses"},
    {PH(0,                                                 P_VADDR),               8,              0,                                                                                                                                                         "a segment is outside a program's addresses"},
    {PH(0,                                                     P_VADDR),                                           8,LIMIT,                                                                                                                                                                                 "a segment is outside a program's addresses"},
    {PH(0,P_VADDR),8,UINT64_MAX,"a segment is outside a program's addresses"},
    {PH(0,                                                   P_VADDR), 8,0xffff800000000000,"a segment is outside a program's addresses"},
    {PH(0,                                                      P_FLAGS),                                                             4,7,"a segment is both writable and executable"},
    {PH(0,          P_FLAGS),                    4,1,                                                                                                                                                                                 "a segment is not readable"},
    {PH(1,                                    P_VADDR),  8,                                             0x400ff0,                                                                                                                                                                    "segments overlap or are not in ascending order"},
    {PH(1,                                                     P_VADDR),  8,0x3ffff0,"segments overlap or are not in ascending order"},
    {ENTRY,                                     8,                           0x403000,          "the entry is not in an executable segment"},
    {ENTRY,                                                   8,                  0x401000,"the entry is not in an executable segment"},
    {ENTRY,                                                      8,                                                             0,"the entry is not in an executable segment"},
};

static void headers_that_lie_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        uint8_t *file = good();
        struct elf_program program;
        put(file, lies[i].offset, lies[i].width, lies[i].value);
        const char *message = elf_program_read(file, LENGTH, LIMIT, &program);
        if (!message || strcmp(message, lies[i].message) != 0)
            fail_msg("lie %zu: expected \"%s\", got \"%s\"", i, lies[i].message,
                     message ? message : "none");
        free(file);
    }
}

static void truncated_files_are_refused(void **state) {
    (void)state;
    for (size_t length = 0; length < 0x2010; length++) {
        uint8_t *whole = good();
        uint8_t *file = malloc(length ? length : 1);
        struct elf_program program;
        assert_non_null(file);
        memcpy(file, whole, length);
        assert_non_null(elf_program_read(file, length, LIMIT, &program));
        free(file);
        free(whole);
    }
}

static void too_many_segments_are_refused(void **state) {
    (void)state;
    uint8_t *file = good();
    struct elf_program program;
    put(file, PHNUM, 2, ELF_PROGRAM_SEGMENT_LIMIT + 1);
    for (unsigned n = 0; n <= ELF_PROGRAM_SEGMENT_LIMIT; n++)
        segment(file, n, 5, 0x1000, 0x400000 + n * 0x1000, 0x100, 0x100);
    assert_string_equal(elf_program_read(file, LENGTH, LIMIT, &program), "too many segments");
    free(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_read),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(too_many_segments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
