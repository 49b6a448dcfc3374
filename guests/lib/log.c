/* Lines for the kernel's log. */
#include "guests/lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/mutex.h"

static struct mutex lock = MUTEX_INITIALIZER;
static char unfinished[LOG_LINE_SIZE];
static size_t unfinished_length;

void log_line(const char *format, ...) {
    char line[LOG_LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    sys_log_write(line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

static void flush(void) {
    sys_log_write(unfinished, unfinished_length);
    unfinished_length = 0;
}

void log_text(const char *text, size_t length) {
    mutex_lock(&lock);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            flush();
            continue;
        }
        if (unfinished_length == sizeof(unfinished))
            flush();
        unfinished[unfinished_length++] = text[i];
    }
    mutex_unlock(&lock);
}
