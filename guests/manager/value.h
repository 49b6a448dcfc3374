/* Values of the configuration: text to numbers, checked for overflow. Pure. */
#ifndef BULKHEAD_MANAGER_VALUE_H
#define BULKHEAD_MANAGER_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal number, all of the text. false: something else, or above UINT64_MAX. */
bool value_number(const char *text, uint64_t *number);
/* A number of bytes with K, M, G or T behind it (powers of 1024, small letters too, a B may
 * follow). */
bool value_size(const char *text, uint64_t *bytes);
/* "256M", "1000K": the largest unit that divides it. Returns the buffer. */
const char *value_format_size(uint64_t bytes, char *buffer, size_t size);
/* Copies the text with its end; false, and nothing is copied, if it does not fit. */
bool value_copy(char *buffer, size_t size, const char *text);
/* The word of a NULL-terminated list that the text is, its index, or -1. */
int value_word(const char *text, const char *const *words);
/* The word of a NULL-terminated list with the smallest edit distance, if that is small enough to be
 * meant; otherwise NULL. */
const char *value_nearest(const char *text, const char *const *words);

#endif
