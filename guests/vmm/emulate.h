/*
 * Carrying out an instruction that the processor could not: one whose memory operand is a device,
 * or INS and OUTS. Works on the vCPU's page, guest memory and the two buses; no system call, no
 * vector register.
 */
#ifndef BULKHEAD_VMM_EMULATE_H
#define BULKHEAD_VMM_EMULATE_H

#include <stdint.h>

#include "guests/vmm/decode.h"
#include "guests/vmm/devices/bus.h"
#include "guests/vmm/guest_memory.h"
#include "kernel/abi/guest.h"

enum emulate_result {
    EMULATE_DONE,    /* the page has what the instruction, or a part of a long one, did */
    EMULATE_FAULT,   /* the guest gets a page fault: struct emulate_fault */
    EMULATE_UNKNOWN, /* not an instruction for device memory: emulate.bytes has it */
    EMULATE_NO_CODE  /* the instruction does not lie in RAM */
};

struct emulate_fault {
    uint64_t linear;
    uint32_t error;
};

struct emulate {
    struct vcpu_page *page;
    const struct guest_memory *memory;
    struct io_bus *io;
    struct memory_bus *devices;
    struct emulate_fault fault;
    uint8_t bytes[DECODE_LENGTH_MAX]; /* the instruction, for messages */
    uint32_t byte_count;
};

/* After EXIT_MEMORY. */
enum emulate_result emulate_memory(struct emulate *emulate);

/* After EXIT_PORT with EXIT_PORT_STRING. */
enum emulate_result emulate_port_string(struct emulate *emulate);

/* A register of a vCPU, WIDTH bytes of it, with the architecture's rules for the rest of it. */
uint64_t emulate_get_register(const struct vcpu_page *page, unsigned reg, unsigned width);
void emulate_set_register(struct vcpu_page *page, unsigned reg, unsigned width, uint64_t value);

#endif
