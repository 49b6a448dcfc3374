/* Values of the configuration. Pure. */
#include "guests/manager/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char units[] = "KMGT";

/* Digits at the start of the text; returns what is behind them, NULL if there is none or too many.
 */
static const char *digits(const char *text, uint64_t *number) {
    const char *p = text;
    *number = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(*number, 10u, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*p - '0'), number))
            return NULL;
    }
    return p == text ? NULL : p;
}

bool value_number(const char *text, uint64_t *number) {
    const char *rest = digits(text, number);
    return rest && *rest == 0;
}

bool value_size(const char *text, uint64_t *bytes) {
    const char *rest = digits(text, bytes);
    if (!rest)
        return false;
    if (*rest == 0)
        return true;
    char letter = *rest >= 'a' && *rest <= 'z' ? (char)(*rest - 'a' + 'A') : *rest;
    const char *unit = strchr(units, letter);
    if (!unit || *unit == 0)
        return false;
    rest++;
    if (*rest == 'B' || *rest == 'b')
        rest++;
    unsigned shift = 10 * (unsigned)(unit - units + 1);
    if (*rest != 0 || *bytes > UINT64_MAX >> shift)
        return false;
    *bytes <<= shift;
    return true;
}

const char *value_format_size(uint64_t bytes, char *buffer, size_t size) {
    unsigned unit = 0;
    while (unit < 4 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    if (unit == 0)
        snprintf(buffer, size, "%" PRIu64, bytes);
    else
        snprintf(buffer, size, "%" PRIu64 "%c", bytes, units[unit - 1]);
    return buffer;
}

bool value_copy(char *buffer, size_t size, const char *text) {
    size_t length = strlen(text);
    if (length >= size)
        return false;
    memcpy(buffer, text, length + 1);
    return true;
}

int value_word(const char *text, const char *const *words) {
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0)
            return i;
    }
    return -1;
}

#define WORD_LIMIT 32u

static unsigned least(unsigned a, unsigned b, unsigned c) {
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to insert, delete or replace (Levenshtein's distance), row by row. */
static unsigned distance(const char *a, const char *b) {
    unsigned row[WORD_LIMIT + 1];
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > WORD_LIMIT || b_length > WORD_LIMIT)
        return UINT32_MAX;
    for (unsigned j = 0; j <= b_length; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            unsigned above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

const char *value_nearest(const char *text, const char *const *words) {
    const char *best = NULL;
    /* A third of the letters wrong is a slip; more is another word. */
    unsigned best_distance = (unsigned)(strlen(text) + 2) / 3 + 1;
    for (; *words; words++) {
        unsigned d = distance(text, *words);
        if (d < best_distance) {
            best_distance = d;
            best = *words;
        }
    }
    return best;
}
