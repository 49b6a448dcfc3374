/* units: guests/vmm/decode.c guests/vmm/decode_table.c */
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
#include "tests/unit/vmm_decode_text.h"

struct row {
    const char *text; /* as the manual reads it, in the words of vmm_decode_text.h */
    enum decode_mode mode;
    uint8_t length;
    uint8_t bytes[15];
};

#define M16 DECODE_MODE_16
#define M32 DECODE_MODE_32
#define M64 DECODE_MODE_64

static const struct row rows[] = {
    {"mov DWORD PTR ds:[rax+0x0],ecx",                       M64, 2,  {0x89, 0x08}                              },
    {"mov QWORD PTR ds:[r8+0x12345678],r9",                  M64, 7,  {0x4d, 0x89, 0x88, 0x78, 0x56, 0x34, 0x12}},
    {"mov ax,WORD PTR ds:[rip+0xfffffffffffffff0]",
     M64,                                                         7,
     {0x66, 0x8b, 0x05, 0xf0, 0xff, 0xff, 0xff}                                                                 },
    {"mov BYTE PTR ss:[rsp+0x8],sil",                        M64, 5,  {0x40, 0x88, 0x74, 0x24, 0x08}            },
    {"mov BYTE PTR ss:[rsp+0x8],dh",                         M64, 4,  {0x88, 0x74, 0x24, 0x08}                  },
    {"mov BYTE PTR ds:[0x4030201],r12b",                     M64, 8,  {0x44, 0x88, 0x24, 0x25, 1, 2, 3, 4}      },
    {"mov BYTE PTR ds:[r12+r13*8+0x0],al",                   M64, 4,  {0x43, 0x88, 0x04, 0xec}                  },
    {"mov BYTE PTR ds:[r13+0xffffffffffffff80],al",          M64, 4,  {0x41, 0x88, 0x45, 0x80}                  },
    {"mov DWORD PTR ds:[ebx+0x0],eax",                       M64, 3,  {0x67, 0x89, 0x03}                        },
    {"mov DWORD PTR ds:[rdi+0xb0],0x0",                      M64, 10, {0xc7, 0x87, 0xb0, 0, 0, 0, 0, 0, 0, 0}   },
    {"mov QWORD PTR ds:[rax+0x0],0xfffffffffffffffe",
     M64,                                                         7,
     {0x48, 0xc7, 0x00, 0xfe, 0xff, 0xff, 0xff}                                                                 },
    {"mov WORD PTR ds:[rax+0x0],0x1234",                     M64, 5,  {0x66, 0xc7, 0x00, 0x34, 0x12}            },
    {"mov BYTE PTR ds:[rax+0x0],0x80",                       M64, 3,  {0xc6, 0x00, 0x80}                        },
    {"mov WORD PTR ds:[rcx+0x0],gs",                         M64, 2,  {0x8c, 0x29}                              },
    {"mov eax,BYTE PTR ds:[rdx+0x0]",                        M64, 3,  {0x0f, 0xb6, 0x02}                        },
    {"mov r10,WORD PTR ds:[rdx+0x0]",                        M64, 4,  {0x4c, 0x0f, 0xb7, 0x12}                  },
    {"movsx esp,BYTE PTR ds:[rdx+0x0]",                      M64, 3,  {0x0f, 0xbe, 0x22}                        },
    {"movsx cx,BYTE PTR ds:[bx+si*1+0x0]",                   M16, 3,  {0x0f, 0xbe, 0x08}                        },
    {"movsx rax,DWORD PTR ds:[rcx+0x0]",                     M64, 3,  {0x48, 0x63, 0x01}                        },
    {"mov eax,DWORD PTR ds:[0x807060504030201]",             M64, 9,  {0xa1, 1, 2, 3, 4, 5, 6, 7, 8}            },
    {"mov BYTE PTR ds:[0x84030201],al",                      M32, 5,  {0xa2, 1, 2, 3, 0x84}                     },
    {"mov WORD PTR fs:[0x201],ax",                           M16, 4,  {0x64, 0xa3, 1, 2}                        },
    {"rep stos DWORD PTR es:[rdi+0x0],eax",                  M64, 2,  {0xf3, 0xab}                              },
    {"rep stos QWORD PTR es:[rdi+0x0],rax",                  M64, 3,  {0xf3, 0x48, 0xab}                        },
    {"movs BYTE PTR es:[edi+0x0],BYTE PTR gs:[esi+0x0]",     M64, 3,  {0x65, 0x67, 0xa4}                        },
    {"lods ax,WORD PTR ss:[si+0x0]",                         M16, 2,  {0x36, 0xad}                              },
    {"rep cmps BYTE PTR ds:[esi+0x0],BYTE PTR es:[edi+0x0]", M32, 2,  {0xf3, 0xa6}                              },
    {"repne scas al,BYTE PTR es:[rdi+0x0]",                  M64, 3,  {0xf3, 0xf2, 0xae}                        },
    {"rep outs dx,BYTE PTR ds:[rsi+0x0]",                    M64, 2,  {0xf3, 0x6e}                              },
    {"ins DWORD PTR es:[rdi+0x0],dx",                        M64, 2,  {0x48, 0x6d}                              },
    {"and DWORD PTR ds:[rcx+0x0],0x7fffffff",                M64, 6,  {0x81, 0x21, 0xff, 0xff, 0xff, 0x7f}      },
    {"or QWORD PTR ds:[rcx+0x0],0xffffffffffffffff",         M64, 4,  {0x48, 0x83, 0x09, 0xff}                  },
    {"cmp BYTE PTR ss:[ebp+0x10],cl",                        M32, 3,  {0x38, 0x4d, 0x10}                        },
    {"sub WORD PTR ss:[bp+0x100],dx",                        M16, 4,  {0x29, 0x96, 0x00, 0x01}                  },
    {"xor DWORD PTR ds:[0x1234],eax",                        M16, 5,  {0x66, 0x31, 0x06, 0x34, 0x12}            },
    {"xor WORD PTR ds:[esi+esi*2+0x4],ax",                   M16, 5,  {0x67, 0x31, 0x44, 0x76, 0x04}            },
    {"lock add QWORD PTR ds:[rbx+0x0],rax",                  M64, 4,  {0xf0, 0x48, 0x01, 0x03}                  },
    {"adc r15d,DWORD PTR ds:[rbx+0x0]",                      M64, 3,  {0x44, 0x13, 0x3b}                        },
    {"sbb BYTE PTR ds:[eax+0x0],0x7f",                       M32, 3,  {0x82, 0x18, 0x7f}                        },
    {"test DWORD PTR ds:[rbx+0x0],eax",                      M64, 2,  {0x85, 0x03}                              },
    {"test BYTE PTR ds:[rbx+0x1],0x20",                      M64, 4,  {0xf6, 0x43, 0x01, 0x20}                  },
    {"not DWORD PTR ds:[rax+0x0]",                           M64, 2,  {0xf7, 0x10}                              },
    {"lock neg BYTE PTR ds:[rax+0x0]",                       M64, 3,  {0xf0, 0xf6, 0x18}                        },
    {"inc WORD PTR cs:[di+0x0]",                             M16, 3,  {0x2e, 0xff, 0x05}                        },
    {"dec BYTE PTR ds:[rax+0x0]",                            M64, 2,  {0xfe, 0x08}                              },
    {"xchg DWORD PTR ds:[rdi+0x0],eax",                      M64, 2,  {0x87, 0x07}                              },
    {"lock cmpxchg BYTE PTR ds:[rdi+0x0],bl",                M64, 4,  {0xf0, 0x0f, 0xb0, 0x1f}                  },
    {"xadd QWORD PTR fs:[rdi+0x0],r9",                       M64, 5,  {0x64, 0x4c, 0x0f, 0xc1, 0x0f}            },
    {"bt WORD PTR ds:[rax+0x0],bx",                          M64, 4,  {0x66, 0x0f, 0xa3, 0x18}                  },
    {"lock btc QWORD PTR ds:[rax+0x0],0xff",                 M64, 6,  {0xf0, 0x48, 0x0f, 0xba, 0x38, 0xff}      },
    {"bts DWORD PTR ss:[ebp+0x0],edx",                       M32, 4,  {0x0f, 0xab, 0x55, 0x00}                  },
    {"push QWORD PTR ds:[rax+0x0]",                          M64, 2,  {0xff, 0x30}                              },
    {"push WORD PTR ds:[rax+0x0]",                           M64, 3,  {0x66, 0xff, 0x30}                        },
    {"pop DWORD PTR ss:[esp+0x4]",                           M32, 4,  {0x8f, 0x44, 0x24, 0x04}                  },
 /* Rules of prefixes. */
    {"mov WORD PTR ds:[rax+0x0],cx",                         M64, 4,  {0x48, 0x66, 0x89, 0x08}                  }, /* REX must be last */
    {"mov QWORD PTR ds:[rax+0x0],rcx",                       M64, 4,  {0x66, 0x48, 0x89, 0x08}                  },
    {"mov DWORD PTR fs:[rax+0x0],ecx",                       M64, 4,  {0x64, 0x2e, 0x89, 0x08}                  }, /* CS means nothing */
    {"mov DWORD PTR cs:[eax+0x0],ecx",                       M32, 4,  {0x64, 0x2e, 0x89, 0x08}                  },
    {"mov DWORD PTR ss:[rbp+0x0],ecx",                       M64, 4,  {0x3e, 0x89, 0x4d, 0x00}                  },
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct decode decode;
        if (!decode_instruction(row->bytes, 15, row->mode, &decode)) {
            fail_msg("%s: not decoded", row->text);
        }
        assert_string_equal(decode_text(&decode).text, row->text);
        assert_int_equal(decode.length, row->length);
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
        {M64, {0xf7, 0x20}      }, /* mul dword [rax] */
        {M64, {0x82, 0x00}      }, /* group 1 again, gone in 64-bit code */
        {M64, {0x8c, 0x30}      }, /* segment register 6 */
        {M64, {0x8f, 0x08}      }, /* group 1A, /1 */
        {M64, {0x0f, 0xba, 0x00}}, /* group 8, /0 */
        {M64, {0x0f, 0x6f, 0x00}}, /* movq mm0, [rax] */
        {M32, {0x63, 0x00}      }, /* arpl */
        {M32, {0x48, 0x89, 0x08}}, /* dec eax */
        {M64, {0xff, 0x10}      }, /* call qword [rax] */
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

/* The limit counts all prefixes. */
static void test_too_long(void **state) {
    (void)state;
    uint8_t bytes[17] = {0};
    struct decode decode;
    memset(bytes, 0x2e, 13);
    bytes[13] = 0x89;
    assert_true(decode_instruction(bytes, sizeof(bytes), M64, &decode));
    assert_int_equal(decode.length, 15);
    bytes[13] = 0x2e;
    bytes[14] = 0x89;
    assert_false(decode_instruction(bytes, sizeof(bytes), M64, &decode));
}

/* SDM Vol. 2, "LOCK": the instructions with which it is allowed. */
static void test_lock(void **state) {
    (void)state;
    static const struct {
        bool allowed;
        uint8_t bytes[4];
    } locks[] = {
        {true,  {0x01, 0x00}      },
        {true,  {0x11, 0x00}      },
        {true,  {0x21, 0x00}      },
        {true,  {0x0f, 0xbb, 0x00}},
        {true,  {0x0f, 0xb3, 0x00}},
        {true,  {0x0f, 0xab, 0x00}},
        {true,  {0x0f, 0xb1, 0x00}},
        {true,  {0xff, 0x08}      },
        {true,  {0xff, 0x00}      },
        {true,  {0xf7, 0x18}      },
        {true,  {0xf7, 0x10}      },
        {true,  {0x09, 0x00}      },
        {true,  {0x19, 0x00}      },
        {true,  {0x29, 0x00}      },
        {true,  {0x31, 0x00}      },
        {true,  {0x0f, 0xc1, 0x00}},
        {true,  {0x87, 0x00}      },
        {true,  {0x83, 0x00, 0x01}},
        {false, {0x03, 0x00}      },
        {false, {0x39, 0x00}      },
        {false, {0x83, 0x38, 0x01}},
        {false, {0x89, 0x00}      },
        {false, {0x8b, 0x00}      },
        {false, {0x85, 0x00}      },
        {false, {0x0f, 0xa3, 0x00}},
        {false, {0x0f, 0xba, 0x20}},
        {false, {0xff, 0x30}      },
        {false, {0xa5}            },
        {false, {0x0f, 0xb6, 0x00}},
    };
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        uint8_t bytes[16] = {0xf0};
        struct decode decode;
        memcpy(bytes + 1, locks[i].bytes, sizeof(locks[i].bytes));
        assert_true(decode_instruction(bytes, sizeof(bytes), M64, &decode));
        assert_true(decode.is_locked);
        assert_int_equal(decode_may_be_locked(&decode), locks[i].allowed);
    }
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
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_prefixes_only),
        cmocka_unit_test(test_too_long), cmocka_unit_test(test_lock),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
