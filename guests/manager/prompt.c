/* The prompt. While it is in front, prompt and typed text are the screen's footer. */
#include "guests/manager/prompt.h"

#include <stdbool.h>
#include <stdio.h>

#include "guests/manager/commands.h"
#include "guests/manager/console.h"
#include "guests/manager/line_editor.h"
#include "guests/manager/screen.h"

#define PROMPT "bulkhead> "

static struct line_editor editor;
static char footer[sizeof(PROMPT) + LINE_EDITOR_SIZE];

static void show(void) {
    snprintf(footer, sizeof(footer), PROMPT "%s", editor.line);
    screen_start_line();
    screen_print("%s", footer);
    screen_set_footer(footer);
}

void prompt_show(void) {
    show();
}

void prompt_hide(void) {
    screen_set_footer(NULL);
}

static void run(void) {
    char line[LINE_EDITOR_SIZE];
    snprintf(line, sizeof(line), "%s", editor.line);
    line_editor_clear(&editor);
    screen_set_footer(NULL);
    commands_run(line);
    /* Still in front, and nothing to be waited for: the next line. */
    if (!console_front() && !commands_is_waiting())
        show();
}

void prompt_input(uint8_t byte) {
    char echo[LINE_EDITOR_ECHO_SIZE];
    enum line_editor_result result = line_editor_feed(&editor, byte, echo);
    screen_print("%s", echo);
    switch (result) {
    case LINE_EDITOR_DONE: run(); break;
    case LINE_EDITOR_CANCELLED: show(); break;
    case LINE_EDITOR_MORE: snprintf(footer, sizeof(footer), PROMPT "%s", editor.line); break;
    }
}
