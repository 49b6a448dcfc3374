/* Error texts of the boot protocol. Pure. */
#include "guests/vmm/boot/fail.h"

#include <stdarg.h>
#include <stdio.h>

bool boot_fail(struct boot_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return false;
}
