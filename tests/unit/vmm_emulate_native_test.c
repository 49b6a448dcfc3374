/* units: tests/unit/support/vmm_emulate.units */
/*
 * The emulator against this computer's processor: random instructions on random registers, flags
 * and memory are run here as they are, and carried out by the emulator on a device that has the
 * same bytes at the same addresses. TEST_COUNT sets how many, TEST_SEED which.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guests/vmm/emulate.h"
#include "guests/vmm/operand.h"
#include "tests/unit/vmm_decode_text.h"
#include "tests/unit/vmm_random.h"

#define DEFAULT_COUNT 200000u
#define PAGE          0x1000u

/* The arena, below 2 GiB so that a 32-bit displacement reaches it. */
#define ARENA   0x10000000ull
#define CODE    ARENA
#define CONTEXT (ARENA + PAGE)
#define SCRATCH (ARENA + 2 * PAGE) /* two pages; the device's, for the emulator */
#define STACK   (ARENA + 4 * PAGE)
#define LENGTH  (5 * PAGE)

/* Where they are in the emulated guest's memory. */
#define GUEST_CODE  0x5000u
#define GUEST_STACK 0x6000u
#define DEVICE      0xfec00000ull

#define FLAGS_STATUS 0x8d5ull /* CF PF AF ZF SF OF */
#define FLAGS_CF     0x001ull
#define FLAGS_AF     0x010ull
#define FLAGS_ZF     0x040ull
#define FLAGS_DF     0x400ull

struct context {
    uint64_t host_rsp;
    uint64_t in[16], in_flags;
    uint64_t out[16], out_flags;
};

static struct context *const context = (struct context *)CONTEXT;
static uint8_t *const scratch = (uint8_t *)SCRATCH;
static uint8_t *const stack = (uint8_t *)STACK;
static uint16_t selectors[DECODE_SEGMENT_COUNT];

/* --- Here --- */

struct assembler {
    uint8_t *at;
};

static void emit(struct assembler *code, const uint8_t *bytes, size_t length) {
    memcpy(code->at, bytes, length);
    code->at += length;
}

#define EMIT(code, ...) \
    emit(code, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void emit_address(struct assembler *code, const void *address) {
    uint32_t low = (uint32_t)(uintptr_t)address;
    emit(code, (const uint8_t *)&low, sizeof(low));
}

/* mov reg, [address], or the reverse */
static void emit_move(struct assembler *code, unsigned reg, bool is_load, const void *address) {
    EMIT(code, 0x48 | (reg >= 8 ? 4 : 0), is_load ? 0x8b : 0x89, (uint8_t)(0x04 | (reg & 7) << 3),
         0x25);
    emit_address(code, address);
}

/* A function around the instruction. Returns the instruction's place. */
static uint8_t *assemble(const uint8_t *bytes, unsigned length) {
    struct assembler code = {(uint8_t *)CODE};
    EMIT(&code, 0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57); /* push rbx... r15 */
    emit_move(&code, GPR_RSP, false, &context->host_rsp);
    EMIT(&code, 0xff, 0x34, 0x25); /* push [in_flags]; popfq */
    emit_address(&code, &context->in_flags);
    EMIT(&code, 0x9d);
    for (unsigned i = 0; i < 16; i++) {
        emit_move(&code, i, true, &context->in[i]);
    }
    uint8_t *place = code.at;
    emit(&code, bytes, length);
    for (unsigned i = 0; i < 16; i++) {
        emit_move(&code, i, false, &context->out[i]);
    }
    emit_move(&code, GPR_RSP, true, &context->host_rsp);
    EMIT(&code, 0x9c, 0x8f, 0x04, 0x25); /* pushfq; pop [out_flags]; cld */
    emit_address(&code, &context->out_flags);
    EMIT(&code, 0xfc);
    EMIT(&code, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3);
    return place;
}

/* --- There --- */

static uint8_t device[2 * PAGE];

static uint64_t device_read(void *unused, uint64_t offset, unsigned width) {
    uint64_t value = 0;
    (void)unused;
    memcpy(&value, device + offset, width);
    return value;
}

static void device_write(void *unused, uint64_t offset, unsigned width, uint64_t value) {
    (void)unused;
    memcpy(device + offset, &value, width);
}

static const struct bus_memory_ops device_ops = {device_read, device_write};
static _Alignas(8) uint8_t ram[0x7000];
static const struct guest_memory memory = {.low = ram, .low_length = sizeof(ram)};
static struct memory_bus devices;
static struct vcpu_page page;

static void get_segments(void *unused, struct guest_segment segments[DECODE_SEGMENT_COUNT]) {
    (void)unused;
    for (unsigned i = 0; i < DECODE_SEGMENT_COUNT; i++) {
        segments[i].selector = selectors[i];
    }
}

static void set_up_guest(void) {
    uint64_t *tables = (uint64_t *)(void *)ram;
    memset(ram, 0, sizeof(ram));
    tables[0x1000 / 8] = 0x2003;
    tables[0x2000 / 8] = 0x3003;
    tables[0x3000 / 8 + ARENA / (2u << 20)] = 0x4003;
    tables[0x4000 / 8 + 0] = GUEST_CODE | 3;
    tables[0x4000 / 8 + 2] = DEVICE | 3;
    tables[0x4000 / 8 + 3] = (DEVICE + PAGE) | 3;
    tables[0x4000 / 8 + 4] = GUEST_STACK | 3;
    bus_memory_init(&devices);
    assert_true(bus_memory_claim(&devices, DEVICE, sizeof(device), &device_ops, NULL));
}

/* --- Random instructions --- */

struct test_case {
    uint8_t bytes[16];
    unsigned address_at; /* of a displacement or offset to be set to the target; 0: none */
    unsigned address_length;
    bool is_relative;
    struct decode decode;
    uint64_t target;
    uint64_t flags_mask; /* those that the manual defines */
};

static const uint16_t opcodes[] = {
    0x00,   0x01,   0x02,   0x03,   0x08,   0x09,   0x0a,   0x0b,   0x10,   0x11,   0x12,   0x13,
    0x18,   0x19,   0x1a,   0x1b,   0x20,   0x21,   0x22,   0x23,   0x28,   0x29,   0x2a,   0x2b,
    0x30,   0x31,   0x32,   0x33,   0x38,   0x39,   0x3a,   0x3b,   0x63,   0x80,   0x81,   0x83,
    0x84,   0x85,   0x86,   0x87,   0x88,   0x89,   0x8a,   0x8b,   0x8c,   0x8f,   0xa0,   0xa1,
    0xa2,   0xa3,   0xa4,   0xa5,   0xa6,   0xa7,   0xaa,   0xab,   0xac,   0xad,   0xae,   0xaf,
    0xc6,   0xc7,   0xf6,   0xf7,   0xfe,   0xff,   0x0fa3, 0x0fab, 0x0fb0, 0x0fb1, 0x0fb3, 0x0fb6,
    0x0fb7, 0x0fba, 0x0fbb, 0x0fbe, 0x0fbf, 0x0fc0, 0x0fc1,
};

static bool one_in(struct vmm_random *random, unsigned n) {
    return vmm_random_below(random, n) == 0;
}

static unsigned add_prefixes(struct vmm_random *random, uint8_t *bytes) {
    unsigned at = 0;
    if (one_in(random, 4)) {
        bytes[at++] = 0x66;
    }
    if (one_in(random, 6)) {
        bytes[at++] = 0x67;
    }
    if (one_in(random, 4)) {
        bytes[at++] = (uint8_t)(0xf2 + vmm_random_below(random, 2)); /* for string instructions */
    }
    if (one_in(random, 6)) {
        bytes[at++] = 0xf0;
    }
    if (one_in(random, 2)) {
        bytes[at++] = 0x40 | (uint8_t)vmm_random_below(random, 16);
    }
    return at;
}

/* An encoding that is one, with a memory operand. */
static void make_encoding(struct vmm_random *random, struct test_case *test) {
    for (;;) {
        memset(test, 0, sizeof(*test));
        for (unsigned i = 0; i < sizeof(test->bytes); i++) {
            test->bytes[i] = (uint8_t)vmm_random_next(random);
        }
        unsigned at = add_prefixes(random, test->bytes);
        uint16_t opcode = opcodes[vmm_random_below(random, sizeof(opcodes) / sizeof(opcodes[0]))];
        if (opcode >> 8) {
            test->bytes[at++] = 0x0f;
        }
        test->bytes[at++] = (uint8_t)opcode;
        uint8_t modrm = test->bytes[at], sib = test->bytes[at + 1];
        const struct decode *decode = &test->decode;
        if (!decode_instruction(test->bytes, sizeof(test->bytes) - 1, DECODE_MODE_64,
                                &test->decode) ||
            (decode->is_locked && !decode_may_be_locked(decode))) {
            continue;
        }
        if (opcode >= 0xa0 && opcode <= 0xa3) {
            test->address_at = at;
            test->address_length = decode->address_width;
        } else if ((modrm & 0xc7) == 5 || ((modrm & 0xc7) == 4 && (sib & 7) == 5)) {
            test->address_at = at + ((modrm & 7) == 4 ? 2 : 1);
            test->address_length = 4;
            test->is_relative = (modrm & 7) == 5;
        }
        return;
    }
}

static bool is_bit_by_register(const struct decode *decode) {
    return decode->operation >= DECODE_BIT_TEST && decode->operation <= DECODE_BIT_COMPLEMENT &&
           !decode->has_immediate;
}

static bool is_string(const struct decode *decode) {
    return decode->operation >= DECODE_STORE_STRING;
}

/* Registers with which the operand is at the target. False: there are none. */
static bool aim(struct vmm_random *random, struct test_case *test) {
    struct decode *decode = &test->decode;
    uint64_t *in = context->in;
    uint64_t high = decode->address_width == 4 ? vmm_random_next(random) << 32 : 0;
    if (decode->base != DECODE_REGISTER_NONE && decode->base == decode->index) {
        return false;
    }
    if (decode->index != DECODE_REGISTER_NONE && test->address_at != 0) {
        in[decode->index] = vmm_random_below(random, 256) | high;
    }
    if (test->address_at != 0) {
        uint64_t value = test->target;
        if (decode->index != DECODE_REGISTER_NONE) {
            value -= (in[decode->index] & 0xff) << decode->scale;
        }
        if (test->is_relative) {
            value -= (uint64_t)(uintptr_t)assemble(test->bytes, decode->length) + decode->length;
        }
        memcpy(test->bytes + test->address_at, &value, test->address_length);
        return decode_instruction(test->bytes, sizeof(test->bytes) - 1, DECODE_MODE_64, decode);
    }
    uint64_t value = test->target - decode->offset;
    if (decode->index != DECODE_REGISTER_NONE) {
        value -= in[decode->index] << decode->scale;
    }
    if (decode->address_width == 4) {
        value = (uint32_t)value | high;
    }
    in[decode->base] = value;
    return true;
}

static bool uses(const struct decode *decode, unsigned reg) {
    return decode->base == reg || decode->index == reg;
}

static bool set_bit_number(struct vmm_random *random, struct test_case *test) {
    struct decode *decode = &test->decode;
    if (uses(decode, decode->reg)) {
        return false;
    }
    uint64_t number = vmm_random_below(random, 8 * 2 * (PAGE - 16)) - 8ull * (PAGE - 16);
    if (decode->width < 8) {
        number = decode_text_mask(number, decode->width) |
                 (vmm_random_next(random) << (8 * decode->width));
    }
    context->in[decode->reg] = number;
    test->target = SCRATCH + PAGE + vmm_random_below(random, 8);
    return true;
}

/* A place for the operand; what is locked does not cross a cache line, which hosts may forbid. */
static uint64_t choose_target(struct vmm_random *random, const struct decode *decode) {
    uint64_t target = SCRATCH + PAGE - 64 + vmm_random_below(random, 128);
    if (decode->is_locked || decode->operation == DECODE_EXCHANGE) {
        target &= ~7ull;
    }
    return target;
}

static void set_string_registers(struct vmm_random *random, const struct decode *decode) {
    uint64_t high = decode->address_width == 4 ? vmm_random_next(random) << 32 : 0;
    uint64_t *in = context->in;
    bool is_in_ram = one_in(random, 4);
    in[GPR_RSI] = (SCRATCH + PAGE - 64 + vmm_random_below(random, 128)) | high;
    in[GPR_RDI] =
        ((is_in_ram ? STACK + PAGE / 2 : SCRATCH + PAGE) + vmm_random_below(random, 128)) | high;
    in[GPR_RCX] = vmm_random_below(random, 40) | high;
    if (one_in(random, 2)) {
        /* Comparisons that go on for a while. */
        memset(scratch, 0x5a, 2 * PAGE);
        memset(stack, 0x5a, PAGE);
        in[GPR_RAX] = 0x5a5a5a5a5a5a5a5a;
        scratch[PAGE + vmm_random_below(random, 256)] = 1;
    }
}

static uint64_t defined_flags(const struct decode *decode) {
    switch (decode->operation) {
    case DECODE_TEST: return FLAGS_STATUS & ~FLAGS_AF;
    case DECODE_ARITHMETIC:
    case DECODE_ARITHMETIC_REGISTER:
        return decode->arithmetic == DECODE_AND || decode->arithmetic == DECODE_OR ||
                       decode->arithmetic == DECODE_XOR
                   ? FLAGS_STATUS & ~FLAGS_AF
                   : FLAGS_STATUS;
    case DECODE_BIT_TEST:
    case DECODE_BIT_SET:
    case DECODE_BIT_RESET:
    case DECODE_BIT_COMPLEMENT: return FLAGS_CF | FLAGS_ZF;
    default: return FLAGS_STATUS;
    }
}

/* An instruction and everything that it works on. */
static void make(struct vmm_random *random, struct test_case *test) {
    const struct decode *decode = &test->decode;
    uint64_t *in = context->in;
    bool ok;
    do {
        make_encoding(random, test);
        for (unsigned i = 0; i < 16; i++) {
            in[i] = vmm_random_next(random);
            if (one_in(random, 4)) {
                in[i] = (in[i] & 1) - one_in(random, 2); /* 0, 1 or -1 */
            }
        }
        for (unsigned i = 0; i < 2 * PAGE; i += 8) {
            uint64_t value = vmm_random_next(random);
            memcpy(scratch + i, &value, 8);
        }
        for (unsigned i = 0; i < PAGE; i += 8) {
            uint64_t value = vmm_random_next(random);
            memcpy(stack + i, &value, 8);
        }
        in[GPR_RSP] = STACK + PAGE / 2 + 8ull * vmm_random_below(random, 8);
        test->target = choose_target(random, decode);
        if (is_string(decode)) {
            set_string_registers(random, decode);
            ok = true;
        } else if (is_bit_by_register(decode) && !set_bit_number(random, test)) {
            ok = false;
        } else {
            /* A stack in the device is for nobody. */
            bool is_stack = decode->operation == DECODE_PUSH || decode->operation == DECODE_POP;
            ok = !(is_stack && uses(decode, GPR_RSP)) && aim(random, test);
        }
        if (ok && decode->operation == DECODE_COMPARE_EXCHANGE && one_in(random, 2) &&
            !uses(decode, GPR_RAX)) {
            memcpy(&in[GPR_RAX], (const void *)(uintptr_t)test->target, decode->width);
        }
    } while (!ok);
    context->in_flags = 0x202 | (vmm_random_next(random) &
                                 (FLAGS_STATUS | (is_string(decode) ? FLAGS_DF : 0)));
    test->flags_mask = defined_flags(decode) | FLAGS_DF;
}

/* --- Comparison --- */

static enum emulate_result run_there(struct vmm_random *random, const struct test_case *test,
                                     const uint8_t *place) {
    struct emulate emulate = {
        .page = &page, .memory = &memory, .devices = &devices, .get_segments = get_segments};
    memcpy(device, scratch, sizeof(device));
    memcpy(ram + GUEST_STACK, stack, PAGE);
    memcpy(ram + GUEST_CODE, (const void *)CODE, PAGE);
    memset(&page, 0, sizeof(page));
    memcpy(page.gpr, context->in, sizeof(page.gpr));
    page.gpr[GPR_RSP] = 0;
    page.rsp = context->in[GPR_RSP];
    page.rip = (uint64_t)(uintptr_t)place;
    page.rflags = context->in_flags;
    page.cr0 = 0x80010001;
    page.cr3 = 0x1000;
    page.cr4 = 0x20;
    page.efer = 0xd00;
    page.cs_attributes = 0xa09b;
    if (one_in(random, 2) && !is_bit_by_register(&test->decode)) {
        /* As if the exit had told the place; otherwise it is found in the page tables. */
        page.exit.memory.linear_address = test->target;
        page.exit.memory.address = DEVICE + (test->target - SCRATCH);
        page.exit.memory.access = EXIT_ACCESS_READ | EXIT_ACCESS_WRITE;
    }
    return emulate_memory(&emulate);
}

static void compare(const struct test_case *test, const uint8_t *place) {
    struct decode_text text = decode_text(&test->decode);
    page.gpr[GPR_RSP] = page.rsp;
    for (unsigned i = 0; i < 16; i++) {
        if (page.gpr[i] != context->out[i]) {
            fail_msg("%s: %s is %#llx, the processor says %#llx", text.text,
                     decode_text_register(i, 8, false), (unsigned long long)page.gpr[i],
                     (unsigned long long)context->out[i]);
        }
    }
    if (((page.rflags ^ context->out_flags) & test->flags_mask) != 0) {
        fail_msg("%s: flags are %#llx, the processor says %#llx", text.text,
                 (unsigned long long)page.rflags, (unsigned long long)context->out_flags);
    }
    if (memcmp(device, scratch, sizeof(device)) != 0 ||
        memcmp(ram + GUEST_STACK, stack, PAGE) != 0) {
        fail_msg("%s: memory is not as the processor leaves it", text.text);
    }
    if (page.rip != (uint64_t)(uintptr_t)place + test->decode.length) {
        fail_msg("%s: RIP is wrong", text.text);
    }
}

static void read_selectors(void) {
    __asm__("mov %%es, %0" : "=r"(selectors[DECODE_ES]));
    __asm__("mov %%cs, %0" : "=r"(selectors[DECODE_CS]));
    __asm__("mov %%ss, %0" : "=r"(selectors[DECODE_SS]));
    __asm__("mov %%ds, %0" : "=r"(selectors[DECODE_DS]));
    __asm__("mov %%fs, %0" : "=r"(selectors[DECODE_FS]));
    __asm__("mov %%gs, %0" : "=r"(selectors[DECODE_GS]));
}

static void test_against_processor(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    const char *given = getenv("TEST_COUNT");
    uint32_t count = given != NULL ? (uint32_t)strtoul(given, NULL, 0) : DEFAULT_COUNT;
    uint32_t seen[DECODE_OPERATION_COUNT] = {0};
    void *arena = mmap((void *)ARENA, LENGTH, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(arena, (void *)ARENA);
    read_selectors();
    set_up_guest();
    for (uint32_t i = 0; i < count; i++) {
        struct test_case test;
        make(&random, &test);
        const uint8_t *place = assemble(test.bytes, test.decode.length);
        struct decode_text text = decode_text(&test.decode);
        if (run_there(&random, &test, place) != EMULATE_DONE) {
            fail_msg("%s: not carried out", text.text);
        }
        ((void (*)(void))CODE)();
        compare(&test, place);
        seen[test.decode.operation]++;
    }
    /* Every operation, but not those of ports. */
    for (unsigned i = DECODE_NOTHING + 1; i < DECODE_PORT_IN_STRING && count >= DEFAULT_COUNT;
         i++) {
        assert_true(seen[i] > 100);
    }
    munmap(arena, LENGTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
