/*
 * The I/O APIC as memory (82093AA data sheet, 3.1 "Memory Mapped Registers"): a redirection entry
 * of an unused pin keeps what is written, as far as its bits can be. Every instruction here makes
 * the processor leave the guest; what is found is what the manual says of the instruction.
 */
#include "tests/guests/small/device.h"

#include <stdint.h>

#include "tests/guests/small/check.h"

#define IOAPIC_SELECT ((volatile uint32_t *)0xfec00000)
#define IOAPIC_WINDOW ((volatile uint32_t *)0xfec00010)
#define UNUSED_ENTRY  (0x10u + 2 * 23) /* low half; pin 23 has no line */

#define MASKED   0x10000u
#define WRITABLE 0x1afffu /* vector, modes, polarity, trigger, mask: not the two that only tell */

static void set(uint32_t value) {
    *IOAPIC_WINDOW = value;
}

static bool has(uint32_t value) {
    return ((*IOAPIC_WINDOW ^ value) & WRITABLE) == 0;
}

/* One operand, the window; VALUE before, RESULT after. The instruction is the assembler's text. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define CHANGE(instruction, value, result)                                       \
    do {                                                                         \
        set(value);                                                              \
        __asm__ volatile(instruction : "+m"(*IOAPIC_WINDOW) : : "cc", "memory"); \
        check(has(result), instruction);                                         \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static void check_changes(void) {
    CHANGE("movl $0x10077, %0", MASKED, MASKED | 0x77);
    CHANGE("orl $0x44, %0", MASKED | 0x11, MASKED | 0x55);
    CHANGE("andl $0x100f0, %0", MASKED | 0x5a, MASKED | 0x50);
    CHANGE("xorl $0xff, %0", MASKED | 0x5a, MASKED | 0xa5);
    CHANGE("addl $0x20, %0", MASKED | 0x0f, MASKED | 0x2f);
    CHANGE("subl $1, %0", MASKED | 0x40, MASKED | 0x3f);
    CHANGE("stc; adcl $1, %0", MASKED | 1, MASKED | 3);
    CHANGE("stc; sbbl $1, %0", MASKED | 0x22, MASKED | 0x20);
    CHANGE("incl %0", MASKED | 0x7f, MASKED | 0x80);
    CHANGE("decl %0", MASKED | 0x80, MASKED | 0x7f);
    CHANGE("notl %0", MASKED | 0x5a, WRITABLE & ~(MASKED | 0x5au));
    CHANGE("negl %0", MASKED | 1, WRITABLE & (0u - (MASKED | 1u)));
    CHANGE("lock; btsl $5, %0", MASKED | 1, MASKED | 0x21);
    CHANGE("btrl $16, %0", MASKED | 3, 3);
    CHANGE("btcl $1, %0", MASKED | 3, MASKED | 1);
}

static void check_exchanges(void) {
    uint32_t value = MASKED | 0x99, old;
    set(MASKED | 0x31);
    __asm__ volatile("xchgl %0, %1" : "+r"(value), "+m"(*IOAPIC_WINDOW) : : "memory");
    check((value & WRITABLE) == (MASKED | 0x31) && has(MASKED | 0x99), "xchg");

    value = 2;
    __asm__ volatile("lock; xaddl %0, %1" : "+r"(value), "+m"(*IOAPIC_WINDOW) : : "cc", "memory");
    check((value & WRITABLE) == (MASKED | 0x99) && has(MASKED | 0x9b), "lock xadd");

    bool is_equal;
    old = *IOAPIC_WINDOW;
    __asm__ volatile("lock; cmpxchgl %3, %1"
                     : "+a"(old), "+m"(*IOAPIC_WINDOW), "=@ccz"(is_equal)
                     : "r"(MASKED | 0x42u)
                     : "memory");
    check(is_equal && has(MASKED | 0x42), "lock cmpxchg of what is there");
    old = 0;
    __asm__ volatile("lock; cmpxchgl %3, %1"
                     : "+a"(old), "+m"(*IOAPIC_WINDOW), "=@ccz"(is_equal)
                     : "r"(MASKED | 0x43u)
                     : "memory");
    check(!is_equal && has(MASKED | 0x42) && (old & WRITABLE) == (MASKED | 0x42),
          "lock cmpxchg of something else");
}

static void check_reads(void) {
    uint32_t value;
    bool flag;
    set(MASKED | 0x85);
    __asm__ volatile("movzbl %1, %0" : "=r"(value) : "m"(*IOAPIC_WINDOW));
    check(value == 0x85, "movzx of a byte");
    __asm__ volatile("movsbl %1, %0" : "=r"(value) : "m"(*IOAPIC_WINDOW));
    check(value == 0xffffff85, "movsx of a byte");
    __asm__ volatile("cmpl %2, %1" : "=@ccz"(flag) : "m"(*IOAPIC_WINDOW), "r"(MASKED | 0x85u));
    check(flag, "cmp");
    __asm__ volatile("testb $0x7a, %1" : "=@ccz"(flag) : "m"(*IOAPIC_WINDOW));
    check(flag, "test");
    __asm__ volatile("btl %2, %1" : "=@ccc"(flag) : "m"(*IOAPIC_WINDOW), "r"(7));
    check(flag, "bt by a register");
    value = 0;
    __asm__ volatile("addb %b1, %b0" : "+q"(value) : "m"(*IOAPIC_WINDOW) : "cc");
    check(value == 0x85, "add to a register");
    __asm__ volatile("pushl %1; popl %0" : "=r"(value) : "m"(*IOAPIC_WINDOW) : "memory");
    check((value & WRITABLE) == (MASKED | 0x85), "push");
    __asm__ volatile("pushl %1; popl %0" : "=m"(*IOAPIC_WINDOW) : "r"(MASKED | 0x61u) : "memory");
    check(has(MASKED | 0x61), "pop");
}

static void check_strings(void) {
    uint32_t buffer = 0, value = MASKED | 0x13, count = 1;
    void *from, *to = (void *)IOAPIC_WINDOW;
    bool flag;
    __asm__ volatile("rep; stosl" : "+D"(to), "+c"(count) : "a"(value) : "memory");
    check(has(MASKED | 0x13) && count == 0 && (uintptr_t)to == 0xfec00014, "rep stos");
    from = (void *)IOAPIC_WINDOW;
    to = &buffer;
    __asm__ volatile("movsl" : "+D"(to), "+S"(from) : : "memory");
    check((buffer & WRITABLE) == (MASKED | 0x13) && (uintptr_t)from == 0xfec00014, "movs");
    from = (void *)IOAPIC_WINDOW;
    __asm__ volatile("lodsl" : "+S"(from), "=a"(value) : : "memory");
    check(value == buffer, "lods");
    from = (void *)IOAPIC_WINDOW;
    to = &buffer;
    count = 1;
    __asm__ volatile("repe; cmpsl" : "+D"(to), "+S"(from), "+c"(count), "=@ccz"(flag) : : "memory");
    check(flag && count == 0, "repe cmps");
    to = (void *)IOAPIC_WINDOW;
    __asm__ volatile("std; scasb; cld" : "+D"(to), "=@ccz"(flag) : "a"(0x13) : "memory");
    check(flag && (uintptr_t)to == 0xfec0000f, "scas downwards");
}

void device_check(void) {
    *IOAPIC_SELECT = UNUSED_ENTRY;
    check_changes();
    check_exchanges();
    check_reads();
    check_strings();
    set(MASKED);
}
