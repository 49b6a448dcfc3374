/* Symbols from an ELF file that may be cut or lie: System V ABI, "Object Files". */
/* units: arch/x86_64/platform/symbols.c kernel/string.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "arch/x86_64/platform/symbols.h"
#include "kernel/arch.h"
#include "kernel/string.h"

void *arch_memory_at(uint64_t physical) {
    return (void *)physical;
}

/* Header at 0, three section headers at 64, symbols at 256 (three), names at 328. */
#define FILE_SIZE 344u
static uint8_t file[FILE_SIZE];

static void put(size_t offset, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++)
        file[offset + i] = (uint8_t)(value >> 8 * i);
}

static void put_symbol(size_t index, uint32_t name, uint8_t type, uint64_t value, uint64_t size) {
    size_t at = 256 + index * 24;
    put(at, name, 4);
    put(at + 4, type, 1);
    put(at + 8, value, 8);
    put(at + 16, size, 8);
}

static int make_file(void **state) {
    (void)state;
    memset(file, 0, sizeof file);
    memcpy(file, "\177ELF\2\1\1", 7);
    put(40, 64, 8); /* section headers */
    put(58, 64, 2);
    put(60, 3, 2);
    put(64 + 64 + 4, 2, 4); /* section 1: SHT_SYMTAB, linked to 2 */
    put(64 + 64 + 24, 256, 8);
    put(64 + 64 + 32, 72, 8);
    put(64 + 64 + 40, 2, 4);
    put(64 + 128 + 4, 3, 4); /* section 2: SHT_STRTAB */
    put(64 + 128 + 24, 328, 8);
    put(64 + 128 + 32, 16, 8);
    memcpy(file + 328, "\0first\0object\0", 15);
    put_symbol(1, 1, 0x12, 0x1000, 0x20); /* a global function */
    put_symbol(2, 7, 0x11, 0x2000, 0x20); /* a global object */
    return 0;
}

static void finds_functions_only(void **state) {
    struct symbol_table table;
    uint64_t offset = 99;
    (void)state;
    assert_true(symbols_open(&table, file, sizeof file));
    assert_string_equal(symbols_find(&table, 0x1000, &offset), "first");
    assert_int_equal(offset, 0);
    assert_string_equal(symbols_find(&table, 0x101f, &offset), "first");
    assert_int_equal(offset, 0x1f);
    assert_null(symbols_find(&table, 0xfff, &offset));
    assert_null(symbols_find(&table, 0x1020, &offset));
    assert_null(symbols_find(&table, 0x2000, &offset));
}

/* A copy of just that length, so that the sanitizer sees any access beyond. */
static void is_safe(size_t length) {
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    struct symbol_table table;
    uint64_t offset;
    memcpy(copy, file, length);
    if (symbols_open(&table, copy, length))
        symbols_find(&table, 0x1000, &offset);
    free(copy);
}

static void any_cut_is_noticed(void **state) {
    struct symbol_table table;
    (void)state;
    for (size_t length = 0; length < FILE_SIZE; length++) {
        is_safe(length);
        assert_false(symbols_open(&table, file, length));
    }
}

static void any_wrong_byte_is_survived(void **state) {
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    (void)state;
    for (size_t at = 0; at < FILE_SIZE; at++)
        for (size_t i = 0; i < sizeof values; i++) {
            uint8_t before = file[at];
            file[at] = values[i];
            is_safe(FILE_SIZE);
            file[at] = before;
        }
}

static void offsets_that_wrap_are_refused(void **state) {
    struct symbol_table table;
    (void)state;
    put(64 + 64 + 24, UINT64_MAX - 8, 8);
    assert_false(symbols_open(&table, file, sizeof file));
    make_file(NULL);
    put(64 + 128 + 32, UINT64_MAX, 8);
    assert_false(symbols_open(&table, file, sizeof file));
    make_file(NULL);
    put(40, UINT64_MAX - 63, 8);
    assert_false(symbols_open(&table, file, sizeof file));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(finds_functions_only, make_file),
        cmocka_unit_test_setup(any_cut_is_noticed, make_file),
        cmocka_unit_test_setup(any_wrong_byte_is_survived, make_file),
        cmocka_unit_test_setup(offsets_that_wrap_are_refused, make_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
