/* TAP on the serial line. */
#include "tests/guests/small/check.h"

#include "tests/guests/small/serial.h"

static const char *program;
static uint32_t count, failed;

void check_begin(const char *name) {
    program = name;
}

void check(bool is_right, const char *what) {
    count++;
    failed += !is_right;
    serial_print("tap[%s]: %s %u - %s\n", program, is_right ? "ok" : "not ok", count, what);
}

bool check_end(void) {
    serial_print("tap[%s]: 1..%u\n", program, count);
    return failed == 0;
}
