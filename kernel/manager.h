/* The first partition: made by the kernel from a boot module, and made again when it fails. */
#ifndef BULKHEAD_KERNEL_MANAGER_H
#define BULKHEAD_KERNEL_MANAGER_H

/* Creates and starts it; panics when it cannot, because nothing would ever run. */
void manager_start(void);

/* The manager has faulted: it starts anew as soon as this CPU is idle or switches. kernel_lock is
 * held. */
void manager_restart_later(void);

#endif
