/* The kernel's errors in words. */
#include "guests/lib/status.h"

#include "kernel/abi/types.h"

static const char *const texts[STATUS_COUNT] = {
    [STATUS_OK] = "no error",
    [STATUS_BAD_CALL] = "no such system call",
    [STATUS_NOT_YET] = "this kernel does not implement the call",
    [STATUS_BAD_HANDLE] = "the handle names nothing suitable",
    [STATUS_BAD_RIGHTS] = "the handle lacks a right",
    [STATUS_BAD_ADDRESS] = "the address is not accessible",
    [STATUS_INVALID] = "an argument is not valid",
    [STATUS_QUOTA] = "the memory quota or another limit is used up",
    [STATUS_NO_MEMORY] = "no memory left",
    [STATUS_BUSY] = "in use",
    [STATUS_EXISTS] = "it exists already",
    [STATUS_NOT_FOUND] = "there is none",
    [STATUS_TIMED_OUT] = "the time is over",
    [STATUS_GONE] = "the other side is gone",
    [STATUS_BAD_STATE] = "not in this state",
    [STATUS_UNSUPPORTED] = "this computer lacks the hardware",
    [STATUS_DENIED] = "forbidden",
    [STATUS_BAD_VERSION] = "a structure of another version",
};

const char *status_text(int64_t result) {
    int64_t status = result < 0 ? -result : result;
    return status >= 0 && status < STATUS_COUNT ? texts[status] : "unknown error";
}
