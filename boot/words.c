/*
 * The kernel's command line from its two sources. Portable: unit-tested on the host.
 */
#include "boot/words.h"

#include <string.h>

/* Copied character by character: the source may be in UTF-16. */
static bool words_append(struct words_line *line, const uint8_t *text, size_t count, size_t step) {
    while (count > 0 && text[0] == ' ') {
        text += step;
        count--;
    }
    while (count > 0 && text[(count - 1) * step] == ' ') {
        count--;
    }
    if (count == 0) {
        return true;
    }
    size_t space = line->length > 0;
    if (line->size - line->length <= count + space) {
        return false;
    }
    if (space != 0) {
        line->text[line->length++] = ' ';
    }
    for (size_t i = 0; i < count; i++) {
        line->text[line->length++] = (char)text[i * step];
    }
    line->text[line->length] = '\0';
    return true;
}

bool words_append_first_line(struct words_line *line, const void *file, size_t length) {
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    const uint8_t *text = file;
    if (length >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0) {
        text += sizeof(mark);
        length -= sizeof(mark);
    }
    size_t count = 0;
    while (count < length && text[count] != '\n' && text[count] != '\r' && text[count] != '\0') {
        count++;
    }
    return words_append(line, text, count, 1);
}

static bool words_is_printable(uint8_t c) {
    return c >= 0x20 && c < 0x7f;
}

/* How many characters before the NULs at the end, if all of them are printable; else 0. */
static size_t words_printable_count(const uint8_t *text, size_t length, size_t step) {
    size_t count = length / step;
    while (count > 0 && text[(count - 1) * step] == 0 &&
           (step == 1 || text[count * step - 1] == 0)) {
        count--;
    }
    for (size_t i = 0; i < count; i++) {
        if (!words_is_printable(text[i * step]) || (step == 2 && text[i * step + 1] != 0)) {
            return 0;
        }
    }
    return count;
}

static bool words_is_program(const uint8_t *word, size_t count, size_t step) {
    static const char ending[] = ".efi";
    const size_t ending_length = sizeof(ending) - 1;
    if (count < ending_length) {
        return false;
    }
    for (size_t i = 0; i < ending_length; i++) {
        uint8_t c = word[(count - ending_length + i) * step];
        if ((c | (c >= 'A' && c <= 'Z' ? 0x20 : 0)) != ending[i]) {
            return false;
        }
    }
    return true;
}

bool words_append_load_options(struct words_line *line, const void *options, size_t length) {
    const uint8_t *text = options;
    size_t step = 2;
    size_t count = length % 2 == 0 ? words_printable_count(text, length, step) : 0;
    if (count == 0) {
        step = 1;
        count = words_printable_count(text, length, step);
    }
    size_t first = 0;
    while (first < count && text[first * step] != ' ') {
        first++;
    }
    if (words_is_program(text, first, step)) {
        text += first * step;
        count -= first;
    }
    return words_append(line, text, count, step);
}

bool words_contain(const char *line, const char *word) {
    size_t length = strlen(word);
    while (*line != '\0') {
        size_t count = 0;
        while (line[count] != '\0' && line[count] != ' ') {
            count++;
        }
        if (count == length && memcmp(line, word, length) == 0) {
            return true;
        }
        line += count;
        line += *line == ' ';
    }
    return false;
}
