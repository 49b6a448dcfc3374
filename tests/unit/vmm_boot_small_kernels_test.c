/* units: tests/unit/support/vmm_boot.units */
/*
 * PVH and multiboot: which of the ways is taken, what the kernel finds, headers that lie, and
 * headers mutated at random. Offsets are those of the specifications.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "guests/vmm/boot/boot.h"
#include "tests/unit/vmm_random.h"

#define MIB 0x100000ull
#define LOW (32 * MIB)

#define KERNEL     0x200000u /* where the test's kernels are linked */
#define CODE       0x400u    /* offset of their code in the file */
#define FILE_BYTES 0x2000u

static uint8_t *low;
static struct guest_memory memory;
static struct guest_state cpu;
static struct boot_error error;
static uint8_t file_bytes[FILE_BYTES];
static uint8_t module_bytes[3][6000];

static const struct boot_module modules[] = {
    {{"first", module_bytes[0], 5000}, "first root=1 two"},
    {{"empty", NULL, 0},               "empty"           },
    {{"third", module_bytes[2], 4096}, "third x"         },
};

static int setup(void **state) {
    (void)state;
    low = calloc(1, LOW);
    memory = (struct guest_memory){.low = low, .low_length = LOW};
    memset(&cpu, 0xee, sizeof(cpu));
    memset(file_bytes, 0, sizeof(file_bytes));
    memset(file_bytes + CODE, 0x90, FILE_BYTES - CODE);
    for (unsigned i = 0; i < 3; i++) {
        memset(module_bytes[i], (int)i + 1, sizeof(module_bytes[i]));
    }
    return low == NULL;
}

static int teardown(void **state) {
    (void)state;
    free(low);
    return 0;
}

static uint32_t get32(uint64_t address) {
    uint32_t value;
    memcpy(&value, low + address, sizeof(value));
    return value;
}

static uint64_t get64(uint64_t address) {
    uint64_t value;
    memcpy(&value, low + address, sizeof(value));
    return value;
}

/* --- Kernels --- */

struct kernel_32 {
    Elf32_Ehdr header;
    Elf32_Phdr program[3];
    uint8_t notes[96];
    uint32_t multiboot[8];
};
_Static_assert(sizeof(struct kernel_32) < CODE, "headers before the code");

struct kernel_64 {
    Elf64_Ehdr header;
    Elf64_Phdr program[2];
    uint8_t notes[96];
    uint32_t multiboot[8];
};
_Static_assert(sizeof(struct kernel_64) < CODE, "headers before the code");

/* One segment with zeros behind it, notes, and the higher half as its link address. */
static struct kernel_32 *kernel_32(void) {
    struct kernel_32 *kernel = (struct kernel_32 *)(void *)file_bytes;
    *kernel = (struct kernel_32){
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_386,
                   .e_entry = 0xc0200010,
                   .e_phoff = offsetof(struct kernel_32, program),
                   .e_phentsize = sizeof(Elf32_Phdr),
                   .e_phnum = 3},
        .program = {{.p_type = PT_LOAD,
                     .p_offset = CODE,
                     .p_vaddr = 0xc0200000,
                     .p_paddr = KERNEL,
                     .p_filesz = 0x1000,
                     .p_memsz = 0x3001},
                   {.p_type = PT_NOTE, .p_offset = offsetof(struct kernel_32, notes)},
                   {.p_type = PT_NULL}},
    };
    return kernel;
}

static struct kernel_64 *kernel_64(void) {
    struct kernel_64 *kernel = (struct kernel_64 *)(void *)file_bytes;
    *kernel = (struct kernel_64){
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_X86_64,
                   .e_entry = KERNEL + 0x20,
                   .e_phoff = offsetof(struct kernel_64, program),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 2},
        .program = {{.p_type = PT_LOAD,
                     .p_offset = CODE,
                     .p_vaddr = KERNEL,
                     .p_paddr = KERNEL,
                     .p_filesz = 0x1000,
                     .p_memsz = 0x1000},
                   {.p_type = PT_NOTE, .p_offset = offsetof(struct kernel_64, notes)}},
    };
    return kernel;
}

/* One behind the other in the segment of notes. */
#define ADD_NOTE(kernel, name, type, value)                                                     \
    ((kernel)->program[1].p_filesz += add_note((kernel)->notes + (kernel)->program[1].p_filesz, \
                                               name, type, &(value), sizeof(value)))

static unsigned add_note(uint8_t *at, const char *name, uint32_t type, const void *value,
                         uint32_t length) {
    uint32_t name_length = (uint32_t)strlen(name) + 1, padded = (name_length + 3) & ~3u;
    const uint32_t header[3] = {name_length, length, type};
    memcpy(at, header, sizeof(header));
    memcpy(at + 12, name, name_length);
    memcpy(at + 12 + padded, value, length);
    return 12 + padded + length;
}

static const uint32_t pvh_entry = KERNEL + 0x30;
static const uint64_t wide_pvh_entry = KERNEL + 0x30;

#define ADD_PVH(kernel) ADD_NOTE(kernel, "Xen", 18, pvh_entry)

static void add_multiboot(uint32_t *header, uint32_t flags) {
    header[0] = 0x1badb002;
    header[1] = flags;
    header[2] = 0 - header[0] - header[1];
}

/* A file that is nothing but loaded: header at offset 16, two KiB to load, zeros behind. */
static uint32_t *flat_kernel(void) {
    uint32_t *header = (uint32_t *)(void *)(file_bytes + 16);
    add_multiboot(header, 0x10003);
    header[3] = KERNEL + 16; /* header_addr */
    header[4] = KERNEL;      /* load_addr */
    header[5] = KERNEL + 0x800;
    header[6] = KERNEL + 0x2345;
    header[7] = KERNEL + 0x40;
    return header;
}

static struct boot_config config_make(void) {
    return (struct boot_config){
        .kernel = {"kernel", file_bytes, FILE_BYTES},
        .modules = modules,
        .module_count = 3,
        .command_line = "console=ttyS0 quiet",
        .rsdp = 0xe0000,
        .physical_bits = 39,
    };
}

/* From a copy of exact length, so that a look beyond it is found. */
static bool load(struct boot_config *config, size_t length) {
    uint8_t *exact = malloc(length != 0 ? length : 1);
    memcpy(exact, file_bytes, length);
    config->kernel.bytes = exact;
    config->kernel.length = length;
    bool ok = boot_load(config, &memory, &cpu, &error);
    free(exact);
    return ok;
}

static void expect_loaded(struct boot_config *config) {
    if (!load(config, FILE_BYTES)) {
        fail_msg("%s", error.text);
    }
}

/* --- What every 32-bit entry is --- */

static void expect_flat_segment(const struct guest_segment *segment, uint16_t attributes) {
    assert_int_equal(segment->base, 0);
    assert_int_equal(segment->limit, UINT32_MAX);
    assert_int_equal(segment->attributes, attributes);
}

static void expect_32_bit_entry(uint64_t entry) {
    assert_int_equal(cpu.rip, entry);
    assert_int_equal(cpu.rflags, 2);
    assert_int_equal(cpu.cr0 & 0x80000001, 1);
    assert_int_equal(cpu.cr4, 0);
    assert_int_equal(cpu.efer, 0);
    expect_flat_segment(&cpu.cs, 0xc09b);
    expect_flat_segment(&cpu.ds, 0xc093);
    expect_flat_segment(&cpu.es, 0xc093);
    expect_flat_segment(&cpu.fs, 0xc093);
    expect_flat_segment(&cpu.gs, 0xc093);
    expect_flat_segment(&cpu.ss, 0xc093);
    assert_int_equal(cpu.tr.attributes, 0x8b); /* 32-bit TSS, busy */
    assert_int_equal(cpu.tr.base, 0);
    assert_int_equal(cpu.tr.limit, 0x67);
}

/* --- PVH --- */

static void expect_range(uint64_t place, uint64_t address, uint64_t length, uint32_t type) {
    assert_int_equal(get64(place), address);
    assert_int_equal(get64(place + 8), length);
    assert_int_equal(get32(place + 16), type);
}

static void test_pvh(void **state) {
    (void)state;
    struct kernel_32 *kernel = kernel_32();
    struct boot_config config = config_make();
    ADD_PVH(kernel);
    expect_loaded(&config);
    expect_32_bit_entry(KERNEL + 0x30);
    assert_memory_equal(low + KERNEL, file_bytes + CODE, 0x1000);
    uint64_t start = cpu.gpr[GPR_RBX];
    assert_int_equal(get32(start), 0x336ec578);
    assert_int_equal(get32(start + 4), 1); /* version */
    assert_int_equal(get32(start + 8), 0); /* flags */
    assert_int_equal(get32(start + 12), 3);
    assert_string_equal((char *)low + get64(start + 24), "console=ttyS0 quiet");
    assert_int_equal(get64(start + 32), 0xe0000);
    uint64_t map = get64(start + 40);
    assert_int_equal(get32(start + 48), 3);
    expect_range(map, 0, 0x9fc00, 1);
    expect_range(map + 24, 0x9fc00, 0x60400, 2);
    expect_range(map + 48, MIB, LOW - MIB, 1);
    uint64_t list = get64(start + 16), end = KERNEL + 0x3001;
    for (unsigned i = 0; i < 3; i++, list += 32) {
        uint64_t address = get64(list);
        assert_int_equal(address % 4096, 0);
        assert_true(address >= end && address < LOW);
        end = address + modules[i].file.length;
        assert_int_equal(get64(list + 8), modules[i].file.length);
        assert_string_equal((char *)low + get64(list + 16), modules[i].text);
        if (modules[i].file.length != 0) {
            assert_memory_equal(low + address, modules[i].file.bytes, modules[i].file.length);
        }
    }
}

static void test_pvh_initrd_is_first_module(void **state) {
    (void)state;
    struct kernel_64 *kernel = kernel_64();
    struct boot_config config = config_make();
    ADD_PVH(kernel);
    config.module_count = 0;
    config.initrd = modules[2].file;
    expect_loaded(&config);
    expect_32_bit_entry(KERNEL + 0x30);
    assert_int_equal(get32(cpu.gpr[GPR_RBX] + 12), 1);
    uint64_t list = get64(cpu.gpr[GPR_RBX] + 16);
    assert_int_equal(get64(list + 8), 4096);
    assert_string_equal((char *)low + get64(list + 16), "third");
    config.initrd.length = 0;
    expect_loaded(&config);
    assert_int_equal(get32(cpu.gpr[GPR_RBX] + 12), 0);
    assert_int_equal(get64(cpu.gpr[GPR_RBX] + 16), 0);
}

/* --- Multiboot --- */

static void expect_multiboot(uint64_t entry) {
    expect_32_bit_entry(entry);
    assert_int_equal(cpu.gpr[GPR_RAX], 0x2badb002);
    uint64_t info = cpu.gpr[GPR_RBX];
    assert_int_equal(get32(info), 0x1 | 0x4 | 0x8 | 0x40 | 0x200);
    assert_int_equal(get32(info + 4), 639);
    assert_int_equal(get32(info + 8), (LOW - MIB) / 1024);
    assert_string_equal((char *)low + get32(info + 16), "kernel console=ttyS0 quiet");
    assert_string_equal((char *)low + get32(info + 64), "Bulkhead");
    assert_int_equal(get32(info + 20), 3);
    uint64_t list = get32(info + 24);
    assert_int_equal(get32(list + 4) - get32(list), 5000);
    assert_memory_equal(low + get32(list), module_bytes[0], 5000);
    assert_string_equal((char *)low + get32(list + 8), "first root=1 two");
    assert_int_equal(get32(list + 12), 0);
    assert_int_equal(get32(list + 16), get32(list + 20));
    assert_string_equal((char *)low + get32(list + 16 + 8), "empty");
    assert_memory_equal(low + get32(list + 32), module_bytes[2], 4096);
    assert_int_equal(get32(info + 44), 3 * 24);
    uint64_t map = get32(info + 48);
    assert_int_equal(get32(map), 20);
    expect_range(map + 4, 0, 0x9fc00, 1);
    expect_range(map + 28, 0x9fc00, 0x60400, 2);
    expect_range(map + 52, MIB, LOW - MIB, 1);
}

static void test_multiboot_elf(void **state) {
    (void)state;
    struct kernel_32 *kernel = kernel_32();
    struct boot_config config = config_make();
    add_multiboot(kernel->multiboot, 3);
    expect_loaded(&config);
    expect_multiboot(KERNEL + 0x10); /* the higher half's entry, made physical */
    assert_memory_equal(low + KERNEL, file_bytes + CODE, 0x1000);
    assert_true(get32(get32(cpu.gpr[GPR_RBX] + 24)) >= KERNEL + 0x3001);
    /* An entry that is in no link address is a physical one. */
    kernel->header.e_entry = KERNEL + 0x18;
    expect_loaded(&config);
    expect_multiboot(KERNEL + 0x18);
}

static void test_multiboot_elf_64(void **state) {
    (void)state;
    struct kernel_64 *kernel = kernel_64();
    struct boot_config config = config_make();
    add_multiboot(kernel->multiboot, 0);
    expect_loaded(&config);
    expect_multiboot(KERNEL + 0x20);
}

static void test_multiboot_addresses(void **state) {
    (void)state;
    struct boot_config config = config_make();
    uint32_t *header = flat_kernel();
    expect_loaded(&config);
    expect_multiboot(KERNEL + 0x40);
    assert_memory_equal(low + KERNEL, file_bytes, 0x800);
    assert_int_equal(low[KERNEL + 0x800], 0);
    assert_true(get32(get32(cpu.gpr[GPR_RBX] + 24)) >= KERNEL + 0x2345);
    /* The file is loaded from behind its beginning, and to its end. */
    header[4] = KERNEL + 12;
    header[5] = header[6] = 0;
    expect_loaded(&config);
    assert_memory_equal(low + KERNEL + 12, file_bytes + 12, FILE_BYTES - 12);
    /* The fields count in an ELF file too. */
    struct kernel_32 *kernel = kernel_32();
    add_multiboot(kernel->multiboot, 0x10000);
    uint32_t offset = offsetof(struct kernel_32, multiboot);
    kernel->multiboot[3] = KERNEL + 0x10000 + offset;
    kernel->multiboot[4] = KERNEL + 0x10000;
    kernel->multiboot[7] = KERNEL + 0x10000 + CODE;
    expect_loaded(&config);
    expect_multiboot(KERNEL + 0x10000 + CODE);
}

/* The header may be anywhere in the first 8 KiB, all of it, at a multiple of four. */
static void test_multiboot_search(void **state) {
    (void)state;
    uint8_t *large = calloc(1, 3 * 8192);
    struct boot_image image;
    uint32_t header[8];
    for (unsigned offset = 8192 - 40; offset < 8192 + 8; offset += 4) {
        memset(large, 0, 3 * 8192);
        add_multiboot(header, 0x10000);
        header[3] = KERNEL + offset;
        header[4] = KERNEL;
        header[5] = header[6] = 0;
        header[7] = KERNEL + 100;
        memcpy(large + offset, header, sizeof(header));
        struct boot_file file = {"kernel", large, 3 * 8192};
        assert_int_equal(image_check(&file, BOOT_AUTO, &memory, &image, &error),
                         offset <= 8192 - 32);
    }
    memset(large, 0, 3 * 8192);
    memcpy(large + 10, header, sizeof(header));
    struct boot_file file = {"kernel", large, 3 * 8192};
    assert_false(image_check(&file, BOOT_AUTO, &memory, &image, &error));
    assert_false(image_check(&file, BOOT_MULTIBOOT, &memory, &image, &error));
    assert_string_equal(error.text, "kernel: no multiboot header in its first 8 KiB");
    free(large);
}

/* --- Which way --- */

static void expect_way(enum boot_protocol wish, enum boot_protocol way) {
    struct boot_file file = {"kernel", file_bytes, FILE_BYTES};
    struct boot_image image;
    if (!image_check(&file, wish, &memory, &image, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(image.protocol, way);
}

static void test_choice(void **state) {
    (void)state;
    struct kernel_64 *kernel = kernel_64();
    expect_way(BOOT_AUTO, BOOT_LINUX); /* a 64-bit ELF without anything */
    add_multiboot(kernel->multiboot, 0);
    expect_way(BOOT_AUTO, BOOT_MULTIBOOT);
    ADD_PVH(kernel);
    expect_way(BOOT_AUTO, BOOT_PVH);
    expect_way(BOOT_MULTIBOOT, BOOT_MULTIBOOT);
    /* Notes of Linux, and PVH with an entry of eight bytes, as Linux has it. */
    kernel->program[1].p_filesz = 0;
    ADD_NOTE(kernel, "Linux", 0x101, pvh_entry);
    ADD_NOTE(kernel, "Xen", 18, wide_pvh_entry);
    expect_way(BOOT_AUTO, BOOT_LINUX);
    expect_way(BOOT_PVH, BOOT_PVH);
    expect_way(BOOT_LINUX, BOOT_LINUX);
    /* A 32-bit Linux has no entry of its own here. */
    struct kernel_32 *narrow = kernel_32();
    ADD_NOTE(narrow, "Linux", 0x101, pvh_entry);
    ADD_PVH(narrow);
    expect_way(BOOT_AUTO, BOOT_PVH);
}

/* --- Refusals --- */

static void expect_refused(enum boot_protocol wish, const char *words) {
    struct boot_config config = config_make();
    struct guest_state before;
    config.protocol = wish;
    memset(&cpu, 0xee, sizeof(cpu));
    before = cpu;
    assert_false(load(&config, FILE_BYTES));
    if (strstr(error.text, words) == NULL || strchr(error.text, '\n') != NULL) {
        fail_msg("message is '%s', should have '%s'", error.text, words);
    }
    assert_memory_equal(&cpu, &before, sizeof(cpu));
}

#define REFUSE_FLAT(change, words)        \
    do {                                  \
        uint32_t *header = flat_kernel(); \
        change;                           \
        expect_refused(BOOT_AUTO, words); \
    } while (0)

static void test_lying_addresses(void **state) {
    (void)state;
    REFUSE_FLAT(header[3] = KERNEL - 1, "cannot be loaded at 0x200000");
    REFUSE_FLAT(header[3] = KERNEL + 20, "cannot be loaded");
    REFUSE_FLAT(header[4] = 0, "cannot be loaded");
    REFUSE_FLAT(header[3] = header[4] = 0xfffff; header[5] = 0, "1 MiB or above");
    REFUSE_FLAT(header[5] = KERNEL, "in no order");
    REFUSE_FLAT(header[5] = KERNEL + FILE_BYTES + 1; header[6] = 0, "truncated");
    REFUSE_FLAT(header[6] = KERNEL + 0x7ff, "in no order");
    REFUSE_FLAT(header[6] = LOW + 1, "larger than memory");
    REFUSE_FLAT(header[6] = UINT32_MAX, "larger than memory");
    REFUSE_FLAT(header[7] = KERNEL + 0x800, "entry 0x200800 lies in nothing");
    REFUSE_FLAT(header[7] = 0, "entry 0 lies");
    REFUSE_FLAT(add_multiboot(header, 0x10007), "asks for a screen");
    REFUSE_FLAT(add_multiboot(header, 0x10008), "what nobody knows");
    REFUSE_FLAT(add_multiboot(header, 3), "no ELF file");
    REFUSE_FLAT(header[2]++, "not a kernel");
}

#define REFUSE_32(wish, change, words)          \
    do {                                        \
        struct kernel_32 *kernel = kernel_32(); \
        add_multiboot(kernel->multiboot, 3);    \
        change;                                 \
        expect_refused(wish, words);            \
    } while (0)

static void test_lying_elf(void **state) {
    (void)state;
    REFUSE_32(BOOT_AUTO, kernel->multiboot[0] = 0, "no way to enter it");
    REFUSE_32(BOOT_LINUX, , "no way to enter it");
    REFUSE_32(BOOT_PVH, , "no PVH entry");
    REFUSE_32(BOOT_MULTIBOOT, kernel->multiboot[2]++, "no multiboot header");
    REFUSE_32(BOOT_AUTO, kernel->header.e_machine = EM_ARM, "another processor");
    REFUSE_32(BOOT_AUTO, kernel->header.e_phoff = UINT32_MAX, "program headers lie beyond");
    REFUSE_32(BOOT_AUTO, kernel->header.e_phoff = FILE_BYTES - 95, "program headers lie beyond");
    REFUSE_32(BOOT_AUTO, kernel->header.e_phentsize = 56, "program headers of 56 bytes");
    REFUSE_32(BOOT_AUTO, kernel->header.e_entry = KERNEL + 0x1000, "lies in nothing");
    REFUSE_32(BOOT_AUTO, kernel->header.e_entry = 0xc0201000, "lies in nothing");
    REFUSE_32(BOOT_AUTO, kernel->program[0].p_paddr = UINT32_MAX, "larger than memory");
    REFUSE_32(BOOT_AUTO, kernel->program[0].p_memsz = UINT32_MAX, "larger than memory");
    REFUSE_32(BOOT_AUTO, kernel->program[0].p_offset = UINT32_MAX, "truncated");
    REFUSE_32(BOOT_AUTO, kernel->program[2] = kernel->program[0], "overlaps");
    /* Notes that lie. */
    REFUSE_32(BOOT_PVH, kernel->program[1].p_offset = UINT32_MAX;
              kernel->program[1].p_filesz = 20, "do not lie within the file");
    REFUSE_32(BOOT_PVH, ADD_PVH(kernel); kernel->program[1].p_filesz--, "do not lie within");
    REFUSE_32(BOOT_PVH, ADD_PVH(kernel); memset(kernel->notes, 0xff, 4), "do not lie within");
    REFUSE_32(BOOT_PVH, ADD_PVH(kernel); memset(kernel->notes + 4, 0xff, 4), "do not lie within");
    REFUSE_32(BOOT_PVH, ADD_PVH(kernel); kernel->notes[12] = 'x', "no PVH entry");
    REFUSE_32(BOOT_PVH, ADD_PVH(kernel); kernel->notes[8] = 17, "no PVH entry");
    REFUSE_32(BOOT_PVH, ADD_PVH(kernel);
              kernel->notes[19] = 0x7f, "entry 0x7f200030 lies in no segment");
    REFUSE_32(BOOT_PVH, ADD_PVH(kernel); kernel->program[0].p_paddr = 0x9000, "1 MiB or above");
}

static void test_other_files(void **state) {
    (void)state;
    expect_refused(BOOT_AUTO, "not a kernel");
    expect_refused(BOOT_PVH, "not an ELF file");
    expect_refused(BOOT_MULTIBOOT, "no multiboot header");
    kernel_64();
    expect_refused(BOOT_AUTO, "takes an initrd only"); /* Linux, with modules */
}

/* Modules that do not fit behind the kernel go below it, and nowhere else. */
static void test_module_places(void **state) {
    (void)state;
    struct boot_config config = config_make();
    struct boot_module large = {
        {"large", NULL, 20 * MIB},
        "large"
    };
    uint8_t *bytes = malloc(20 * MIB);
    memset(bytes, 7, 20 * MIB);
    large.file.bytes = bytes;
    config.modules = &large;
    config.module_count = 1;
    uint32_t *header = flat_kernel();
    for (unsigned i = 3; i < 8; i++) {
        header[i] += 26 * MIB; /* the kernel at 28 MiB */
    }
    expect_loaded(&config);
    assert_int_equal(get32(get32(cpu.gpr[GPR_RBX] + 24)), MIB);
    assert_memory_equal(low + MIB, bytes, 20 * MIB);
    assert_memory_equal(low + 28 * MIB, file_bytes, 0x800);
    flat_kernel()[6] = 16 * MIB; /* neither behind it nor below */
    assert_false(load(&config, FILE_BYTES));
    assert_string_equal(error.text,
                        "kernel: its modules (20971520 bytes) do not fit beside the kernel: it "
                        "ends at 0x1000000, memory for them ends at 0x2000000");
    large.file.length = UINT64_MAX;
    assert_false(load(&config, FILE_BYTES));
    free(bytes);
}

static void test_long_texts(void **state) {
    (void)state;
    struct boot_config config = config_make();
    char *line = malloc(70000);
    memset(line, 'a', 70000);
    line[61000] = '\0';
    config.command_line = line;
    flat_kernel();
    expect_loaded(&config);
    assert_int_equal(strlen((char *)low + get32(cpu.gpr[GPR_RBX] + 16)), 61007);
    line[61000] = 'a';
    line[65000] = '\0';
    assert_false(load(&config, FILE_BYTES));
    assert_non_null(strstr(error.text, "cmdline: "));
    free(line);
}

/* --- Noise --- */

static void test_mutated(void **state) {
    (void)state;
    static const uint32_t edge[] = {0,       1,         4,          0xfffff,    MIB,
                                    KERNEL,  LOW,       0x7fffffff, UINT32_MAX, UINT32_MAX - 3,
                                    0x10003, 0x1badb002};
    struct vmm_random random = vmm_random_start();
    unsigned accepted = 0;
    for (unsigned round = 0; round < 6000; round++) {
        struct boot_config config = config_make();
        size_t reach;
        memset(file_bytes, 0, CODE);
        if (round % 3 == 0) {
            flat_kernel();
            reach = 16 + 32;
        } else if (round % 3 == 1) {
            struct kernel_32 *kernel = kernel_32();
            add_multiboot(kernel->multiboot, 3);
            if (vmm_random_below(&random, 2)) {
                ADD_PVH(kernel);
            }
            reach = sizeof(*kernel);
        } else {
            struct kernel_64 *kernel = kernel_64();
            add_multiboot(kernel->multiboot, 3);
            if (vmm_random_below(&random, 2)) {
                ADD_PVH(kernel);
            }
            reach = sizeof(*kernel);
        }
        for (unsigned i = 0; i < 1 + vmm_random_below(&random, 3); i++) {
            if (vmm_random_below(&random, 2)) {
                uint32_t value = edge[vmm_random_below(&random, sizeof(edge) / sizeof(edge[0]))];
                memcpy(file_bytes + 4 * vmm_random_below(&random, (unsigned)reach / 4), &value, 4);
            } else {
                file_bytes[vmm_random_below(&random, (unsigned)reach)] = (uint8_t)vmm_random_next(
                    &random);
            }
        }
        config.protocol = (enum boot_protocol)vmm_random_below(&random, BOOT_PROTOCOL_COUNT);
        config.module_count = vmm_random_below(&random, 4);
        size_t length = vmm_random_below(&random, 8) == 0
                            ? vmm_random_below(&random, FILE_BYTES + 1)
                            : FILE_BYTES;
        if (load(&config, length)) {
            accepted++;
            assert_true(cpu.rip >= MIB && cpu.rip < LOW);
        } else {
            assert_null(strchr(error.text, '\n'));
        }
    }
    assert_true(accepted > 500 && accepted < 5500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_pvh),
        TEST(test_pvh_initrd_is_first_module),
        TEST(test_multiboot_elf),
        TEST(test_multiboot_elf_64),
        TEST(test_multiboot_addresses),
        TEST(test_multiboot_search),
        TEST(test_choice),
        TEST(test_lying_addresses),
        TEST(test_lying_elf),
        TEST(test_other_files),
        TEST(test_module_places),
        TEST(test_long_texts),
        TEST(test_mutated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
