/* units: guests/vmm/decode.c */
/* Encodings written by hand from SDM Vol. 2: each with what it means. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "guests/vmm/decode.h"
#include "kernel/abi/guest.h"

struct row {
    const char *text;
    enum decode_mode mode;
    uint8_t length;
    uint8_t bytes[15];
    struct decode expected; /* length is taken from the row */
};

#define M16 DECODE_MODE_16
#define M32 DECODE_MODE_32
#define M64 DECODE_MODE_64

static const struct row rows[] = {
    {"mov [rax], ecx",
     M64, 2,
     {0x89, 0x08},
     {.operation = DECODE_STORE,
      .width = 4,
      .register_width = 4,
      .reg = GPR_RCX,
      .address_width = 8}                                                                  },
    {"mov [r8+0x12345678], r9",
     M64, 7,
     {0x4d, 0x89, 0x88, 0x78, 0x56, 0x34, 0x12},
     {.operation = DECODE_STORE,
      .width = 8,
      .register_width = 8,
      .reg = GPR_R9,
      .address_width = 8}                                                                  },
    {"mov ax, [rip+0]",
     M64, 7,
     {0x66, 0x8b, 0x05, 0, 0, 0, 0},
     {.operation = DECODE_LOAD,
      .width = 2,
      .register_width = 2,
      .reg = GPR_RAX,
      .address_width = 8}                                                                  },
    {"mov [rsp+8], sil",
     M64, 5,
     {0x40, 0x88, 0x74, 0x24, 0x08},
     {.operation = DECODE_STORE,
      .width = 1,
      .register_width = 1,
      .reg = GPR_RSI,
      .address_width = 8}                                                                  },
    {"mov [rsp+8], dh",
     M64, 4,
     {0x88, 0x74, 0x24, 0x08},
     {.operation = DECODE_STORE,
      .width = 1,
      .register_width = 1,
      .reg = GPR_RDX,
      .register_is_high = true,
      .address_width = 8}                                                                  },
    {"mov [disp32], r12b (SIB without base)",
     M64, 8,
     {0x44, 0x88, 0x24, 0x25, 1, 2, 3, 4},
     {.operation = DECODE_STORE,
      .width = 1,
      .register_width = 1,
      .reg = GPR_R12,
      .address_width = 8}                                                                  },
    {"mov [ebx], eax",
     M64, 3,
     {0x67, 0x89, 0x03},
     {.operation = DECODE_STORE,
      .width = 4,
      .register_width = 4,
      .reg = GPR_RAX,
      .address_width = 4}                                                                  },
    {"mov dword [rdi+0xb0], 0",
     M64, 10,
     {0xc7, 0x87, 0xb0, 0, 0, 0, 0, 0, 0, 0},
     {.operation = DECODE_STORE,
      .width = 4,
      .register_width = 4,
      .has_immediate = true,
      .address_width = 8}                                                                  },
    {"mov qword [rax], -2",
     M64, 7,
     {0x48, 0xc7, 0x00, 0xfe, 0xff, 0xff, 0xff},
     {.operation = DECODE_STORE,
      .width = 8,
      .register_width = 8,
      .has_immediate = true,
      .immediate = UINT64_MAX - 1,
      .address_width = 8}                                                                  },
    {"mov word [rax], 0x1234",
     M64, 5,
     {0x66, 0xc7, 0x00, 0x34, 0x12},
     {.operation = DECODE_STORE,
      .width = 2,
      .register_width = 2,
      .has_immediate = true,
      .immediate = 0x1234,
      .address_width = 8}                                                                  },
    {"mov byte [rax], 0x80",
     M64, 3,
     {0xc6, 0x00, 0x80},
     {.operation = DECODE_STORE,
      .width = 1,
      .register_width = 1,
      .has_immediate = true,
      .immediate = 0xffffffffffffff80,
      .address_width = 8}                                                                  },
    {"movzx eax, byte [rdx]",
     M64, 3,
     {0x0f, 0xb6, 0x02},
     {.operation = DECODE_LOAD,
      .width = 1,
      .register_width = 4,
      .reg = GPR_RAX,
      .address_width = 8}                                                                  },
    {"movzx r10, word [rdx]",
     M64, 4,
     {0x4c, 0x0f, 0xb7, 0x12},
     {.operation = DECODE_LOAD,
      .width = 2,
      .register_width = 8,
      .reg = GPR_R10,
      .address_width = 8}                                                                  },
    {"movsx esp, byte [rdx]",
     M64, 3,
     {0x0f, 0xbe, 0x22},
     {.operation = DECODE_LOAD,
      .width = 1,
      .register_width = 4,
      .reg = GPR_RSP,
      .sign_extends = true,
      .address_width = 8}                                                                  },
    {"movsx cx, byte [bx+si]",
     M16, 3,
     {0x0f, 0xbe, 0x08},
     {.operation = DECODE_LOAD,
      .width = 1,
      .register_width = 2,
      .reg = GPR_RCX,
      .sign_extends = true,
      .address_width = 2}                                                                  },
    {"movsxd rax, dword [rcx]",
     M64, 3,
     {0x48, 0x63, 0x01},
     {.operation = DECODE_LOAD,
      .width = 4,
      .register_width = 8,
      .reg = GPR_RAX,
      .sign_extends = true,
      .address_width = 8}                                                                  },
    {"mov eax, [moffs64]",
     M64, 9,
     {0xa1, 1, 2, 3, 4, 5, 6, 7, 8},
     {.operation = DECODE_LOAD,
      .width = 4,
      .register_width = 4,
      .reg = GPR_RAX,
      .address_width = 8}                                                                  },
    {"mov [moffs32], al",
     M32, 5,
     {0xa2, 1, 2, 3, 4},
     {.operation = DECODE_STORE,
      .width = 1,
      .register_width = 1,
      .reg = GPR_RAX,
      .address_width = 4}                                                                  },
    {"mov [fs:moffs16], ax",
     M16, 4,
     {0x64, 0xa3, 1, 2},
     {.operation = DECODE_STORE,
      .width = 2,
      .register_width = 2,
      .reg = GPR_RAX,
      .segment = DECODE_FS,
      .address_width = 2}                                                                  },
    {"rep stosd",
     M64, 2,
     {0xf3, 0xab},
     {.operation = DECODE_STORE_STRING,
      .width = 4,
      .register_width = 4,
      .repeats = true,
      .address_width = 8}                                                                  },
    {"rep stosq",
     M64, 3,
     {0xf3, 0x48, 0xab},
     {.operation = DECODE_STORE_STRING,
      .width = 8,
      .register_width = 8,
      .repeats = true,
      .address_width = 8}                                                                  },
    {"movsb, gs, addr32",
     M64, 3,
     {0x65, 0x67, 0xa4},
     {.operation = DECODE_MOVE_STRING,
      .width = 1,
      .register_width = 1,
      .segment = DECODE_GS,
      .address_width = 4}                                                                  },
    {"rep outsb",
     M64, 2,
     {0xf3, 0x6e},
     {.operation = DECODE_PORT_STRING,
      .width = 1,
      .register_width = 1,
      .repeats = true,
      .address_width = 8}                                                                  },
    {"insd with REX.W",
     M64, 2,
     {0x48, 0x6d},
     {.operation = DECODE_PORT_STRING, .width = 4, .register_width = 4, .address_width = 8}},
    {"and dword [rcx], 0x7fffffff",
     M64, 6,
     {0x81, 0x21, 0xff, 0xff, 0xff, 0x7f},
     {.operation = DECODE_ARITHMETIC,
      .arithmetic = DECODE_AND,
      .width = 4,
      .register_width = 4,
      .reg = 4,
      .has_immediate = true,
      .immediate = 0x7fffffff,
      .address_width = 8}                                                                  },
    {"or qword [rcx], -1",
     M64, 4,
     {0x48, 0x83, 0x09, 0xff},
     {.operation = DECODE_ARITHMETIC,
      .arithmetic = DECODE_OR,
      .width = 8,
      .register_width = 8,
      .reg = 1,
      .has_immediate = true,
      .immediate = UINT64_MAX,
      .address_width = 8}                                                                  },
    {"cmp [ebp+disp8], cl",
     M32, 3,
     {0x38, 0x4d, 0x10},
     {.operation = DECODE_ARITHMETIC,
      .arithmetic = DECODE_CMP,
      .width = 1,
      .register_width = 1,
      .reg = GPR_RCX,
      .address_width = 4}                                                                  },
    {"sub [bp+0x100], dx",
     M16, 4,
     {0x29, 0x96, 0x00, 0x01},
     {.operation = DECODE_ARITHMETIC,
      .arithmetic = DECODE_SUB,
      .width = 2,
      .register_width = 2,
      .reg = GPR_RDX,
      .address_width = 2}                                                                  },
    {"xor [0x1234], eax (16-bit code)",
     M16, 5,
     {0x66, 0x31, 0x06, 0x34, 0x12},
     {.operation = DECODE_ARITHMETIC,
      .arithmetic = DECODE_XOR,
      .width = 4,
      .register_width = 4,
      .reg = GPR_RAX,
      .address_width = 2}                                                                  },
    {"lock add [rbx], rax",
     M64, 4,
     {0xf0, 0x48, 0x01, 0x03},
     {.operation = DECODE_ARITHMETIC,
      .arithmetic = DECODE_ADD,
      .width = 8,
      .register_width = 8,
      .reg = GPR_RAX,
      .address_width = 8}                                                                  },
    {"adc r15d, [rbx]",
     M64, 3,
     {0x44, 0x13, 0x3b},
     {.operation = DECODE_ARITHMETIC_REGISTER,
      .arithmetic = DECODE_ADC,
      .width = 4,
      .register_width = 4,
      .reg = GPR_R15,
      .address_width = 8}                                                                  },
    {"test [rbx], eax",
     M64, 2,
     {0x85, 0x03},
     {.operation = DECODE_TEST,
      .width = 4,
      .register_width = 4,
      .reg = GPR_RAX,
      .address_width = 8}                                                                  },
    {"test byte [rbx+1], 0x20",
     M64, 4,
     {0xf6, 0x43, 0x01, 0x20},
     {.operation = DECODE_TEST,
      .width = 1,
      .register_width = 1,
      .has_immediate = true,
      .immediate = 0x20,
      .address_width = 8}                                                                  },
    {"xchg [rdi], eax",
     M64, 2,
     {0x87, 0x07},
     {.operation = DECODE_EXCHANGE,
      .width = 4,
      .register_width = 4,
      .reg = GPR_RAX,
      .address_width = 8}                                                                  },
    {"REX before 66 counts for nothing",
     M64, 4,
     {0x48, 0x66, 0x89, 0x08},
     {.operation = DECODE_STORE,
      .width = 2,
      .register_width = 2,
      .reg = GPR_RCX,
      .address_width = 8}                                                                  },
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct decode decode;
        if (!decode_instruction(row->bytes, 15, row->mode, &decode)) {
            fail_msg("%s: not decoded", row->text);
        }
        const struct decode *e = &row->expected;
        if (decode.length != row->length || decode.operation != e->operation ||
            decode.arithmetic != e->arithmetic || decode.width != e->width ||
            decode.register_width != e->register_width ||
            decode.register_is_high != e->register_is_high ||
            decode.has_immediate != e->has_immediate || decode.immediate != e->immediate ||
            decode.sign_extends != e->sign_extends || decode.repeats != e->repeats ||
            decode.address_width != e->address_width || decode.segment != e->segment ||
            (!e->has_immediate && decode.reg != e->reg)) {
            fail_msg("%s: decoded as something else (length %u, operation %u, width %u)", row->text,
                     decode.length, decode.operation, decode.width);
        }
    }
}

/* One byte less than the instruction has is never enough. */
static void test_truncated(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint32_t length = 0; length < rows[i].length; length++) {
            uint8_t *exact = malloc(length + 1u);
            struct decode decode;
            memcpy(exact, rows[i].bytes, length);
            assert_false(decode_instruction(exact, length, rows[i].mode, &decode));
            free(exact);
        }
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        enum decode_mode mode;
        uint8_t bytes[4];
    } refused[] = {
        {M64, {0x89, 0xc8}      }, /* mov eax, ecx: no memory */
        {M64, {0x0f, 0x0b}      }, /* ud2 */
        {M64, {0x90}            }, /* nop */
        {M64, {0xc7, 0x08}      }, /* group 11, /1 */
        {M64, {0xf7, 0x10}      }, /* not dword [rax] */
        {M64, {0x0f, 0x6f, 0x00}}, /* movq mm0, [rax] */
        {M32, {0x63, 0x00}      }, /* arpl */
        {M32, {0x48, 0x89, 0x08}}, /* dec eax */
        {M64, {0xff, 0x30}      }, /* push qword [rax] */
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        uint8_t bytes[15] = {0};
        struct decode decode;
        memcpy(bytes, refused[i].bytes, sizeof(refused[i].bytes));
        assert_false(decode_instruction(bytes, sizeof(bytes), refused[i].mode, &decode));
    }
}

static void test_prefixes_only(void **state) {
    (void)state;
    uint8_t bytes[15];
    struct decode decode;
    memset(bytes, 0x66, sizeof(bytes));
    assert_false(decode_instruction(bytes, sizeof(bytes), M64, &decode));
}

/* Any bytes: no read beyond them, and never a length beyond what was given. */
static void test_random(void **state) {
    (void)state;
    srand(3);
    for (unsigned round = 0; round < 200000; round++) {
        uint32_t length = (uint32_t)rand() % 16;
        uint8_t *bytes = malloc(length + 1u);
        struct decode decode;
        for (uint32_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)rand();
        }
        if (decode_instruction(bytes, length, (enum decode_mode)(rand() % 3), &decode)) {
            assert_true(decode.length <= length && decode.length != 0);
            assert_true(decode.width == 1 || decode.width == 2 || decode.width == 4 ||
                        decode.width == 8);
            assert_true(decode.reg < GPR_COUNT);
        }
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_prefixes_only),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
