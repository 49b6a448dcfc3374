/* Formatted text into a bounded buffer. Pure. */
#include "kernel/print.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
    char *buffer;
    size_t size;
    size_t length;
};

struct directive {
    bool is_left, is_zero_padded;
    size_t width;
    size_t precision; /* SIZE_MAX: none */
    uint32_t long_count;
};

static void put(struct output *output, char c) {
    if (output->length + 1 < output->size)
        output->buffer[output->length++] = c;
}

static void put_padded(struct output *output, const struct directive *directive, const char *text,
                       size_t length, bool is_number) {
    size_t padding = directive->width > length ? directive->width - length : 0;
    char fill = directive->is_zero_padded && is_number && !directive->is_left ? '0' : ' ';
    if (fill == '0' && length > 0 && *text == '-') {
        put(output, *text++);
        length--;
    }
    for (size_t i = 0; i < padding && !directive->is_left; i++)
        put(output, fill);
    for (size_t i = 0; i < length; i++)
        put(output, text[i]);
    for (size_t i = 0; i < padding && directive->is_left; i++)
        put(output, ' ');
}

static void put_number(struct output *output, const struct directive *directive, uint64_t value,
                       uint32_t base, const char *prefix) {
    char digits[24];
    size_t position = sizeof digits;
    do {
        digits[--position] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    size_t prefix_length = 0;
    while (prefix[prefix_length] != '\0')
        prefix_length++;
    for (size_t i = prefix_length; i > 0; i--)
        digits[--position] = prefix[i - 1];
    put_padded(output, directive, digits + position, sizeof digits - position, true);
}

static const char *parse_directive(const char *format, struct directive *directive) {
    for (;; format++) {
        if (*format == '-')
            directive->is_left = true;
        else if (*format == '0')
            directive->is_zero_padded = true;
        else
            break;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        directive->width = directive->width * 10 + (size_t)(*format - '0');
    if (*format == '.') {
        directive->precision = 0;
        for (format++; *format >= '0' && *format <= '9'; format++)
            directive->precision = directive->precision * 10 + (size_t)(*format - '0');
    }
    for (; *format == 'l' || *format == 'z'; format++)
        directive->long_count++;
    return format;
}

size_t print_format_list(char *buffer, size_t size, const char *format, va_list arguments) {
    struct output output = {.buffer = buffer, .size = size};
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        struct directive directive = {.precision = SIZE_MAX};
        format = parse_directive(format + 1, &directive);
        switch (*format) {
        case 's': {
            const char *text = va_arg(arguments, const char *);
            if (text == NULL)
                text = "(null)";
            size_t length = 0;
            while (length < directive.precision && text[length] != '\0')
                length++;
            put_padded(&output, &directive, text, length, false);
            break;
        }
        case 'c': put(&output, (char)va_arg(arguments, int)); break;
        case 'd': {
            int64_t value = directive.long_count > 0 ? va_arg(arguments, long)
                                                     : va_arg(arguments, int);
            uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
            put_number(&output, &directive, magnitude, 10, value < 0 ? "-" : "");
            break;
        }
        case 'u':
        case 'x': {
            uint64_t value = directive.long_count > 0 ? va_arg(arguments, unsigned long)
                                                      : va_arg(arguments, unsigned int);
            put_number(&output, &directive, value, *format == 'x' ? 16 : 10, "");
            break;
        }
        case 'p':
            put_number(&output, &directive, (uint64_t)va_arg(arguments, void *), 16, "0x");
            break;
        case '%': put(&output, '%'); break;
        default: /* the compiler has checked formats; what is left is a lone % at the end */
            put(&output, '%');
            format--;
            break;
        }
    }
    if (size > 0)
        buffer[output.length] = '\0';
    return output.length;
}

size_t print_format(char *buffer, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t length = print_format_list(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
