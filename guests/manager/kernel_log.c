/* The kernel's log on the screen. */
#include "guests/manager/kernel_log.h"

#include "abi/syscalls.h"
#include "guests/manager/screen.h"

enum { WHICH_OLDEST = 0, WHICH_NEWEST = 1 };

static uint64_t position;
static uint64_t replay_end; /* the old lines end there */
static char line[512];
static uint32_t line_length;

static uint64_t ask_position(uint32_t which) {
    int64_t result = sys_system_log_position(HANDLE_SYSTEM, which);
    return result < 0 ? position : (uint64_t)result;
}

void kernel_log_open(handle_t event, uint64_t bits) {
    position = ask_position(WHICH_NEWEST);
    sys_system_watch_log(HANDLE_SYSTEM, event, bits);
}

static void show_line(void) {
    screen_log_line(line, line_length);
    line_length = 0;
}

static void show(const char *text, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            show_line();
            continue;
        }
        if (text[i] != '\r')
            line[line_length++] = text[i];
        if (line_length == sizeof(line))
            show_line();
    }
}

void kernel_log_pump(void) {
    bool has_shown = false;
    while (screen_is_ready()) {
        char text[256] = {0};
        uint64_t oldest = ask_position(WHICH_OLDEST);
        if (position < oldest)
            position = oldest;
        int64_t length = sys_system_read_log(HANDLE_SYSTEM, position, text, sizeof(text));
        if (length <= 0)
            break;
        position += (uint64_t)length;
        show(text, (uint32_t)length);
        has_shown = true;
    }
    if (has_shown)
        screen_end_lines();
}

void kernel_log_replay(void) {
    replay_end = ask_position(WHICH_NEWEST);
    position = ask_position(WHICH_OLDEST);
    line_length = 0;
}

bool kernel_log_is_replaying(void) {
    return position < replay_end;
}
