/* One object of each type, each with a handle that has all rights, for the tests of arguments. */
#ifndef BULKHEAD_TEST_KERNEL_OBJECTS_H
#define BULKHEAD_TEST_KERNEL_OBJECTS_H

#include <stdbool.h>

#include "kernel/abi/types.h"
#include "tests/kernel/child.h"

struct objects {
    struct child child;                 /* owns them; its thread is suspended */
    handle_t handle[OBJECT_TYPE_COUNT]; /* 0: this computer or kernel has none */
    void *page;                         /* cleared, of the suite's own */
    void *read_only;                    /* the same for reading */
};

bool objects_make(struct objects *objects);
void objects_drop(struct objects *objects);

/* An argument of a table of calls: a number, or a placeholder of these. */
#define ARGUMENT_OBJECT(type) (0xa5a5000000000000ull | (unsigned)(type))
#define ARGUMENT_PAGE         0xa5a6000000000000ull
uint64_t objects_argument(const struct objects *objects, uint64_t argument);
/* Whether all that the arguments name is there. */
bool objects_have(const struct objects *objects, const uint64_t *arguments);

#endif
