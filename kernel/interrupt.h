/* Device interrupts that become event bits. */
#ifndef BULKHEAD_KERNEL_INTERRUPT_H
#define BULKHEAD_KERNEL_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"

struct event;
struct partition;

/* kernel_lock is held. */
enum status interrupt_bind(uint32_t line, bool is_global, struct event *event, uint64_t bits);
enum status interrupt_acknowledge(uint32_t line, bool is_global);
/* Unbinds what signals events of that partition. */
void interrupt_forget(const struct partition *partition);

#endif
