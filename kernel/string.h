/* The memory functions that the compiler expects to find, and two on strings. */
#ifndef BULKHEAD_KERNEL_STRING_H
#define BULKHEAD_KERNEL_STRING_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *memory, int value, size_t length);
int memcmp(const void *left, const void *right, size_t length);

/* Length, at most limit: bounded for text that may lack its end. */
size_t string_length(const char *text, size_t limit);
bool string_equal(const char *left, const char *right);

#endif
