/*
 * The functions of <string.h> that the loader and a freestanding compiler call. Whole words where
 * possible: emulators count, and take, one step for each repetition.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
    void *t = to;
    size_t words = length / 8, rest = length % 8;
    __asm__ volatile("rep movsq" : "+D"(t), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(t), "+S"(from), "+c"(rest) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t length) {
    unsigned char *t = to;
    const unsigned char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= length) {
        return memcpy(to, from, length);
    }
    while (length-- > 0) {
        t[length] = f[length];
        __asm__ volatile("" : : : "memory"); /* keep it a loop, not a call of memmove */
    }
    return to;
}

void *memset(void *to, int value, size_t length) {
    void *t = to;
    size_t words = length / 8, rest = length % 8;
    uint64_t pattern = 0x0101010101010101ull * (unsigned char)value;
    __asm__ volatile("rep stosq" : "+D"(t), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(t), "+c"(rest) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t length) {
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < length; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b) {
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

size_t strlen(const char *s) {
    size_t length = 0;
    while (s[length] != '\0') {
        length++;
    }
    return length;
}
