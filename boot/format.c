/*
 * Text from numbers, for messages. Portable: unit-tested on the host.
 */
#include "boot/format.h"

struct format_out {
    char *text;
    size_t size;
    size_t length;
};

static void format_put(struct format_out *out, char c) {
    if (out->length + 1 < out->size) {
        out->text[out->length] = c;
    }
    out->length++;
}

static void format_put_string(struct format_out *out, const char *s) {
    while (*s != '\0') {
        format_put(out, *s++);
    }
}

static void format_put_number(struct format_out *out, uint64_t value, unsigned base) {
    char digit[20]; /* 2^64 has 20 decimal digits */
    size_t count = 0;
    do {
        digit[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) {
        format_put(out, digit[--count]);
    }
}

size_t format_text(char *text, size_t size, const char *format, va_list arguments) {
    struct format_out out = {.text = text, .size = size, .length = 0};

    for (const char *f = format; *f != '\0'; f++) {
        if (*f != '%') {
            format_put(&out, *f);
            continue;
        }
        f++;
        int is_long = *f == 'l';
        f += is_long;
        switch (*f) {
        case 's': format_put_string(&out, va_arg(arguments, const char *)); break;
        case 'c': format_put(&out, (char)va_arg(arguments, int)); break;
        case 'u':
        case 'x': {
            uint64_t value = is_long ? va_arg(arguments, unsigned long)
                                     : va_arg(arguments, unsigned);
            format_put_number(&out, value, *f == 'u' ? 10 : 16);
            break;
        }
        case '\0': f--; break;
        default: format_put(&out, *f);
        }
    }
    if (size > 0) {
        text[out.length < size ? out.length : size - 1] = '\0';
    }
    return out.length;
}

static void format_with(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void format_with(char *out, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    format_text(out, size, format, arguments);
    va_end(arguments);
}

const char *format_size(char out[static FORMAT_SIZE_LENGTH], uint64_t bytes) {
    const uint64_t kib = 1024, mib = 1024 * kib;
    if (bytes < mib) {
        format_with(out, FORMAT_SIZE_LENGTH, "%lu KiB", bytes / kib + (bytes % kib != 0));
    } else {
        format_with(out, FORMAT_SIZE_LENGTH, "%lu MiB", bytes / mib + (bytes % mib >= mib / 2));
    }
    return out;
}
