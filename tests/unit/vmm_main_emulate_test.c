/* units: tests/unit/support/vmm_emulate.units */
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
#include "guests/vmm/exceptions.h"
#include "guests/vmm/flags.h"
#include "guests/vmm/operand.h"

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

/* The exit tells that the operand, wherever the instruction says it is, is the device. */
static enum emulate_result run(uint64_t offset, const uint8_t *bytes, size_t length) {
    struct decode decode;
    memcpy(ram + page.rip, bytes, length);
    page.exit.memory.address = DEVICE + offset;
    if (decode_instruction(bytes, (uint32_t)length, emulate_mode(&page), &decode)) {
        page.exit.memory.linear_address = operand_offset(&page, &decode);
    }
    page.exit.memory.linear_address_is_valid = 1;
    page.exit.memory.access = EXIT_ACCESS_READ | EXIT_ACCESS_WRITE;
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
    page.gpr[GPR_RAX] = 0xffffffffffffff00;
    page.gpr[GPR_RBX] = page.gpr[GPR_R9] = UINT64_MAX;
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

/* --- Faults --- */

static enum emulate_result step(const uint8_t *bytes, size_t length) {
    memcpy(ram + page.rip + page.cs_base, bytes, length);
    page.exit.memory.access = 0; /* the exit tells of another operand */
    return emulate_memory(&emulate);
}

#define STEP(...) step((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void expect_fault(uint8_t vector, bool has_error, uint32_t error) {
    assert_int_equal(emulate.fault.vector, vector);
    assert_int_equal(emulate.fault.has_error, has_error);
    assert_int_equal(emulate.fault.error, error);
    assert_int_equal(page.rip, CODE);
    assert_int_equal(page.dirty, 0);
    assert_int_equal(device.read_count, 0);
    assert_int_equal(device.write_count, 0);
}

static void test_lock_fault(void **state) {
    (void)state;
    page.gpr[GPR_RAX] = DEVICE;
    assert_int_equal(STEP(0xf0, 0x89, 0x08), EMULATE_FAULT); /* lock mov [rax], ecx */
    expect_fault(EXCEPTION_INVALID_OPCODE, false, 0);
}

static void test_canonical_fault(void **state) {
    (void)state;
    page.gpr[GPR_RAX] = page.rsp = 0x0000800000000000;
    assert_int_equal(STEP(0x89, 0x08), EMULATE_FAULT);
    expect_fault(EXCEPTION_GENERAL_PROTECTION, true, 0);
    assert_int_equal(STEP(0x89, 0x0c, 0x24), EMULATE_FAULT); /* mov [rsp], ecx */
    expect_fault(EXCEPTION_STACK, true, 0);
    page.gpr[GPR_RAX] = 0x00007ffffffffffe; /* its end is beyond */
    assert_int_equal(STEP(0x89, 0x08), EMULATE_FAULT);
    expect_fault(EXCEPTION_GENERAL_PROTECTION, true, 0);
}

static void test_alignment_fault(void **state) {
    (void)state;
    uint64_t *tables = (uint64_t *)(void *)ram;
    page.cpl = 3;
    page.cr0 |= 1u << 18;
    page.rflags |= 1u << 18;
    for (uint64_t i = 0; i < 0x20; i++) {
        tables[0x6000 / 8 + i] |= 4;
    }
    tables[0x1000 / 8] |= 4;
    tables[0x2000 / 8] |= 4;
    tables[0x3000 / 8] |= 4;
    page.gpr[GPR_RAX] = 0x8002;
    assert_int_equal(STEP(0x89, 0x08), EMULATE_FAULT);
    expect_fault(EXCEPTION_ALIGNMENT, true, 0);
    page.gpr[GPR_RAX] = 0x8004;
    assert_int_equal(STEP(0x89, 0x08), EMULATE_DONE);
}

/* A page that may be read only: an instruction that reads and writes faults before it reads. */
static void test_write_fault(void **state) {
    (void)state;
    uint64_t *tables = (uint64_t *)(void *)ram;
    tables[0x4000 / 8 + 0x1f6] &= ~2ull;
    page.gpr[GPR_RAX] = DEVICE + 8;
    assert_int_equal(STEP(0x83, 0x08, 0x01), EMULATE_FAULT); /* or dword [rax], 1 */
    expect_fault(EXCEPTION_PAGE_FAULT, true, 3);
    assert_int_equal(emulate.fault.linear, DEVICE + 8);
    assert_int_equal(STEP(0x85, 0x08), EMULATE_DONE); /* test [rax], ecx */
}

/* --- Two operands, two pages --- */

static void test_across_pages(void **state) {
    (void)state;
    uint64_t *tables = (uint64_t *)(void *)ram;
    tables[0x6000 / 8 + 9] = DEVICE | 3; /* behind RAM at 0x8000: the device */
    page.gpr[GPR_RAX] = 0x8ffd;
    page.gpr[GPR_RCX] = 0x8877665544332211;
    assert_int_equal(STEP(0x48, 0x89, 0x08), EMULATE_DONE); /* mov [rax], rcx */
    assert_memory_equal(ram + 0x8ffd, ((uint8_t[]){0x11, 0x22, 0x33}), 3);
    assert_int_equal(device.words[0], 0x8877665544);
    assert_int_equal(STEP(0x48, 0xf7, 0x10), EMULATE_DONE); /* not qword [rax] */
    assert_memory_equal(ram + 0x8ffd, ((uint8_t[]){0xee, 0xdd, 0xcc}), 3);
    assert_int_equal(device.words[0], 0x778899aabb);
    tables[0x6000 / 8 + 9] = 0;
    assert_int_equal(STEP(0x48, 0xf7, 0x10), EMULATE_FAULT);
    assert_int_equal(emulate.fault.linear, 0x9000);
    assert_memory_equal(ram + 0x8ffd, ((uint8_t[]){0xee, 0xdd, 0xcc}), 3);
}

static void test_push_and_pop(void **state) {
    (void)state;
    device.words[1] = 0x1122334455667788;
    page.rsp = 0x9000;
    page.gpr[GPR_RAX] = DEVICE + 8;
    assert_int_equal(STEP(0xff, 0x30), EMULATE_DONE); /* push qword [rax] */
    assert_int_equal(page.rsp, 0x8ff8);
    assert_int_equal(page.dirty & VCPU_DIRTY_RSP, VCPU_DIRTY_RSP);
    assert_memory_equal(ram + 0x8ff8, &device.words[1], 8);
    assert_int_equal(STEP(0x66, 0x8f, 0x40, 0x08), EMULATE_DONE); /* pop word [rax+8] */
    assert_int_equal(page.rsp, 0x8ffa);
    assert_int_equal(device.words[2], 0x7788);
    /* The stack behind its last page: nothing is read from the device, nothing moves. */
    unsigned reads = device.read_count;
    page.rsp = 0x20010;
    assert_int_equal(STEP(0xff, 0x30), EMULATE_FAULT);
    assert_int_equal(emulate.fault.linear, 0x20008);
    assert_int_equal(page.rsp, 0x20010);
    assert_int_equal(device.read_count, reads);
    page.dirty = 0;
    page.rsp = 0x9000;
    page.gpr[GPR_RAX] = 0x20000;
    assert_int_equal(STEP(0x8f, 0x00), EMULATE_FAULT);
    assert_int_equal(page.rsp, 0x9000);
    assert_int_equal(page.dirty, 0);
}

/* An address by RSP is that after POP has taken its element. */
static void test_pop_by_stack_pointer(void **state) {
    (void)state;
    page.rsp = 0x8ff0;
    memset(ram + 0x8ff0, 0xab, 8);
    assert_int_equal(STEP(0x8f, 0x44, 0x24, 0x10), EMULATE_DONE); /* pop qword [rsp+0x10] */
    assert_memory_equal(ram + 0x9008, ram + 0x8ff0, 8);
    assert_int_equal(page.rsp, 0x8ff8);
}

static void test_repeated_comparison(void **state) {
    (void)state;
    memcpy(ram + 0x8000, "abcdX", 5);
    memcpy(device.words, "abcdY", 5);
    page.gpr[GPR_RSI] = 0x8000;
    page.gpr[GPR_RDI] = DEVICE;
    page.gpr[GPR_RCX] = 8;
    assert_int_equal(STEP(0xf3, 0xa6), EMULATE_DONE); /* repe cmpsb */
    assert_int_equal(page.gpr[GPR_RCX], 3);
    assert_int_equal(page.gpr[GPR_RDI], DEVICE + 5);
    assert_int_equal(page.rflags & 0x41, 1); /* X is below Y */
    assert_int_equal(page.rip, CODE + 2);
    page.gpr[GPR_RAX] = 'Y';
    page.gpr[GPR_RDI] = DEVICE;
    page.gpr[GPR_RCX] = 100;
    assert_int_equal(STEP(0xf2, 0xae), EMULATE_DONE); /* repne scasb */
    assert_int_equal(page.gpr[GPR_RCX], 95);
    assert_int_equal(page.rflags & 0x40, 0x40);
}

/* --- Segments --- */

static struct guest_segment segments[DECODE_SEGMENT_COUNT];

static void get_segments(void *context, struct guest_segment out[DECODE_SEGMENT_COUNT]) {
    assert_ptr_equal(context, &segments);
    memcpy(out, segments, sizeof(segments));
}

/* Protected mode without paging; every segment is large, data and writable. */
static void set_32_bit(void) {
    page.efer = 0;
    page.cr0 = 1;
    page.cs_attributes = 0xc09b;
    for (unsigned i = 0; i < DECODE_SEGMENT_COUNT; i++) {
        segments[i] = (struct guest_segment){.limit = UINT32_MAX, .attributes = 0xc093};
    }
    segments[DECODE_CS].attributes = 0xc09b;
    emulate.get_segments = get_segments;
    emulate.context = segments;
}

static enum emulate_result store_by(const struct guest_segment *segment, uint64_t address) {
    segments[DECODE_DS] = *segment;
    page.ds_base = segment->base;
    page.gpr[GPR_RAX] = address;
    page.rip = CODE;
    page.dirty = 0;
    emulate.has_segments = false;
    device.read_count = device.write_count = 0;
    return STEP(0x89, 0x08); /* mov [eax], ecx */
}

static void test_segment_limits(void **state) {
    (void)state;
    set_32_bit();
    struct guest_segment data = {.base = 0x8000, .limit = 0xfff, .attributes = 0xc093};
    page.gpr[GPR_RCX] = 0x12345678;
    assert_int_equal(store_by(&data, 0xffc), EMULATE_DONE);
    assert_memory_equal(ram + 0x8ffc, &page.gpr[GPR_RCX], 4);
    assert_int_equal(store_by(&data, 0xffd), EMULATE_FAULT);
    expect_fault(EXCEPTION_GENERAL_PROTECTION, true, 0);
    assert_int_equal(store_by(&data, UINT32_MAX), EMULATE_FAULT);
    /* Expand-down: above the limit only, up to 64 KiB or 4 GiB by the B bit. */
    data.attributes = 0x8097;
    assert_int_equal(store_by(&data, 0xfff), EMULATE_FAULT);
    assert_int_equal(store_by(&data, 0x1000), EMULATE_DONE);
    assert_int_equal(store_by(&data, 0xfffc), EMULATE_DONE);
    assert_int_equal(store_by(&data, 0xfffd), EMULATE_FAULT);
    data.attributes = 0xc097;
    assert_int_equal(store_by(&data, 0xfffd), EMULATE_DONE);
    /* The address wraps at 4 GiB; the offset does not. */
    data = (struct guest_segment){.base = 0xfffff000, .limit = UINT32_MAX, .attributes = 0xc093};
    assert_int_equal(store_by(&data, 0xa000), EMULATE_DONE);
    assert_memory_equal(ram + 0x9000, &page.gpr[GPR_RCX], 4);
}

static void test_segment_types(void **state) {
    (void)state;
    set_32_bit();
    struct guest_segment data = {.limit = UINT32_MAX, .attributes = 0xc091}; /* read-only */
    assert_int_equal(store_by(&data, 0x8000), EMULATE_FAULT);
    expect_fault(EXCEPTION_GENERAL_PROTECTION, true, 0);
    assert_int_equal(STEP(0x8b, 0x08), EMULATE_DONE); /* mov ecx, [eax] */
    data.attributes = 0xc09b;                         /* code */
    assert_int_equal(store_by(&data, 0x8000), EMULATE_FAULT);
    assert_int_equal(STEP(0x8b, 0x08), EMULATE_DONE);
    data.attributes = 0xc099; /* code that may not be read */
    assert_int_equal(store_by(&data, 0x8000), EMULATE_FAULT);
    assert_int_equal(STEP(0x8b, 0x08), EMULATE_FAULT);
    data.attributes = 0x100; /* none */
    assert_int_equal(store_by(&data, 0x8000), EMULATE_FAULT);
    page.cr0 = 0; /* real mode knows limits only */
    data = (struct guest_segment){.limit = 0xffff, .attributes = 0x9b};
    assert_int_equal(store_by(&data, 0x8000), EMULATE_DONE);
}

static void test_selector_store(void **state) {
    (void)state;
    set_32_bit();
    segments[DECODE_FS].selector = 0xbeef;
    RUN(4, 0x8c, 0x20); /* mov [eax], fs */
    assert_int_equal(device.last_width, 2);
    assert_int_equal(device.last_value, 0xbeef);
}

/* The stack's width is SS', not the code's. */
static void test_16_bit_stack(void **state) {
    (void)state;
    set_32_bit();
    segments[DECODE_SS] = (struct guest_segment){.limit = 0xffff, .attributes = 0x93};
    page.rsp = 0x12340002;
    page.ss_base = 0x8000;
    page.gpr[GPR_RAX] = DEVICE;
    device.words[0] = 0x55667788;
    memset(ram + 0x17ff8, 0, 8);
    assert_int_equal(STEP(0x66, 0xff, 0x30), EMULATE_DONE); /* push word [eax] */
    assert_int_equal(page.rsp, 0x12340000);
    assert_memory_equal(ram + 0x8000, ((uint8_t[]){0x88, 0x77}), 2);
    assert_int_equal(STEP(0xff, 0x30), EMULATE_DONE); /* push dword [eax], wraps */
    assert_int_equal(page.rsp, 0x1234fffc);
    assert_memory_equal(ram + 0x17ffc, device.words, 4);
}

static void test_16_bit_code(void **state) {
    (void)state;
    set_32_bit();
    page.cs_attributes = 0x9b;
    page.cs_base = 0x5000;
    page.rip = 0x10;
    page.gpr[GPR_RAX] = 0x12345678;
    page.gpr[GPR_RBX] = 0xabcd8ffe; /* 16 bits of it */
    page.gpr[GPR_RSI] = 0x0003;
    page.ds_base = DEVICE - 0x9000;
    assert_int_equal(STEP(0x89, 0x40, 0xff), EMULATE_DONE); /* mov [bx+si-1], ax */
    assert_int_equal(device.last_offset, 0);
    assert_int_equal(device.last_value, 0x5678);
    assert_int_equal(device.last_width, 2);
    assert_int_equal(page.rip, 0x13);
}

/* --- Flags --- */

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
        TEST(test_lock_fault),
        TEST(test_canonical_fault),
        TEST(test_alignment_fault),
        TEST(test_write_fault),
        TEST(test_across_pages),
        TEST(test_push_and_pop),
        TEST(test_pop_by_stack_pointer),
        TEST(test_repeated_comparison),
        TEST(test_segment_limits),
        TEST(test_segment_types),
        TEST(test_selector_store),
        TEST(test_16_bit_stack),
        TEST(test_16_bit_code),
        cmocka_unit_test(test_flags_of_all_bytes),
        cmocka_unit_test(test_flags_of_wide_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
