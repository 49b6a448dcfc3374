/*
 * Carrying out an instruction that the processor could not: one whose memory operand is a device,
 * or INS and OUTS. Works on the vCPU's page, guest memory and the two buses; no vector register,
 * and no system call but the one that tells segment limits where they matter.
 */
#ifndef BULKHEAD_VMM_EMULATE_H
#define BULKHEAD_VMM_EMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/decode.h"
#include "guests/vmm/devices/bus.h"
#include "guests/vmm/guest_memory.h"
#include "kernel/abi/guest.h"

enum emulate_result {
    EMULATE_DONE,    /* the page has what the instruction, or a part of a long one, did */
    EMULATE_FAULT,   /* the guest gets an exception: struct emulate_fault */
    EMULATE_UNKNOWN, /* not an instruction for device memory: emulate.bytes has it */
    EMULATE_NO_CODE  /* the instruction does not lie in RAM */
};

struct emulate_fault {
    uint64_t linear; /* page fault only */
    uint32_t error;
    uint8_t vector; /* EXCEPTION_... */
    bool has_error;
};

struct emulate {
    struct vcpu_page *page;
    const struct guest_memory *memory;
    struct io_bus *io;
    struct memory_bus *devices;
    /* Fills in the segment registers as enum decode_segment numbers them. Called at most once, and
     * only where limits, rights or selectors matter: rarely. */
    void (*get_segments)(void *context, struct guest_segment segments[DECODE_SEGMENT_COUNT]);
    void *context;

    bool has_segments;
    bool has_place; /* the exit has told where an operand of the instruction is */
    struct guest_segment segments[DECODE_SEGMENT_COUNT];
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

/* --- For the parts of this module --- */

enum decode_mode emulate_mode(const struct vcpu_page *page);

/* The low WIDTH bytes. */
uint64_t emulate_mask(unsigned width);

/* Returns false, so that a check ends in `return emulate_raise(...)`. */
bool emulate_raise(struct emulate *emulate, uint8_t vector, bool has_error, uint32_t error);

const struct guest_segment *emulate_segment(struct emulate *emulate, unsigned segment);

#endif
