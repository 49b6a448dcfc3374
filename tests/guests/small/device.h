/* Instructions on a device's memory, carried out by the VMM. */
#ifndef BULKHEAD_SMALL_DEVICE_H
#define BULKHEAD_SMALL_DEVICE_H

void device_check(void);

#endif
