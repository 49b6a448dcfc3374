/*
 * Memory operands: from segment and offset to what lies there, RAM or device, with every check that
 * a processor makes. An operand that is open can be read and written without fault, so that an
 * instruction with two of them changes nothing when either is forbidden.
 */
#ifndef BULKHEAD_VMM_OPERAND_H
#define BULKHEAD_VMM_OPERAND_H

#include "guests/vmm/emulate.h"

enum operand_access { OPERAND_READ = 1, OPERAND_WRITE = 2, OPERAND_CHANGE = 3 };

struct operand {
    uint64_t physical[2]; /* of the first byte, and of the first on a second page */
    uint8_t width;
    uint8_t split; /* bytes on the first page */
};

/* The offset in its segment that the instruction names, before any string or bit moves it. */
uint64_t operand_offset(const struct vcpu_page *page, const struct decode *decode);

/* WIDTH bytes at OFFSET of SEGMENT. False: the instruction faults as emulate.fault says. */
bool operand_open(struct emulate *emulate, uint8_t segment, uint64_t offset, unsigned width,
                  enum operand_access access, struct operand *operand);

uint64_t operand_read(struct emulate *emulate, const struct operand *operand);
void operand_write(struct emulate *emulate, const struct operand *operand, uint64_t value);

#endif
