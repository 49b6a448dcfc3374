/* units: tests/unit/support/vmm_boot.units */
/* What a guest finds at its entry: memory, zero page, processor. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "guests/vmm/boot/boot.h"
#include "guests/vmm/boot/e820.h"
#include "guests/vmm/boot/initrd.h"
#include "guests/vmm/boot/memory_map.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull
#define LOW (64 * MIB)

static uint8_t *low;
static struct guest_memory memory;
static struct guest_state cpu;

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr program;
    uint8_t code[64];
} vmlinux = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_EXEC,
               .e_machine = EM_X86_64,
               .e_entry = 0x1000000,
               .e_phoff = sizeof(Elf64_Ehdr),
               .e_phentsize = sizeof(Elf64_Phdr),
               .e_phnum = 1},
    .program = {.p_type = PT_LOAD,
               .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
               .p_paddr = 0x1000000,
               .p_filesz = 64,
               .p_memsz = 0x800000},
    .code = {0x90,                                                     0x90, 0xf4  },
};

static uint8_t initrd[5000] = {1, 2, 3};

static struct boot_config config_make(void) {
    return (struct boot_config){
        .kernel = {"vmlinux", (const uint8_t *)&vmlinux, sizeof(vmlinux)},
        .initrd = {"initrd",  initrd,                    sizeof(initrd) },
        .command_line = "console=ttyS0 quiet",
        .rsdp = 0xe0000,
        .physical_bits = 39,
    };
}

static int setup(void **state) {
    (void)state;
    low = calloc(1, LOW);
    memory = (struct guest_memory){.low = low, .low_length = LOW};
    memset(&cpu, 0, sizeof(cpu));
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

static void test_zero_page(void **state) {
    (void)state;
    struct boot_config config = config_make();
    struct boot_error error = {""};
    assert_true(boot_load(&config, &memory, &cpu, &error));
    uint64_t zero = cpu.gpr[GPR_RSI];
    /* Offsets from Documentation/arch/x86/boot.rst and zero-page.rst. */
    assert_int_equal(get32(zero + 0x202), 0x53726448);
    assert_int_equal(get32(zero + 0x206) & 0xffff, 0x020f);
    assert_int_equal(low[zero + 0x210], 0xff);
    assert_int_equal(low[zero + 0x211] & 1, 1);
    assert_int_equal(low[zero + 0x1ef], 0);
    assert_int_equal(get32(zero + 0x23c), 0);
    assert_int_equal(get64(zero + 0x70), 0xe0000);
    assert_string_equal((char *)low + get32(zero + 0x228), "console=ttyS0 quiet");
    uint32_t initrd_address = get32(zero + 0x218);
    assert_int_equal(get32(zero + 0x21c), sizeof(initrd));
    assert_int_equal(initrd_address, LOW - 0x2000);
    assert_memory_equal(low + initrd_address, initrd, sizeof(initrd));
    assert_memory_equal(low + 0x1000000, vmlinux.code, sizeof(vmlinux.code));
}

static void test_e820(void **state) {
    (void)state;
    struct boot_params *params = calloc(1, sizeof(*params));
    struct guest_memory large = {.low_length = 3 * GIB, .high_length = 2 * GIB};
    static const struct e820_entry expected[] = {
        {0,           0x9fc00,    MEMORY_MAP_RAM     },
        {0x9fc00,     0x60400,    MEMORY_MAP_RESERVED},
        {0x100000,    0xbff00000, MEMORY_MAP_RAM     },
        {0x100000000, 0x80000000, MEMORY_MAP_RAM     },
    };
    e820_fill(params, &large);
    assert_int_equal(params->e820_entries, 4);
    assert_memory_equal(params->e820_table, expected, sizeof(expected));
    large.high_length = 0;
    large.low_length = 16 * MIB;
    e820_fill(params, &large);
    assert_int_equal(params->e820_entries, 3);
    assert_int_equal(params->e820_table[2].length, 15 * MIB);
    free(params);
}

static void test_memory_split(void **state) {
    (void)state;
    assert_int_equal(guest_memory_low_length(GIB), GIB);
    assert_int_equal(guest_memory_high_length(GIB), 0);
    assert_int_equal(guest_memory_low_length(3 * GIB + 4096), 3 * GIB);
    assert_int_equal(guest_memory_high_length(3 * GIB + 4096), 4096);
}

static void test_memory_bounds(void **state) {
    (void)state;
    uint8_t byte = 0;
    struct guest_memory two = {
        .low = low, .low_length = 2 * MIB, .high = low + 2 * MIB, .high_length = MIB};
    assert_ptr_equal(guest_memory_at(&two, 0, 2 * MIB), low);
    assert_null(guest_memory_at(&two, 0, 2 * MIB + 1));
    assert_null(guest_memory_at(&two, 2 * MIB, 1));
    assert_null(guest_memory_at(&two, 0, 0));
    assert_null(guest_memory_at(&two, 1, UINT64_MAX));
    assert_null(guest_memory_at(&two, UINT64_MAX, 2));
    assert_ptr_equal(guest_memory_at(&two, 4 * GIB, MIB), low + 2 * MIB);
    assert_null(guest_memory_at(&two, 4 * GIB - 1, 1));
    assert_null(guest_memory_at(&two, 4 * GIB + 1, MIB));
    assert_false(guest_memory_read(&two, 4 * GIB + MIB, &byte, 1));
    assert_false(guest_memory_write(&two, 2 * MIB - 1, &byte, 2));
}

static void test_processor(void **state) {
    (void)state;
    struct boot_config config = config_make();
    struct boot_error error;
    assert_true(boot_load(&config, &memory, &cpu, &error));
    assert_int_equal(cpu.rip, 0x1000000);
    assert_int_equal(cpu.rflags, 2); /* interrupts off */
    assert_int_equal(cpu.cs.selector, 0x10);
    assert_int_equal(cpu.cs.attributes, 0xa09b);
    assert_int_equal(cpu.ds.selector, 0x18);
    assert_int_equal(cpu.es.selector, 0x18);
    assert_int_equal(cpu.ss.selector, 0x18);
    assert_int_equal(cpu.ss.attributes, 0xc093);
    assert_int_equal(cpu.ss.limit, UINT32_MAX);
    assert_int_equal(cpu.tr.attributes, 0x8b);
    assert_int_equal(cpu.cr0 & 0x80000001, 0x80000001);
    assert_int_equal(cpu.cr4 & 0x20, 0x20);
    assert_int_equal(cpu.efer, 0x500);
    /* The descriptors at __BOOT_CS and __BOOT_DS: 4 GiB flat, 64-bit code and writable data. */
    assert_int_equal(get64(cpu.gdtr.base + 0x10), 0x00af9b000000ffff);
    assert_int_equal(get64(cpu.gdtr.base + 0x18), 0x00cf93000000ffff);
    assert_true(cpu.gdtr.limit >= 0x1f);
    /* MTRR: write-back, 3 to 4 GiB uncached for 39 address bits. */
    assert_int_equal(cpu.mtrr_default, 0xc06);
    assert_int_equal(cpu.mtrr_variable[0].base, 0xc0000000);
    assert_int_equal(cpu.mtrr_variable[0].mask, 0x7fc0000800);
}

/* Walks the tables as SDM Vol. 3, 4.5 says. */
static uint64_t translate(uint64_t address) {
    uint64_t pml4e = get64(cpu.cr3 + 8 * (address >> 39 & 511));
    assert_int_equal(pml4e & 3, 3);
    uint64_t pdpte = get64((pml4e & ~0xfffull) + 8 * (address >> 30 & 511));
    assert_int_equal(pdpte & 0x83, 3);
    uint64_t pde = get64((pdpte & ~0xfffull) + 8 * (address >> 21 & 511));
    assert_int_equal(pde & 0x83, 0x83);
    return (pde & ~0x1fffffull) | (address & 0x1fffff);
}

static void test_identity_map(void **state) {
    (void)state;
    struct boot_config config = config_make();
    struct boot_error error;
    assert_true(boot_load(&config, &memory, &cpu, &error));
    for (uint64_t address = 0; address < 4 * GIB; address += 2 * MIB - 4096) {
        assert_int_equal(translate(address), address);
    }
    assert_int_equal(translate(4 * GIB - 1), 4 * GIB - 1);
}

static void test_command_line_limit(void **state) {
    (void)state;
    struct boot_config config = config_make();
    struct boot_error error;
    char line[2049];
    memset(line, 'a', sizeof(line));
    line[2047] = '\0';
    config.command_line = line;
    assert_true(boot_load(&config, &memory, &cpu, &error));
    line[2047] = 'a';
    line[2048] = '\0';
    assert_false(boot_load(&config, &memory, &cpu, &error));
    assert_string_equal(error.text, "cmdline: 2048 bytes; vmlinux takes at most 2047");
}

static void test_no_initrd(void **state) {
    (void)state;
    struct boot_config config = config_make();
    struct boot_error error;
    config.initrd.length = 0;
    assert_true(boot_load(&config, &memory, &cpu, &error));
    assert_int_equal(get32(cpu.gpr[GPR_RSI] + 0x218), 0);
    assert_int_equal(get32(cpu.gpr[GPR_RSI] + 0x21c), 0);
}

static void test_initrd_place(void **state) {
    (void)state;
    struct boot_image image = {.start = 16 * MIB, .end = 24 * MIB, .initrd_max = 0x7fffffff};
    struct boot_file file = {"initrd", NULL, 40 * MIB};
    struct boot_error error;
    uint64_t address;
    assert_true(initrd_place(&file, &image, &memory, &address, &error));
    assert_int_equal(address, 24 * MIB);
    file.length = 40 * MIB + 1;
    assert_false(initrd_place(&file, &image, &memory, &address, &error));
    image.initrd_max = 0x1bff000 - 1; /* 4 KiB below 28 MiB */
    file.length = 3 * MIB;
    assert_true(initrd_place(&file, &image, &memory, &address, &error));
    assert_int_equal(address, 25 * MIB - 0x1000);
    file.length = 5 * MIB; /* only below the kernel */
    assert_true(initrd_place(&file, &image, &memory, &address, &error));
    assert_int_equal(address, 11 * MIB);
    file.length = UINT64_MAX;
    assert_false(initrd_place(&file, &image, &memory, &address, &error));
}

static void test_small_memory(void **state) {
    (void)state;
    struct boot_config config = config_make();
    struct boot_error error;
    memory.low_length = 15 * MIB;
    assert_false(boot_load(&config, &memory, &cpu, &error));
    assert_non_null(strstr(error.text, "at least 16 MiB"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_zero_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_e820, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_split, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_processor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identity_map, setup, teardown),
        cmocka_unit_test_setup_teardown(test_command_line_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_initrd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_initrd_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
