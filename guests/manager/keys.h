/* The escape key of the console: which typed bytes are for the manager. Pure. */
#ifndef BULKHEAD_MANAGER_KEYS_H
#define BULKHEAD_MANAGER_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#define KEYS_ESCAPE 0x01 /* Ctrl-A */

enum keys_action {
    KEYS_BYTE,    /* the byte is for whoever is in front */
    KEYS_NOTHING, /* swallowed: the escape key itself */
    KEYS_HELP,
    KEYS_PROMPT,
    KEYS_NEXT,
    KEYS_BACK, /* from the prompt to the console that was in front before */
    KEYS_UNKNOWN
};

struct keys {
    bool is_escaped; /* the last byte was the escape key */
};

enum keys_action keys_feed(struct keys *keys, uint8_t byte);

#endif
