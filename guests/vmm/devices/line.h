/*
 * An interrupt line: the wire from a device's output to whatever it drives. Levels are logical
 * (true: asserted); which voltage that would be is nobody's business here. The zero value is a line
 * that leads nowhere.
 */
#ifndef BULKHEAD_VMM_LINE_H
#define BULKHEAD_VMM_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct line {
    void (*set)(void *device, unsigned input, bool level);
    void *device;
    unsigned input;
};

static inline void line_set(const struct line *line, bool level) {
    if (line->set != NULL) {
        line->set(line->device, line->input, level);
    }
}

#endif
