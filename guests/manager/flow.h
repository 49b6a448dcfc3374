/* Flow control of typed input: when to hold the other end of the serial line, when to let it go.
 * Pure. */
#ifndef BULKHEAD_MANAGER_FLOW_H
#define BULKHEAD_MANAGER_FLOW_H

#include <stdint.h>

#define FLOW_XON  0x11
#define FLOW_XOFF 0x13

enum flow_state { FLOW_SILENT = 0, FLOW_GOING, FLOW_HELD };

struct flow {
    enum flow_state state; /* FLOW_SILENT: nothing has been sent yet, the other end waits */
};

/* The byte to send now that `used` of `size` bytes are waiting, or 0. Three quarters full: XOFF,
 * below one quarter: XON; the first is always XON. */
uint8_t flow_update(struct flow *flow, uint32_t used, uint32_t size);

#endif
