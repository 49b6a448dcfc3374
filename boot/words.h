/*
 * The kernel's command line from its two sources. Portable.
 */
#ifndef BULKHEAD_BOOT_WORDS_H
#define BULKHEAD_BOOT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words_line {
    char *text; /* always NUL-terminated */
    size_t size;
    size_t length;
};

/*
 * Each appends to the line, with a space between, and returns false if that does not fit (then the
 * line is as before).
 */

/* The first line of a text file, without a UTF-8 byte order mark and without its end. */
bool words_append_first_line(struct words_line *line, const void *file, size_t length);

/*
 * EFI load options, if they are printable ASCII in UTF-16 or bytes; anything else is not for us
 * (boot managers put binary data there). A shell gives the program's own name as the first word: a
 * word that ends in ".efi" is left out there.
 */
bool words_append_load_options(struct words_line *line, const void *options, size_t length);

/* Whether the line holds this word, between spaces. */
bool words_contain(const char *line, const char *word);

#endif
