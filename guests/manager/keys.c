/* The escape key. Pure. */
#include "guests/manager/keys.h"

enum keys_action keys_feed(struct keys *keys, uint8_t byte) {
    if (!keys->is_escaped) {
        keys->is_escaped = byte == KEYS_ESCAPE;
        return keys->is_escaped ? KEYS_NOTHING : KEYS_BYTE;
    }
    keys->is_escaped = false;
    switch (byte) {
    case KEYS_ESCAPE: return KEYS_BYTE; /* twice: one is meant for the guest */
    case 'h':
    case '?': return KEYS_HELP;
    case 'p': return KEYS_PROMPT;
    case 'n': return KEYS_NEXT;
    case 'c': return KEYS_BACK;
    default: return KEYS_UNKNOWN;
    }
}
