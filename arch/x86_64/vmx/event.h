/* Events in VMCS fields: SDM Vol. 3, 25.8.3, table 25-17, and 25.9.2, 25.9.3, which share the
 * format. */
#ifndef BULKHEAD_VMX_EVENT_H
#define BULKHEAD_VMX_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define EVENT_VECTOR        0xffu
#define EVENT_TYPE          0x700u
#define EVENT_HAS_ERROR     0x800u
#define EVENT_NMI_UNBLOCKED 0x1000u /* exits: by an IRET that faulted */
#define EVENT_VALID         0x80000000u

#define EVENT_EXTERNAL            0x000u
#define EVENT_NMI                 0x200u
#define EVENT_EXCEPTION           0x300u
#define EVENT_SOFTWARE_INTERRUPT  0x400u
#define EVENT_PRIVILEGED_SOFTWARE 0x500u /* INT1 */
#define EVENT_SOFTWARE_EXCEPTION  0x600u /* INT3, INTO */

/* GUEST_INTERRUPTIBILITY: 25.4.2, table 25-3 */
#define BLOCKING_STI    1u
#define BLOCKING_MOV_SS 2u
#define BLOCKING_NMI    8u

/* Events that an instruction raised: their delivery needs its length. */
static inline bool event_has_length(uint32_t info) {
    return (info & EVENT_TYPE) >= EVENT_SOFTWARE_INTERRUPT;
}

struct vcpu;

/* An IRET that faulted had already unblocked NMIs: they are blocked again (28.2.3, 28.2.4). */
void vmx_note_nmi_unblocking(uint32_t info);

#endif
