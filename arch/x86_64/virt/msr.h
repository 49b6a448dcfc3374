/* MSR policy: which MSRs a guest has, and what each does. */
#ifndef BULKHEAD_VIRT_MSR_H
#define BULKHEAD_VIRT_MSR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/virt/vcpu.h"

struct vcpu;

enum msr_result {
    MSR_DONE,
    MSR_FAULT,     /* #GP */
    MSR_LEAVE,     /* to the VMM; vcpu->arch.leave_kind is set, the instruction is not done */
    MSR_DONE_LEAVE /* the instruction is done */
};

typedef enum msr_result (*msr_reader)(struct vcpu *vcpu, uint32_t index, uint64_t *value);
typedef enum msr_result (*msr_writer)(struct vcpu *vcpu, uint32_t index, uint64_t value);

/* How VT-x's MSR bitmap treats it: accesses that hardware does rightly for the guest do not exit.
 */
enum msr_pass { MSR_PASS_NOTHING, MSR_PASS_READ, MSR_PASS_ALL };

struct guest_msr_row {
    uint32_t first, last;
    uint32_t feature; /* VIRT_FEATURE_... of the guest without which it faults */
    uint8_t pass;     /* enum msr_pass */
    msr_reader read;  /* NULL: #GP */
    msr_writer write;
    const char *name;
    const char *why;
};

extern const struct guest_msr_row guest_msr_rows[];
extern const size_t guest_msr_row_count;

/* Makes the index by MSR number. Once. */
void msr_index_init(void);

/* The kernel's row for an MSR, NULL: none. */
const struct guest_msr_row *msr_row_of(uint32_t index);

/* The instructions. */
enum exit_action msr_read_exit(struct vcpu *vcpu);
enum exit_action msr_write_exit(struct vcpu *vcpu);

/* Values that processors take: SDM Vol. 3, 12.11.2 "IA32_MTRR..." and 12.12.2 "IA32_PAT MSR". */
bool msr_pat_is_valid(uint64_t value);
bool msr_mtrr_types_are_valid(uint64_t value);
bool msr_mtrr_default_is_valid(uint64_t value);
bool msr_is_canonical(uint64_t address);

#endif
