/* units: guests/vmm/emulate.c guests/vmm/flags.c guests/vmm/decode.c guests/vmm/walk.c
 * guests/vmm/guest_memory.c guests/vmm/devices/bus.c */
/*
 * Instructions carried out: registers, flags (compared with this computer's own), devices, strings,
 * faults in the middle.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "guests/vmm/emulate.h"
#include "guests/vmm/flags.h"

#define DEVICE 0xfec00000ull
#define CODE   0x5000ull

/* A device that is eight registers and remembers the last access. */
static struct {
    uint64_t words[8];
    uint64_t last_offset, last_value;
    unsigned last_width, read_count, write_count;
} device;

static uint64_t device_read(void *context, uint64_t offset, unsigned width) {
    uint64_t value = 0;
    (void)context;
    device.read_count++;
    device.last_offset = offset;
    device.last_width = width;
    memcpy(&value, (uint8_t *)device.words + offset, width);
    return value;
}

static void device_write(void *context, uint64_t offset, unsigned width, uint64_t value) {
    (void)context;
    device.write_count++;
    device.last_offset = offset;
    device.last_width = width;
    device.last_value = value;
    memcpy((uint8_t *)device.words + offset, &value, width);
}

static uint32_t port_read(void *context, uint16_t port, unsigned width) {
    (void)context;
    (void)port;
    (void)width;
    return 0x44332200u + device.read_count++;
}

static void port_write(void *context, uint16_t port, unsigned width, uint32_t value) {
    (void)context;
    (void)port;
    device.last_value = value;
    device.last_width = width;
    device.write_count++;
}

static const struct bus_memory_ops device_ops = {device_read, device_write};
static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTHS_IO};

static _Alignas(8) uint8_t ram[0x20000];
static const struct guest_memory memory = {.low = ram, .low_length = sizeof(ram)};
static struct vcpu_page page;
static struct io_bus io;
static struct memory_bus devices;
static struct emulate emulate;

/* 64-bit code, no paging problems: identity map of the first 2 MiB and of the device's. */
static int setup(void **state) {
    (void)state;
    uint64_t *tables = (uint64_t *)(void *)ram;
    memset(ram, 0, sizeof(ram));
    memset(&page, 0, sizeof(page));
    memset(&device, 0, sizeof(device));
    tables[0x1000 / 8] = 0x2003;                /* PML4 */
    tables[0x2000 / 8] = 0x3003;                /* PDPT: 0 */
    tables[0x2000 / 8 + 3] = 0x4003;            /* PDPT: 3 GiB */
    tables[0x3000 / 8] = 0x6003;                /* first 2 MiB, 4 KiB pages at 0x6000 */
    tables[0x4000 / 8 + 0x1f6] = DEVICE | 0x83; /* 0xfec00000 */
    for (uint64_t i = 0; i < 0x20; i++) {
        tables[0x6000 / 8 + i] = i << 12 | 3;
    }
    page.cr0 = 0x80010001;
    page.cr3 = 0x1000;
    page.cr4 = 0x20;
    page.efer = 0xd00;
    page.cs_attributes = 0xa09b;
    page.rip = CODE;
    page.rflags = 2;
    bus_io_init(&io);
    bus_memory_init(&devices);
    assert_true(bus_memory_claim(&devices, DEVICE, sizeof(device.words), &device_ops, NULL));
    assert_true(bus_io_claim(&io, 0x1f0, 4, &port_ops, NULL));
    emulate = (struct emulate){.page = &page, .memory = &memory, .io = &io, .devices = &devices};
    return 0;
}

static enum emulate_result run(uint64_t offset, const uint8_t *bytes, size_t length) {
    memcpy(ram + page.rip, bytes, length);
    page.exit.memory.address = DEVICE + offset;
    page.exit.memory.linear_address_is_valid = 1;
    return emulate_memory(&emulate);
}

#define RUN(offset, ...)                                          \
    assert_int_equal(run(offset, (const uint8_t[]){__VA_ARGS__},  \
                         sizeof((const uint8_t[]){__VA_ARGS__})), \
                     EMULATE_DONE)

static void test_store(void **state) {
    (void)state;
    page.gpr[GPR_RCX] = 0x1122334455667788;
    RUN(8, 0x89, 0x08); /* mov [rax], ecx */
    assert_int_equal(device.words[1], 0x55667788);
    assert_int_equal(page.rip, CODE + 2);
    assert_int_equal(page.dirty, VCPU_DIRTY_RIP);
    RUN(16, 0x88, 0x28); /* mov [rax], ch */
    assert_int_equal(device.last_width, 1);
    assert_int_equal(device.last_value, 0x77);
    RUN(0, 0x48, 0xc7, 0x00, 0xfe, 0xff, 0xff, 0xff); /* mov qword [rax], -2 */
    assert_int_equal(device.words[0], UINT64_MAX - 1);
    assert_int_equal(page.rip, CODE + 11);
}

static void test_load(void **state) {
    (void)state;
    device.words[2] = 0xfedcba9876543280;
    page.gpr[GPR_RAX] = page.gpr[GPR_RBX] = page.gpr[GPR_R9] = UINT64_MAX;
    page.rsp = 0x1000;
    RUN(16, 0x8b, 0x00); /* mov eax, [rax]: clears the upper half */
    assert_int_equal(page.gpr[GPR_RAX], 0x76543280);
    RUN(16, 0x66, 0x8b, 0x18); /* mov bx, [rax] */
    assert_int_equal(page.gpr[GPR_RBX], 0xffffffffffff3280);
    RUN(16, 0x8a, 0x38); /* mov bh, [rax] */
    assert_int_equal(page.gpr[GPR_RBX], 0xffffffffffff8080);
    RUN(16, 0x4c, 0x0f, 0xb6, 0x08); /* movzx r9, byte */
    assert_int_equal(page.gpr[GPR_R9], 0x80);
    RUN(16, 0x44, 0x0f, 0xbe, 0x08); /* movsx r9d, byte */
    assert_int_equal(page.gpr[GPR_R9], 0xffffff80);
    RUN(16, 0x48, 0x8b, 0x20); /* mov rsp, [rax] */
    assert_int_equal(page.rsp, 0xfedcba9876543280);
    assert_int_equal(page.dirty & VCPU_DIRTY_RSP, VCPU_DIRTY_RSP);
}

static void test_read_modify_write(void **state) {
    (void)state;
    device.words[0] = 0xf0;
    RUN(0, 0x81, 0x20, 0x30, 0, 0, 0); /* and dword [rax], 0x30 */
    assert_int_equal(device.words[0], 0x30);
    RUN(0, 0x83, 0x08, 0x01); /* or dword [rax], 1 */
    assert_int_equal(device.words[0], 0x31);
    page.gpr[GPR_RDX] = 0x31;
    unsigned writes = device.write_count;
    RUN(0, 0x39, 0x10); /* cmp [rax], edx: no write */
    assert_int_equal(device.write_count, writes);
    assert_int_equal(page.rflags & 0x40, 0x40);
    RUN(0, 0x85, 0x10); /* test [rax], edx */
    assert_int_equal(page.rflags & 0x40, 0);
    assert_int_equal(device.write_count, writes);
    page.gpr[GPR_RCX] = 0x77;
    RUN(0, 0x87, 0x08); /* xchg [rax], ecx */
    assert_int_equal(device.words[0], 0x77);
    assert_int_equal(page.gpr[GPR_RCX], 0x31);
    RUN(0, 0x2b, 0x08); /* sub ecx, [rax] */
    assert_int_equal(page.gpr[GPR_RCX], 0xffffffba);
    assert_int_equal(page.rflags & 1, 1);
}

static void test_store_string(void **state) {
    (void)state;
    page.gpr[GPR_RAX] = 0xabcdef12;
    page.gpr[GPR_RDI] = DEVICE;
    page.gpr[GPR_RCX] = 3;
    RUN(0, 0xf3, 0xab); /* rep stosd */
    assert_int_equal(device.write_count, 3);
    assert_int_equal(device.last_offset, 8);
    assert_int_equal(page.gpr[GPR_RCX], 0);
    assert_int_equal(page.gpr[GPR_RDI], DEVICE + 12);
    assert_int_equal(page.rip, CODE + 2);
}

static void test_long_string_in_parts(void **state) {
    (void)state;
    page.gpr[GPR_RDI] = DEVICE;
    page.gpr[GPR_RCX] = 1000000;
    RUN(0, 0xf3, 0xaa); /* rep stosb: far more than one exit may do */
    assert_int_equal(page.rip, CODE);
    assert_true(page.gpr[GPR_RCX] < 1000000 && page.gpr[GPR_RCX] > 0);
    assert_int_equal(page.gpr[GPR_RDI] + page.gpr[GPR_RCX], DEVICE + 1000000);
}

static void test_move_string(void **state) {
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        device.words[i] = i * 0x0101010101010101;
    }
    /* From the device to RAM across a page boundary, downwards. */
    page.rflags |= 1u << 10;
    page.gpr[GPR_RSI] = DEVICE + 24;
    page.gpr[GPR_RDI] = 0x7ffc + 0x2000;
    page.gpr[GPR_RCX] = 2;
    RUN(24, 0xf3, 0x48, 0xa5); /* rep movsq */
    uint64_t value;
    memcpy(&value, ram + 0x9ffc, 8);
    assert_int_equal(value, 0x0303030303030303);
    memcpy(&value, ram + 0x9ff4, 8);
    assert_int_equal(value, 0x0202020202020202);
    assert_int_equal(page.gpr[GPR_RSI], DEVICE + 8);
    assert_int_equal(page.gpr[GPR_RDI], 0x9fec);
}

static void test_string_fault(void **state) {
    (void)state;
    page.gpr[GPR_RSI] = DEVICE;
    page.gpr[GPR_RDI] = 0x1fff8; /* one element fits, then comes an unmapped page */
    page.gpr[GPR_RCX] = 4;
    memcpy(ram + CODE, (uint8_t[]){0xf3, 0x48, 0xa5}, 3);
    assert_int_equal(emulate_memory(&emulate), EMULATE_FAULT);
    assert_int_equal(emulate.fault.linear, 0x20000);
    assert_int_equal(emulate.fault.error, 2);
    assert_int_equal(page.gpr[GPR_RCX], 3);
    assert_int_equal(page.gpr[GPR_RDI], 0x20000);
    assert_int_equal(page.rip, CODE);
}

static enum emulate_result run_port(uint8_t width, bool is_in, const uint8_t *bytes,
                                    size_t length) {
    memcpy(ram + page.rip, bytes, length);
    page.exit.port.port = 0x1f0;
    page.exit.port.width = width;
    page.exit.port.is_in = is_in;
    page.exit.port.flags = EXIT_PORT_STRING;
    return emulate_port_string(&emulate);
}

static void test_port_strings(void **state) {
    (void)state;
    page.gpr[GPR_RDI] = 0x9ffe;
    page.gpr[GPR_RCX] = 2;
    assert_int_equal(run_port(2, true, (uint8_t[]){0xf3, 0x66, 0x6d}, 3), EMULATE_DONE);
    assert_memory_equal(ram + 0x9ffe, ((uint8_t[]){0x00, 0x22, 0x01, 0x22}), 4);
    assert_int_equal(page.gpr[GPR_RDI], 0xa002);
    memcpy(ram + 0x9000, "abcd", 4);
    page.gpr[GPR_RSI] = 0x9000;
    assert_int_equal(run_port(4, false, (uint8_t[]){0x6f}, 1), EMULATE_DONE); /* outsd */
    assert_int_equal(device.last_value, 0x64636261);
    assert_int_equal(page.gpr[GPR_RSI], 0x9004);
    assert_int_equal(page.rip, CODE + 4);
}

/* A device's register is not read when the memory for it is not there. */
static void test_port_string_fault(void **state) {
    (void)state;
    page.gpr[GPR_RDI] = 0x1ffff;
    assert_int_equal(run_port(2, true, (uint8_t[]){0x66, 0x6d}, 2), EMULATE_FAULT);
    assert_int_equal(emulate.fault.linear, 0x20000);
    assert_int_equal(device.read_count, 0);
    assert_int_equal(page.gpr[GPR_RDI], 0x1ffff);
}

static void test_code_at_page_end(void **state) {
    (void)state;
    uint64_t *tables = (uint64_t *)(void *)ram;
    tables[0x6000 / 8 + 6] = 0; /* no page behind the code's */
    page.rip = 0x5ffe;
    RUN(0, 0x89, 0x08); /* the instruction ends with its page */
    assert_int_equal(page.rip, 0x6000);
    page.rip = 0x5fff;
    assert_int_equal(run(0, (uint8_t[]){0x89}, 1), EMULATE_FAULT);
    assert_int_equal(emulate.fault.linear, 0x6000);
}

static void test_unknown(void **state) {
    (void)state;
    assert_int_equal(run(0, (uint8_t[]){0x0f, 0x0b}, 2), EMULATE_UNKNOWN);
    assert_int_equal(emulate.bytes[1], 0x0b);
    assert_int_equal(page.rip, CODE);
    page.rip = DEVICE; /* no RAM there to fetch from */
    assert_int_equal(emulate_memory(&emulate), EMULATE_NO_CODE);
}

static void test_16_bit_code(void **state) {
    (void)state;
    page.efer = 0;
    page.cr0 = 1;
    page.cs_attributes = 0x9b;
    page.cs_base = 0x5000;
    page.rip = 0x10;
    memcpy(ram + 0x5010, (uint8_t[]){0x89, 0x07}, 2); /* mov [bx], ax */
    page.gpr[GPR_RAX] = 0x12345678;
    page.exit.memory.address = DEVICE;
    assert_int_equal(emulate_memory(&emulate), EMULATE_DONE);
    assert_int_equal(device.last_value, 0x5678);
    assert_int_equal(device.last_width, 2);
    assert_int_equal(page.rip, 0x12);
}

/* The status flags and the result as this computer's own instruction gives them; the stack pointer
 * steps over the red zone. */
#define FLAG_BITS 0x8d5ull /* CF PF AF ZF SF OF */

#define NATIVE(name, instruction, type)                                                          \
    static uint64_t name(uint64_t left, uint64_t right, uint64_t carry, uint64_t *flags) {       \
        type result = (type)left;                                                                \
        __asm__("bt $0, %2\n\t" instruction                                                      \
                " %3, %0\n\tlea -128(%%rsp), %%rsp\n\tpushfq\n\tpop %1\n\tlea 128(%%rsp), %%rsp" \
                : "+q"(result), "=&r"(*flags)                                                    \
                : "r"(carry), "q"((type)right)                                                   \
                : "cc", "memory");                                                               \
        return result;                                                                           \
    }

NATIVE(native_add1, "add", uint8_t)
NATIVE(native_or1, "or", uint8_t)
NATIVE(native_adc1, "adc", uint8_t)
NATIVE(native_sbb1, "sbb", uint8_t)
NATIVE(native_and1, "and", uint8_t)
NATIVE(native_sub1, "sub", uint8_t)
NATIVE(native_xor1, "xor", uint8_t)
NATIVE(native_adc8, "adc", uint64_t)
NATIVE(native_sbb8, "sbb", uint64_t)
NATIVE(native_sub4, "sub", uint32_t)
NATIVE(native_add2, "add", uint16_t)

typedef uint64_t native(uint64_t left, uint64_t right, uint64_t carry, uint64_t *flags);

static void compare(native *function, unsigned operation, unsigned width, uint64_t left,
                    uint64_t right, uint64_t carry) {
    uint64_t expected_flags, flags = 0x202 | carry;
    uint64_t expected = function(left, right, carry, &expected_flags);
    uint64_t result = flags_arithmetic(operation, width, left, right, &flags);
    bool logical = operation == DECODE_AND || operation == DECODE_OR || operation == DECODE_XOR;
    uint64_t compared = logical ? FLAG_BITS & ~0x10ull : FLAG_BITS; /* AF is undefined then */
    if (result != expected || ((flags ^ expected_flags) & compared) != 0 ||
        (flags & ~FLAG_BITS) != 0x202) {
        fail_msg("operation %u of %#llx and %#llx: %#llx, flags %#llx; the processor says %#llx, "
                 "%#llx",
                 operation, (unsigned long long)left, (unsigned long long)right,
                 (unsigned long long)result, (unsigned long long)flags,
                 (unsigned long long)expected, (unsigned long long)expected_flags);
    }
}

static void test_flags_of_all_bytes(void **state) {
    (void)state;
    native *const natives[] = {native_add1, native_or1,  native_adc1, native_sbb1,
                               native_and1, native_sub1, native_xor1, native_sub1};
    for (unsigned operation = 0; operation < 8; operation++) {
        for (uint64_t left = 0; left < 256; left++) {
            for (uint64_t right = 0; right < 256; right++) {
                compare(natives[operation], operation, 1, left, right, 0);
                compare(natives[operation], operation, 1, left, right, 1);
            }
        }
    }
}

static void test_flags_of_wide_operands(void **state) {
    (void)state;
    static const uint64_t edges[] = {0,          1,           0x7f,      0x80,       0xff,
                                     0x7fff,     0x8000,      0xffff,    0x7fffffff, 0x80000000,
                                     0xffffffff, 0x100000000, INT64_MAX, 1ull << 63, UINT64_MAX};
    const size_t count = sizeof(edges) / sizeof(edges[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            for (uint64_t carry = 0; carry < 2; carry++) {
                compare(native_adc8, DECODE_ADC, 8, edges[i], edges[j], carry);
                compare(native_sbb8, DECODE_SBB, 8, edges[i], edges[j], carry);
                compare(native_sub4, DECODE_CMP, 4, edges[i], edges[j], carry);
                compare(native_add2, DECODE_ADD, 2, edges[i], edges[j], carry);
            }
        }
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_store),
        TEST(test_load),
        TEST(test_read_modify_write),
        TEST(test_store_string),
        TEST(test_long_string_in_parts),
        TEST(test_move_string),
        TEST(test_string_fault),
        TEST(test_port_strings),
        TEST(test_port_string_fault),
        TEST(test_code_at_page_end),
        TEST(test_unknown),
        TEST(test_16_bit_code),
        cmocka_unit_test(test_flags_of_all_bytes),
        cmocka_unit_test(test_flags_of_wide_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
