/* The serial line, and the report on it. Only the main thread prints. */
#include "tests/kernel/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/log.h"
#include "guests/lib/status.h"
#include "guests/lib/thread.h"
#include "tests/kernel/cpu.h"

/* 16550: PC16550D data sheet, 8.4 "Line Status Register" */
#define PORT_BASE          0x3f8
#define PORT_COUNT         8
#define PORT_DATA          PORT_BASE
#define PORT_LINE_STATUS   (PORT_BASE + 5)
#define LINE_STATUS_EMPTY  0x20
#define POLL_LIMIT         1000000u
#define LINE_SIZE          240
#define LOG_LINES_AT_FAULT 12u
#define COMPLAINT_LIMIT    12u

static uint32_t points, failures;
static uint32_t bad_checks; /* of the current point */
static uint64_t log_shown;  /* the kernel's log has been looked at up to here */
static bool is_open;

static void put(char byte) {
    for (uint32_t i = 0; (cpu_in(PORT_LINE_STATUS) & LINE_STATUS_EMPTY) == 0 && i < POLL_LIMIT; i++)
        cpu_relax();
    cpu_out(PORT_DATA, (uint8_t)byte);
}

static void put_line(const char *line) {
    if (!is_open) {
        log_line("%s", line);
        return;
    }
    for (; *line != '\0'; line++)
        put(*line);
    put('\r');
    put('\n');
}

static void print_list(const char *prefix, const char *format, va_list arguments) {
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "tap[kernel]: %s", prefix);
    vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    put_line(line);
}

bool tap_open(uint32_t done, uint32_t failed) {
    points = done;
    failures = failed;
    int64_t ports = sys_ports_create(HANDLE_PORTS, PORT_BASE, PORT_COUNT);
    int64_t result = ports < 0 ? ports : sys_ports_open((handle_t)ports, thread_handle());
    if (result < 0) {
        log_line("the serial line cannot be opened: %s", status_text(result));
        return false;
    }
    sys_handle_close((handle_t)ports);
    is_open = true;
    sys_system_take_console(HANDLE_SYSTEM);
    log_shown = (uint64_t)sys_system_log_position(HANDLE_SYSTEM, 1);
    return true;
}

void tap_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_list("# ", format, arguments);
    va_end(arguments);
}

/* The first complaints of a point are told, the others counted. */
static void complain(const char *format, va_list arguments) {
    if (bad_checks++ < COMPLAINT_LIMIT)
        print_list("# wrong: ", format, arguments);
}

bool tap_check(bool good, const char *format, ...) {
    if (good)
        return true;
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return false;
}

bool tap_check_result(int64_t got, int64_t wanted, const char *format, ...) {
    if (got == wanted)
        return true;
    if (bad_checks < COMPLAINT_LIMIT)
        tap_note("got %lld (%s), wanted %lld (%s):", (long long)got,
                 got < 0 ? status_text(got) : "", (long long)wanted,
                 wanted < 0 ? status_text(wanted) : "");
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return false;
}

bool tap_check_equal(uint64_t got, uint64_t wanted, const char *format, ...) {
    if (got == wanted)
        return true;
    if (bad_checks < COMPLAINT_LIMIT)
        tap_note("got %#llx, wanted %#llx:", (unsigned long long)got, (unsigned long long)wanted);
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return false;
}

int64_t tap_need(int64_t result, const char *what) {
    tap_check(result >= 0, "%s: %s", what, status_text(result));
    return result;
}

/* What the kernel said since the last point: often the reason of a failure. */
static void show_log(void) {
    char text[256] = "", line[LINE_SIZE];
    size_t length = 0;
    uint32_t lines = 0;
    uint64_t end = (uint64_t)sys_system_log_position(HANDLE_SYSTEM, 1);
    while (log_shown < end && lines < LOG_LINES_AT_FAULT) {
        int64_t count = sys_system_read_log(HANDLE_SYSTEM, log_shown, text, sizeof text);
        if (count <= 0)
            break;
        for (int64_t i = 0; i < count && lines < LOG_LINES_AT_FAULT; i++) {
            if (text[i] != '\n' && length < sizeof line - 1) {
                if (text[i] != '\r')
                    line[length++] = text[i];
                continue;
            }
            line[length] = '\0';
            tap_note("log: %s", line);
            length = 0;
            lines++;
        }
        log_shown += (uint64_t)count;
    }
}

static void skip_log(void) {
    log_shown = (uint64_t)sys_system_log_position(HANDLE_SYSTEM, 1);
}

void tap_point(const char *format, ...) {
    char prefix[32];
    bool good = bad_checks == 0;
    points++;
    if (!good) {
        failures++;
        if (bad_checks > COMPLAINT_LIMIT)
            tap_note("and %u more checks", (unsigned)(bad_checks - COMPLAINT_LIMIT));
        show_log();
    }
    skip_log();
    bad_checks = 0;
    snprintf(prefix, sizeof prefix, "%s %u - ", good ? "ok" : "not ok", (unsigned)points);
    va_list arguments;
    va_start(arguments, format);
    print_list(prefix, format, arguments);
    va_end(arguments);
}

void tap_skip(const char *what, const char *why) {
    char line[LINE_SIZE];
    points++;
    snprintf(line, sizeof line, "tap[kernel]: ok %u - %s # SKIP %s", (unsigned)points, what, why);
    put_line(line);
}

uint32_t tap_points(void) {
    return points;
}

uint32_t tap_failures(void) {
    return failures;
}

void tap_close(void) {
    char line[LINE_SIZE];
    snprintf(line, sizeof line, "tap[kernel]: 1..%u", (unsigned)points);
    put_line(line);
    snprintf(line, sizeof line, "bulkhead: power off, status %u", failures == 0 ? 0u : 1u);
    put_line(line);
}
