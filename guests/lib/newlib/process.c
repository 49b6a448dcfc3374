/* The C library's view of a process: its end, its faults, its thread's state, entropy. */
#include <assert.h>
/* What the C library declares for more than ISO C. */
#define _DEFAULT_SOURCE 1

#include <errno.h>
#include <reent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "abi/syscalls.h"
#include "guests/lib/log.h"
#include "guests/lib/thread_area.h"

/* What shells report for a program that aborted: 128 + SIGABRT. */
#define EXIT_ABORTED 134

#define RANDOM_PIECE 256u

/* The C library calls these two; its headers hide them from a target that it does not know. */
int kill(pid_t process, int signal);
int getentropy(void *buffer, size_t length);

static char *no_environment[1];
char **environ = no_environment;

struct _reent *__getreent(void) {
    return &thread_area()->reent;
}

void _exit(int code) {
    for (;;)
        sys_partition_exit((uint64_t)(uint32_t)code);
}

void abort(void) {
    log_line("aborted");
    _exit(EXIT_ABORTED);
}

void __assert_func(const char *file, int line, const char *function, const char *expression) {
    log_line("%s:%d: %s: assertion failed: %s", file, line, function ? function : "?", expression);
    _exit(EXIT_ABORTED);
}

int kill(pid_t process, int signal) {
    (void)process;
    (void)signal;
    errno = ENOSYS;
    return -1;
}

pid_t getpid(void) {
    return 1;
}

int getentropy(void *buffer, size_t length) {
    /* The call's own limit, as in other systems. */
    if (length > RANDOM_PIECE || sys_system_random(buffer, length) < 0) {
        errno = EIO;
        return -1;
    }
    return 0;
}
