/* The line editor. Pure. */
#include "guests/manager/line_editor.h"

#include <string.h>

#define BELL      "\a"
#define RUB_OUT   "\b \b"
#define CONTROL_C 0x03
#define CONTROL_U 0x15
#define CONTROL_W 0x17
#define ESCAPE    0x1b
#define DELETE    0x7f

/* ECMA-48, 5.4: CSI, parameters (30-3F), intermediates (20-2F), one final byte (40-7E). */
enum { SEQUENCE_NONE, SEQUENCE_ESCAPE, SEQUENCE_PARAMETERS };

static void show(char *echo, const char *text) {
    memcpy(echo, text, strlen(text) + 1);
}

void line_editor_clear(struct line_editor *editor) {
    editor->length = 0;
    editor->line[0] = 0;
}

/* Keys that a terminal sends as a sequence do nothing here. True: the byte was part of one. */
static bool is_in_sequence(struct line_editor *editor, uint8_t byte) {
    switch (editor->sequence) {
    case SEQUENCE_ESCAPE:
        editor->sequence = byte == '[' || byte == 'O' ? SEQUENCE_PARAMETERS : SEQUENCE_NONE;
        return byte >= 0x20;
    case SEQUENCE_PARAMETERS:
        if (byte < 0x20 || byte > 0x7e) {
            editor->sequence = SEQUENCE_NONE;
            return false;
        }
        if (byte >= 0x40)
            editor->sequence = SEQUENCE_NONE;
        return true;
    default:
        if (byte != ESCAPE)
            return false;
        editor->sequence = SEQUENCE_ESCAPE;
        return true;
    }
}

static void rub_out(struct line_editor *editor, char *echo) {
    if (editor->length == 0)
        return;
    editor->line[--editor->length] = 0;
    memcpy(echo + strlen(echo), RUB_OUT, sizeof(RUB_OUT));
}

static void rub_out_word(struct line_editor *editor, char *echo) {
    while (editor->length > 0 && editor->line[editor->length - 1] == ' ')
        rub_out(editor, echo);
    while (editor->length > 0 && editor->line[editor->length - 1] != ' ')
        rub_out(editor, echo);
}

static void insert(struct line_editor *editor, uint8_t byte, char *echo) {
    if (byte < 0x20 || byte >= DELETE || editor->length + 1 >= LINE_EDITOR_SIZE) {
        show(echo, BELL);
        return;
    }
    editor->line[editor->length++] = (char)byte;
    editor->line[editor->length] = 0;
    echo[0] = (char)byte;
    echo[1] = 0;
}

enum line_editor_result line_editor_feed(struct line_editor *editor, uint8_t byte,
                                         char echo[LINE_EDITOR_ECHO_SIZE]) {
    bool is_behind_return = editor->is_behind_return;
    editor->is_behind_return = byte == '\r';
    echo[0] = 0;
    if (byte == '\n' && is_behind_return)
        return LINE_EDITOR_MORE;
    if (is_in_sequence(editor, byte))
        return LINE_EDITOR_MORE;
    switch (byte) {
    case '\r':
    case '\n': show(echo, "\n"); return LINE_EDITOR_DONE;
    case CONTROL_C:
        line_editor_clear(editor);
        show(echo, "^C\n");
        return LINE_EDITOR_CANCELLED;
    case '\b':
    case DELETE: rub_out(editor, echo); break;
    case CONTROL_U:
        while (editor->length > 0)
            rub_out(editor, echo);
        break;
    case CONTROL_W: rub_out_word(editor, echo); break;
    case 0: break; /* some terminals send it as padding */
    default: insert(editor, byte, echo); break;
    }
    return LINE_EDITOR_MORE;
}
