/*
 * The C library's files: standard output and error are the kernel's log, standard input is at its
 * end, there are no others.
 */
/* What the C library declares for more than ISO C. */
#define _DEFAULT_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "guests/lib/log.h"

static int fail(int error) {
    errno = error;
    return -1;
}

int open(const char *path, int flags, ...) {
    (void)path;
    (void)flags;
    return fail(ENOENT);
}

int close(int file) {
    return file >= 0 && file <= STDERR_FILENO ? 0 : fail(EBADF);
}

_READ_WRITE_RETURN_TYPE read(int file, void *buffer, size_t length) {
    (void)buffer;
    (void)length;
    return file == STDIN_FILENO ? 0 : fail(EBADF);
}

_READ_WRITE_RETURN_TYPE write(int file, const void *buffer, size_t length) {
    if (file != STDOUT_FILENO && file != STDERR_FILENO)
        return fail(EBADF);
    log_text(buffer, length);
    return (_READ_WRITE_RETURN_TYPE)length;
}

off_t lseek(int file, off_t offset, int whence) {
    (void)offset;
    (void)whence;
    return file >= 0 && file <= STDERR_FILENO ? fail(ESPIPE) : fail(EBADF);
}

int fstat(int file, struct stat *status) {
    if (file < 0 || file > STDERR_FILENO)
        return fail(EBADF);
    *status = (struct stat){.st_mode = S_IFCHR};
    return 0;
}

/* A character device: output is by lines. */
int isatty(int file) {
    return file >= 0 && file <= STDERR_FILENO ? 1 : fail(EBADF);
}

int stat(const char *path, struct stat *status) {
    (void)path;
    (void)status;
    return fail(ENOENT);
}

int unlink(const char *path) {
    (void)path;
    return fail(ENOENT);
}

int link(const char *path, const char *other) {
    (void)path;
    (void)other;
    return fail(ENOENT);
}
