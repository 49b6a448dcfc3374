/*
 * What people read on the serial line: the manager's messages, each on a line of its own, between
 * whatever guests write; and the line that is being typed at the prompt, which messages push down.
 */
#ifndef BULKHEAD_MANAGER_SCREEN_H
#define BULKHEAD_MANAGER_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

/* A message: "bulkhead: ", the text, the end of the line. */
void screen_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Text of a command, without anything before it. Line feeds become line ends. */
void screen_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line from the kernel's log, without its end: on a line of its own. The footer comes again with
 * the call of screen_end_lines after the last of several. */
void screen_log_line(const char *line, uint32_t length);
void screen_end_lines(void);
/* Bytes as they are, from a guest. Those that the line's flow control would take for its own are
 * left out. */
void screen_write(const uint8_t *bytes, uint32_t length);
/* Brings the cursor to the start of a line. */
void screen_start_line(void);
/* The text that stands at the end and comes again after messages: the prompt and what is typed;
 * NULL: none. */
void screen_set_footer(const char *footer);
/* Bytes that may be written without filling the line for long. */
bool screen_is_ready(void);

#endif
