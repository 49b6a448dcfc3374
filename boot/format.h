/*
 * Text from numbers, for messages. Portable.
 */
#ifndef BULKHEAD_BOOT_FORMAT_H
#define BULKHEAD_BOOT_FORMAT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * As vsnprintf, with %s %c %u %x %lu %lx and %% and nothing else: no widths, no flags. Returns the
 * length that the whole text has; what does not fit is cut, and out always ends with NUL.
 */
size_t format_text(char *out, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#define FORMAT_SIZE_LENGTH 32

/* A size for people, "212 KiB" or "36 MiB": KiB round up, MiB to the nearest. Returns out. */
const char *format_size(char out[static FORMAT_SIZE_LENGTH], uint64_t bytes);

#endif
