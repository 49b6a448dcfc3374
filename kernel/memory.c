/* Plain memory functions, by words where both sides allow it. Built with
 * -fno-tree-loop-distribute-patterns, lest the compiler turn these loops into calls to themselves.
 */
#include "kernel/string.h"

#include <stdint.h>

/* A word at any address, of any type. */
struct word {
    uint64_t value;
} __attribute__((packed, may_alias));

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
    return memmove(to, from, length);
}

void *memmove(void *to, const void *from, size_t length) {
    unsigned char *target = to;
    const unsigned char *source = from;
    if ((uintptr_t)target - (uintptr_t)source >= length) {
        for (; length >= sizeof(struct word); length -= 8, target += 8, source += 8)
            ((struct word *)(void *)target)->value =
                ((const struct word *)(const void *)source)->value;
        while (length-- > 0)
            *target++ = *source++;
    } else {
        while (length-- > 0)
            target[length] = source[length];
    }
    return to;
}

void *memset(void *memory, int value, size_t length) {
    unsigned char *target = memory;
    uint64_t word = (unsigned char)value * 0x0101010101010101ull;
    for (; length >= sizeof(struct word); length -= 8, target += 8)
        ((struct word *)(void *)target)->value = word;
    while (length-- > 0)
        *target++ = (unsigned char)value;
    return memory;
}

int memcmp(const void *left, const void *right, size_t length) {
    const unsigned char *a = left;
    const unsigned char *b = right;
    for (; length > 0; length--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}
