/*
 * Results on the serial line: the Test Anything Protocol, each line begun by "tap[kernel]: ". A
 * point is one line of the report and may stand for many checks; each that fails is told with it.
 */
#ifndef BULKHEAD_TEST_KERNEL_TAP_H
#define BULKHEAD_TEST_KERNEL_TAP_H

#include <stdbool.h>
#include <stdint.h>

#define TAP_FORMAT(text, arguments) __attribute__((format(printf, text, arguments)))

/* Opens the serial line; the first `done` points have been reported by an earlier life of this
 * program. False: it cannot be had (and the kernel's log says so). */
bool tap_open(uint32_t done, uint32_t failed);

/* One check of the current point. Returns `good`. */
bool tap_check(bool good, const char *format, ...) TAP_FORMAT(2, 3);
/* The same for the result of a system call: 0, or the negative of an enum status. */
bool tap_check_result(int64_t got, int64_t wanted, const char *format, ...) TAP_FORMAT(3, 4);
bool tap_check_equal(uint64_t got, uint64_t wanted, const char *format, ...) TAP_FORMAT(3, 4);
/* A result that must be at least 0; returns it. */
int64_t tap_need(int64_t result, const char *what);

/* Ends the current point with what it shows. */
void tap_point(const char *format, ...) TAP_FORMAT(1, 2);
void tap_skip(const char *what, const char *why);
/* For people. */
void tap_note(const char *format, ...) TAP_FORMAT(1, 2);

uint32_t tap_points(void);
uint32_t tap_failures(void);
/* Prints the plan, and the line that tells how the run ended. */
void tap_close(void);

#endif
