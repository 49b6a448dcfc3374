/* Lines for the kernel's log, which the manager shows on the console. Any thread, any time. */
#ifndef BULKHEAD_LIB_LOG_H
#define BULKHEAD_LIB_LOG_H

#include <stddef.h>

#define LOG_LINE_SIZE 256

/* One line, without its end; cut at LOG_LINE_SIZE. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Bytes of text with line ends: complete lines go to the log, the rest waits for its end. */
void log_text(const char *text, size_t length);

#endif
