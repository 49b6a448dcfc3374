/*
 * From the first instruction to main, and what programs ask about their start. The manager gets
 * nothing from the kernel but its image: it makes a thread with stack and thread pointer and goes
 * on there.
 */
#include "guests/lib/start.h"

#include <reent.h>
#include <stdlib.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/thread.h"
#include "guests/lib/thread_area.h"

#define ARGUMENT_LIMIT 64u

extern char **environ;

void start_first(const struct start_info *info);

static const struct start_info *given;
static struct system_info computer; /* in the manager */

const struct start_info *start_info(void) {
    return given;
}

handle_t start_handle(const char *name, uint64_t *length) {
    const struct start_handle *entry = given ? start_info_find(given, name) : NULL;
    if (length)
        *length = entry ? entry->length : 0;
    return entry ? entry->handle : 0;
}

static const struct system_info *ask_computer(void) {
    if (computer.abi_version == 0)
        sys_system_info(HANDLE_SYSTEM, &computer);
    return &computer;
}

uint64_t start_ticks_per_second(void) {
    return given ? given->ticks_per_second : ask_computer()->ticks_per_second;
}

uint64_t start_timer_hz(void) {
    return given ? given->timer_hz : ask_computer()->timer_hz;
}

uint64_t start_wall_clock_ns(void) {
    return given ? given->boot_wall_clock_ns : ask_computer()->boot_wall_clock_ns;
}

const char *start_argument(int argc, char **argv, const char *name) {
    size_t length = strlen(name);
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strncmp(argument, "--", 2) == 0 && strncmp(argument + 2, name, length) == 0 &&
            argument[2 + length] == '=')
            return argument + 2 + length + 1;
    }
    return NULL;
}

/* On a thread that the C library can run on. */
static void run_main(void *argument) {
    static char program[] = "program";
    static char *argv[ARGUMENT_LIMIT + 2] = {program};
    static char *env[ARGUMENT_LIMIT + 1];
    int argc = 1;
    (void)argument;
    if (given) {
        /* main may write to its arguments' pointers, not to the strings: their page is read-only.
         */
        for (uint32_t i = 0; i < given->argc && i < ARGUMENT_LIMIT; i++)
            argv[argc++] = (char *)(uintptr_t)start_info_argument(given, i);
        for (uint32_t i = 0; i < given->env_count && i < ARGUMENT_LIMIT; i++)
            env[i] = (char *)(uintptr_t)start_info_environment(given, i);
    }
    environ = env;
    exit(main(argc, argv));
}

void start_first(const struct start_info *info) {
    if (info) {
        if (!start_info_is_valid(info))
            sys_partition_exit(EXIT_FAILURE);
        given = info;
        thread_area_init((struct thread_area *)(uintptr_t)info->thread_area, HANDLE_THREAD);
        run_main(NULL);
    }
    int64_t result = thread_start(run_main, NULL, 4 * THREAD_STACK_SIZE, THREAD_ANY_CPU);
    if (result < 0)
        sys_partition_exit((uint64_t)-result);
    sys_thread_exit(0);
}
