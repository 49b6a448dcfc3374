/* Flow control. Pure. */
#include "guests/manager/flow.h"

uint8_t flow_update(struct flow *flow, uint32_t used, uint32_t size) {
    if (flow->state == FLOW_SILENT || (flow->state == FLOW_HELD && used < size / 4)) {
        flow->state = FLOW_GOING;
        return FLOW_XON;
    }
    if (flow->state == FLOW_GOING && used >= size / 4 * 3) {
        flow->state = FLOW_HELD;
        return FLOW_XOFF;
    }
    return 0;
}
