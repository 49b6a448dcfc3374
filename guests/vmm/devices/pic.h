/*
 * The two cascaded interrupt controllers of a PC: Intel 8259A (order number 231468) with the
 * edge/level registers of the 82371 (PIIX). Inputs 0-15; input 2 is the cascade and drives nothing.
 */
#ifndef BULKHEAD_VMM_PIC_H
#define BULKHEAD_VMM_PIC_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/bus.h"
#include "guests/vmm/devices/line.h"

#define PIC_INPUT_COUNT 16u
#define PIC_MASTER_PORT 0x20u
#define PIC_SLAVE_PORT  0xa0u
#define PIC_ELCR_PORT   0x4d0u

struct pic_chip {
    uint8_t lines;    /* levels of the inputs now */
    uint8_t latched;  /* edge-sense latches */
    uint8_t elcr;     /* inputs that are level-triggered */
    uint8_t isr;      /* in service */
    uint8_t imr;      /* masked */
    uint8_t base;     /* vector of input 0 */
    uint8_t lowest;   /* the input with the lowest priority */
    uint8_t expected; /* next initialisation word: 2, 3, 4; 0: initialised; 1: wants ICW1 */
    bool icw4_needed;
    bool single;
    bool auto_eoi;
    bool rotate_auto_eoi;
    bool fully_nested; /* special fully nested mode */
    bool special_mask;
    bool poll;
    bool read_isr;
};

struct pic {
    struct pic_chip chips[2]; /* master, slave */
    struct line intr;
    bool intr_level;
};

/* Both chips uninitialised and silent until a guest writes ICW1. INTR drives the processor's INTR.
 */
void pic_init(struct pic *pic, const struct line *intr);

/* Claims 0x20-0x21, 0xa0-0xa1 and 0x4d0-0x4d1. */
bool pic_attach(struct pic *pic, struct io_bus *bus);

/* The level of INPUT (others than 0-15, and 2, are ignored). */
void pic_set(struct pic *pic, unsigned input, bool level);

/* Whether INTR is asserted: look again just before pic_acknowledge, or it may be a spurious one. */
bool pic_output(const struct pic *pic);

/*
 * The processor's interrupt-acknowledge cycle: the vector, now in service. Without a request it is
 * the spurious one, vector 7 of the master, and nothing goes in service. (The slave's, 15, needs a
 * request withdrawn between two halves of a cycle; here the cycle has no halves.) INTR stays
 * asserted when more is pending: ask pic_output.
 */
uint8_t pic_acknowledge(struct pic *pic);

/* PORT is one of those that pic_attach claims; others read 0xff. */
uint8_t pic_read(struct pic *pic, uint16_t port);
void pic_write(struct pic *pic, uint16_t port, uint8_t value);

#endif
