/* The line that is typed at the prompt. Any byte is safe. Pure. */
#ifndef BULKHEAD_MANAGER_LINE_EDITOR_H
#define BULKHEAD_MANAGER_LINE_EDITOR_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_EDITOR_SIZE      128                        /* bytes of a line, with the end's NUL */
#define LINE_EDITOR_ECHO_SIZE (3 * LINE_EDITOR_SIZE + 8) /* what one byte can make appear */

enum line_editor_result { LINE_EDITOR_MORE, LINE_EDITOR_DONE, LINE_EDITOR_CANCELLED };

struct line_editor {
    char line[LINE_EDITOR_SIZE];
    uint32_t length;
    uint8_t sequence;      /* how far into an escape sequence of a terminal's key */
    bool is_behind_return; /* a line feed right behind a carriage return is part of it */
};

/* Takes one byte. echo gets what to show, NUL-terminated. DONE: line is complete; the next byte
 * begins another one after line_editor_clear. */
enum line_editor_result line_editor_feed(struct line_editor *editor, uint8_t byte,
                                         char echo[LINE_EDITOR_ECHO_SIZE]);
void line_editor_clear(struct line_editor *editor);

#endif
