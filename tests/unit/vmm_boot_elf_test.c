/* units: tests/unit/support/vmm_boot.units */
/* ELF kernels: good ones, headers that lie, and headers mutated at random. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "guests/vmm/boot/image.h"

#define MIB        (1024ull * 1024)
#define DATA       0x1000u
#define FILE_BYTES 0x3000u

static uint8_t low[48 * MIB];
static const struct guest_memory memory = {.low = low, .low_length = sizeof(low)};

struct kernel {
    Elf64_Ehdr header;
    Elf64_Phdr program[3];
};

/* Text at 16 MiB, data with zeros behind it at 18 MiB, and a note that is not loaded. */
static const struct kernel good = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_EXEC,
               .e_machine = EM_X86_64,
               .e_version = EV_CURRENT,
               .e_entry = 0x1000040,
               .e_phoff = sizeof(Elf64_Ehdr),
               .e_ehsize = sizeof(Elf64_Ehdr),
               .e_phentsize = sizeof(Elf64_Phdr),
               .e_phnum = 3},
    .program = {{.p_type = PT_LOAD,
                 .p_offset = DATA,
                 .p_vaddr = 0xffffffff81000000,
                 .p_paddr = 0x1000000,
                 .p_filesz = 0x1000,
                 .p_memsz = 0x1000},
               {.p_type = PT_LOAD,
                 .p_offset = DATA + 0x1000,
                 .p_vaddr = 0xffffffff81200000,
                 .p_paddr = 0x1200000,
                 .p_filesz = 0x1000,
                 .p_memsz = 0x400000},
               {.p_type = PT_NOTE, .p_offset = UINT64_MAX, .p_filesz = UINT64_MAX}},
};

static bool check(const struct kernel *kernel, size_t length, struct boot_image *image,
                  struct boot_error *error) {
    uint8_t *whole = calloc(1, FILE_BYTES);
    uint8_t *exact = malloc(length != 0 ? length : 1);
    assert_non_null(whole);
    assert_non_null(exact);
    memcpy(whole, kernel, sizeof(*kernel));
    memset(whole + DATA, 0x5a, FILE_BYTES - DATA);
    memcpy(exact, whole, length);
    struct boot_file file = {.name = "vmlinux", .bytes = exact, .length = length};
    bool ok = image_check(&file, BOOT_AUTO, &memory, image, error);
    if (ok) {
        image_load(&file, image, &memory);
    }
    free(exact);
    free(whole);
    return ok;
}

static void expect_refused(const struct kernel *kernel, size_t length, const char *words) {
    struct boot_image image;
    struct boot_error error = {""};
    assert_false(check(kernel, length, &image, &error));
    if (strstr(error.text, words) == NULL || strncmp(error.text, "vmlinux: ", 9) != 0 ||
        strchr(error.text, '\n') != NULL) {
        fail_msg("message is '%s', should have '%s'", error.text, words);
    }
}

static void test_good(void **state) {
    (void)state;
    struct boot_image image;
    struct boot_error error = {""};
    memset(low, 0, sizeof(low));
    assert_true(check(&good, FILE_BYTES, &image, &error));
    assert_int_equal(image.entry, 0x1000040);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.start, 0x1000000);
    assert_int_equal(image.end, 0x1600000);
    assert_int_equal(image.setup_header_length, 0);
    assert_int_equal(low[0xffffff], 0);
    assert_int_equal(low[0x1000000], 0x5a);
    assert_int_equal(low[0x1000fff], 0x5a);
    assert_int_equal(low[0x1001000], 0);
    assert_int_equal(low[0x1200fff], 0x5a);
    assert_int_equal(low[0x1201000], 0);
}

#define REFUSE(change, words)                    \
    do {                                         \
        struct kernel bad = good;                \
        change;                                  \
        expect_refused(&bad, FILE_BYTES, words); \
    } while (0)

static void test_refused(void **state) {
    (void)state;
    expect_refused(&good, 10, "truncated");
    expect_refused(&good, sizeof(good) - 57, "truncated");
    expect_refused(&good, FILE_BYTES - 1, "truncated");
    REFUSE(bad.header.e_ident[EI_CLASS] = 3, "another processor");
    REFUSE(bad.header.e_ident[EI_CLASS] = ELFCLASS32, "program headers");
    REFUSE(bad.header.e_ident[EI_DATA] = ELFDATA2MSB, "another processor");
    REFUSE(bad.header.e_machine = EM_AARCH64, "another processor");
    REFUSE(bad.header.e_type = ET_DYN, "ELF type 3");
    REFUSE(bad.header.e_phentsize = 55, "program headers");
    REFUSE(bad.header.e_phnum = 0, "program headers");
    REFUSE(bad.header.e_phnum = 65535, "program headers");
    REFUSE(bad.header.e_phoff = UINT64_MAX, "program headers");
    REFUSE(bad.header.e_phoff = FILE_BYTES - 1, "program headers");
    REFUSE(bad.header.e_entry = 0, "entry");
    REFUSE(bad.header.e_entry = 0x1001000, "entry");
    REFUSE(bad.header.e_entry = 0xffffffff81000040, "entry");
    REFUSE(bad.program[1].p_filesz = 0x400001, "more bytes in the file");
    REFUSE(bad.program[1].p_offset = UINT64_MAX, "truncated");
    REFUSE(bad.program[1].p_offset = FILE_BYTES - 0xfff, "truncated");
    REFUSE(bad.program[1].p_paddr = 0x1000fff, "overlaps");
    REFUSE(bad.program[1].p_paddr = 0xc00001, "overlaps");
    REFUSE(bad.program[1].p_paddr = 0xff000, "1 MiB");
    REFUSE(bad.program[1].p_paddr = UINT64_MAX, "larger than memory");
    REFUSE(bad.program[1].p_paddr = 45 * MIB, "larger than memory");
    REFUSE(bad.program[1].p_memsz = UINT64_MAX, "larger than memory");
    REFUSE(bad.program[0].p_type = bad.program[1].p_type = PT_NULL, "entry");
}

static void test_many_segments(void **state) {
    (void)state;
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr program[17];
    } many = {.header = good.header};
    struct boot_image image;
    struct boot_error error;
    many.header.e_phnum = 16;
    for (unsigned i = 0; i < 17; i++) {
        many.program[i] = good.program[0];
        many.program[i].p_offset = 0;
        many.program[i].p_filesz = 64;
        many.program[i].p_memsz = 0x1000;
        many.program[i].p_paddr = 0x1000000 + i * 0x1000;
    }
    many.header.e_entry = 0x1000000;
    struct boot_file file = {"vmlinux", (const uint8_t *)&many, sizeof(many)};
    assert_true(image_check(&file, BOOT_AUTO, &memory, &image, &error));
    many.header.e_phnum = 17;
    assert_false(image_check(&file, BOOT_AUTO, &memory, &image, &error));
    assert_non_null(strstr(error.text, "more than 16"));
}

static void test_mutated(void **state) {
    (void)state;
    static const uint64_t edge[] = {
        0, 1, 0xfff, 0x1000, MIB, 48 * MIB, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 0xfff};
    unsigned accepted = 0;
    srand(2);
    for (unsigned round = 0; round < 20000; round++) {
        struct kernel kernel = good;
        uint8_t *bytes = (uint8_t *)&kernel;
        if (rand() & 1) {
            /* A whole field of a program header. */
            size_t word = (size_t)rand() % (2 * sizeof(Elf64_Phdr) / 8);
            uint64_t value = edge[(size_t)rand() % (sizeof(edge) / sizeof(edge[0]))];
            memcpy(bytes + sizeof(Elf64_Ehdr) + word * 8, &value, 8);
        } else {
            bytes[4 + (size_t)rand() % (sizeof(kernel) - 4)] = (uint8_t)rand();
        }
        size_t length = rand() % 8 == 0 ? (size_t)rand() % (FILE_BYTES + 1) : FILE_BYTES;
        struct boot_image image;
        struct boot_error error;
        if (check(&kernel, length, &image, &error)) {
            accepted++;
            assert_true(image.start >= MIB && image.end <= sizeof(low));
            assert_true(image.entry >= image.start && image.entry < image.end);
        }
    }
    assert_true(accepted > 1000 && accepted < 19000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_many_segments),
        cmocka_unit_test(test_mutated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
