/*
 * UTF-8 from and to UTF-16. Portable: unit-tested on the host.
 */
#include "boot/text.h"

#include <stdbool.h>

static const uint32_t text_bad = 0xfffd; /* replacement character */

static uint32_t text_next_utf16(const uint16_t **in) {
    uint16_t first = *(*in)++;
    if (first < 0xd800 || first > 0xdfff) {
        return first;
    }
    uint16_t second = **in;
    if (first > 0xdbff || second < 0xdc00 || second > 0xdfff) {
        return text_bad;
    }
    (*in)++;
    return 0x10000u + ((first & 0x3ffu) << 10) + (second & 0x3ffu);
}

static uint32_t text_next_utf8(const char **in) {
    static const struct {
        uint8_t mask, lead, more;
        uint32_t least;
    } form[] = {
        {0x80, 0x00, 0, 0x0    },
        {0xe0, 0xc0, 1, 0x80   },
        {0xf0, 0xe0, 2, 0x800  },
        {0xf8, 0xf0, 3, 0x10000},
    };
    uint8_t first = (uint8_t) * (*in)++;
    for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
        if ((first & form[i].mask) != form[i].lead) {
            continue;
        }
        uint32_t value = first & (uint8_t)~form[i].mask;
        for (uint8_t n = 0; n < form[i].more; n++) {
            uint8_t next = (uint8_t) * *in;
            if ((next & 0xc0) != 0x80) {
                return text_bad;
            }
            value = value << 6 | (next & 0x3fu);
            (*in)++;
        }
        bool surrogate = value >= 0xd800 && value <= 0xdfff;
        return value < form[i].least || value > 0x10ffff || surrogate ? text_bad : value;
    }
    return text_bad;
}

size_t text_from_utf16(char *out, size_t size, const uint16_t *in) {
    size_t length = 0, written = 0;
    while (*in != 0) {
        uint32_t c = text_next_utf16(&in);
        char bytes[4];
        size_t count = 0;
        if (c < 0x80) {
            bytes[count++] = (char)c;
        } else {
            size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
            static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
            bytes[count++] = (char)(lead[more] | c >> (6 * more));
            while (more-- > 0) {
                bytes[count++] = (char)(0x80 | ((c >> (6 * more)) & 0x3f));
            }
        }
        if (written == length && length + count < size) {
            for (size_t i = 0; i < count; i++) {
                out[written++] = bytes[i];
            }
        }
        length += count;
    }
    if (size > 0) {
        out[written] = '\0';
    }
    return length;
}

size_t text_to_utf16(uint16_t *out, size_t count, const char *in) {
    size_t length = 0, written = 0;
    while (*in != '\0') {
        uint32_t c = text_next_utf8(&in);
        uint16_t unit[2] = {(uint16_t)c, 0};
        size_t units = 1;
        if (c >= 0x10000) {
            unit[0] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            unit[1] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
            units = 2;
        }
        if (written == length && length + units < count) {
            for (size_t i = 0; i < units; i++) {
                out[written++] = unit[i];
            }
        }
        length += units;
    }
    if (count > 0) {
        out[written] = 0;
    }
    return length;
}
