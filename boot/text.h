/*
 * UTF-8, which Bulkhead speaks, from and to UTF-16, which UEFI speaks. Portable.
 */
#ifndef BULKHEAD_BOOT_TEXT_H
#define BULKHEAD_BOOT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Both convert up to the terminating NUL, write at most size (count) elements including a NUL, and
 * never cut a character in two. They return the length without NUL that the whole result has, so a
 * result of size or more was cut. What is not well-formed becomes U+FFFD.
 */
size_t text_from_utf16(char *out, size_t size, const uint16_t *in);
size_t text_to_utf16(uint16_t *out, size_t count, const char *in);

#endif
