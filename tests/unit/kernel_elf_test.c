/* The kernel's ELF reader against files that lie. */
/* units: kernel/elf.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>
#include <setjmp.h>

#include <cmocka.h>

#include "kernel/abi/types.h"
#include "kernel/elf.h"

#define FILE_SIZE 0x3000u

static struct {
    union {
        Elf64_Ehdr header;
        unsigned char bytes[FILE_SIZE];
    };
} file;

static Elf64_Phdr *row(int index) {
    return (Elf64_Phdr *)(void *)(file.bytes + sizeof(Elf64_Ehdr)) + index;
}

/* A program with a text and a data segment, by the system's own <elf.h>. */
static int set_up(void **state) {
    (void)state;
    memset(&file, 0, sizeof file);
    file.header = (Elf64_Ehdr){
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x400010,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 3,
    };
    memcpy(file.header.e_ident, "\177ELF\2\1\1", 7);
    *row(0) = (Elf64_Phdr){PT_NOTE, PF_R, 0x40, 0, 0, 4, 4, 4};
    *row(1) = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0x1000, 0x400000, 0x400000, 0x800, 0x800, 0x1000};
    *row(2) = (Elf64_Phdr){PT_LOAD,  PF_R | PF_W, 0x2000, 0x500000,
                           0x500000, 0x1000,      0x9000, 0x1000};
    return 0;
}

static const char *check(uint64_t length) {
    uint64_t entry = 0;
    return elf_check(&file, length, &entry);
}

static void accepts_a_program(void **state) {
    (void)state;
    uint64_t entry = 0;
    assert_null(elf_check(&file, FILE_SIZE, &entry));
    assert_int_equal(entry, 0x400010);
    assert_int_equal(elf_segment_count(&file), 2);
    struct elf_segment data = elf_segment(&file, 1);
    assert_int_equal(data.address, 0x500000);
    assert_int_equal(data.memory_size, 0x9000);
    assert_int_equal(data.file_offset, 0x2000);
    assert_int_equal(data.flags, MAP_READ | MAP_WRITE);
    assert_int_equal(elf_segment(&file, 0).flags, MAP_READ | MAP_EXECUTE);
}

#define REFUSES(change)                    \
    do {                                   \
        set_up(NULL);                      \
        change;                            \
        assert_non_null(check(FILE_SIZE)); \
    } while (0)

static void refuses_lies(void **state) {
    (void)state;
    REFUSES(file.bytes[0] = 0);
    REFUSES(file.header.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSES(file.header.e_ident[EI_DATA] = ELFDATA2MSB);
    REFUSES(file.header.e_machine = EM_AARCH64);
    REFUSES(file.header.e_type = ET_DYN);
    REFUSES(file.header.e_phentsize = 32);
    REFUSES(file.header.e_phnum = 17);
    REFUSES(file.header.e_phnum = 0);
    REFUSES(file.header.e_phoff = FILE_SIZE - 8);
    REFUSES(file.header.e_phoff = UINT64_MAX - 7);
    REFUSES(file.header.e_phoff = 65);
    REFUSES(file.header.e_entry = 0x500010);
    REFUSES(file.header.e_entry = 0x400800);
    REFUSES(row(1)->p_filesz = 0x801);
    REFUSES(row(1)->p_offset = UINT64_MAX - 0x100);
    REFUSES((row(2)->p_filesz = UINT64_MAX, row(2)->p_memsz = UINT64_MAX));
    REFUSES(row(2)->p_offset = FILE_SIZE - 0x800);
    REFUSES(row(2)->p_vaddr = 0x500010);
    REFUSES(row(2)->p_vaddr = 0);
    REFUSES(row(2)->p_vaddr = 0xffffffff80000000ull);
    REFUSES(row(2)->p_memsz = 1ull << 47);
    REFUSES(row(1)->p_flags = PF_R | PF_W | PF_X);
}

/* Every length, in memory of exactly that length, so that a read behind it is caught. */
static void survives_truncation(void **state) {
    (void)state;
    for (uint64_t length = 0; length < FILE_SIZE; length += length < 300 ? 1 : 97) {
        void *copy = malloc(length + 1);
        memcpy(copy, &file, length);
        char *exact = realloc(copy, length > 0 ? length : 1);
        uint64_t entry;
        assert_non_null(elf_check(exact, length, &entry));
        free(exact);
    }
}

static void survives_noise(void **state) {
    (void)state;
    unsigned seed = 11;
    for (int round = 0; round < 200000; round++) {
        set_up(NULL);
        for (int i = 0; i < 1 + rand_r(&seed) % 6; i++)
            file.bytes[rand_r(&seed) % 232] = (unsigned char)rand_r(&seed);
        uint64_t entry;
        if (elf_check(&file, FILE_SIZE, &entry) != NULL)
            continue;
        for (uint32_t i = 0; i < elf_segment_count(&file); i++) {
            struct elf_segment segment = elf_segment(&file, i);
            assert_true(segment.file_offset + segment.file_size <= FILE_SIZE);
            assert_true(segment.address + segment.memory_size <= SPACE_PROGRAM_END);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(accepts_a_program, set_up),
        cmocka_unit_test(refuses_lies),
        cmocka_unit_test_setup(survives_truncation, set_up),
        cmocka_unit_test(survives_noise),
    };
    return cmocka_run_group_tests_name("kernel/elf", tests, NULL, NULL);
}
