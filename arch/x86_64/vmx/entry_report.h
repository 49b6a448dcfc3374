/* Says in words why this processor did not enter a guest. */
#ifndef BULKHEAD_VMX_ENTRY_REPORT_H
#define BULKHEAD_VMX_ENTRY_REPORT_H

#include <stdbool.h>

#include "arch/x86_64/vmx/entry_check.h"

struct vcpu;

/* The current VMCS of this processor, and what the processor can do. vmcs: its address. */
extern const struct entry_source entry_hardware;
void entry_facts_read(struct entry_facts *facts, uint64_t vmcs);

/* The vCPU's VMCS is current, as the failed entry left it. True: the rule that it broke is in
 * exit.failed, and in the log. False: none of the area's is known to be broken. */
bool entry_report(struct vcpu *vcpu, enum entry_area area);

#endif
