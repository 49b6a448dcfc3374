/* Formatted text: %s %c %d %u %x %p %% with l, ll, z, width, 0 and - ; bounded, always terminated.
 */
#ifndef BULKHEAD_KERNEL_PRINT_H
#define BULKHEAD_KERNEL_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* Returns the length written, without the NUL; cut to size - 1. */
size_t print_format(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t print_format_list(char *buffer, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
