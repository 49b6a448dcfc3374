/* Two cascaded 8259A. Quoted sections are those of the 8259A data sheet. */
#include "guests/vmm/devices/pic.h"

#include <string.h>

#define NONE       8u /* no input */
#define CASCADE    2u
#define SPURIOUS   7u
#define ICW1       0x10u
#define ICW1_ICW4  0x01u
#define ICW1_SNGL  0x02u
#define ICW4_AEOI  0x02u
#define ICW4_SFNM  0x10u
#define OCW3       0x08u
#define OCW3_RIS   0x01u
#define OCW3_RR    0x02u
#define OCW3_POLL  0x04u
#define OCW3_SMM   0x20u
#define OCW3_ESMM  0x40u
#define POLL_FOUND 0x80u

enum pic_ocw2 {
    OCW2_ROTATE_AEOI_OFF = 0,
    OCW2_EOI = 1,
    OCW2_NOTHING = 2,
    OCW2_EOI_OF = 3,
    OCW2_ROTATE_AEOI_ON = 4,
    OCW2_ROTATE_EOI = 5,
    OCW2_SET_LOWEST = 6,
    OCW2_ROTATE_EOI_OF = 7
};

enum { MASTER = 0, SLAVE = 1 };

/* Inputs that are always edge-triggered: 0, 1, 2; 8 and 13 (82371 data sheet, ELCR1 and ELCR2). */
static const uint8_t elcr_writable[2] = {0xf8, 0xde};

/* How an input ranks now: 0 is the highest priority, 7 the input LOWEST. */
static unsigned rank_of(const struct pic_chip *chip, unsigned input) {
    return (input - chip->lowest - 1) & 7;
}

/* The input of highest priority in SET, or NONE. */
static unsigned first_of(const struct pic_chip *chip, uint8_t set) {
    for (unsigned rank = 0; rank < 8; rank++) {
        unsigned input = (chip->lowest + 1u + rank) & 7;
        if ((set >> input & 1) != 0) {
            return input;
        }
    }
    return NONE;
}

static uint8_t input_requests(const struct pic_chip *chip) {
    return (uint8_t)((chip->latched & ~chip->elcr) | (chip->lines & chip->elcr));
}

/* The input of IRR for which the chip asserts its output: above all that is in ISR, or NONE. */
static unsigned select_input(const struct pic_chip *chip, uint8_t irr, uint8_t isr) {
    if (chip->expected != 0) {
        return NONE;
    }
    unsigned input = first_of(chip, (uint8_t)(irr & ~chip->imr));
    if (chip->special_mask) {
        isr &= (uint8_t)~chip->imr;
    }
    unsigned served = first_of(chip, isr);
    bool above = input != NONE && (served == NONE || rank_of(chip, input) < rank_of(chip, served));
    return above ? input : NONE;
}

static unsigned slave_request(const struct pic *pic) {
    const struct pic_chip *slave = &pic->chips[SLAVE];
    return select_input(slave, input_requests(slave), slave->isr);
}

/*
 * The interrupt request register. The master's input 2 follows the slave's output as it is now, so
 * that two requests of the slave in a row cannot be lost between its edges.
 */
static uint8_t requests(const struct pic *pic, unsigned which) {
    const struct pic_chip *chip = &pic->chips[which];
    uint8_t irr = input_requests(chip);
    if (which == MASTER && !chip->single && slave_request(pic) != NONE) {
        irr |= 1u << CASCADE;
    }
    return irr;
}

static unsigned master_request(const struct pic *pic) {
    const struct pic_chip *master = &pic->chips[MASTER];
    uint8_t isr = master->isr;
    if (master->fully_nested) {
        isr &= (uint8_t) ~(1u << CASCADE); /* "Special Fully Nested Mode" */
    }
    return select_input(master, requests(pic, MASTER), isr);
}

static void update(struct pic *pic) {
    bool level = pic_output(pic);
    if (level != pic->intr_level) {
        pic->intr_level = level;
        line_set(&pic->intr, level);
    }
}

/* What the chip does on an acknowledge cycle that it answers for INPUT. */
static void take(struct pic_chip *chip, unsigned input) {
    chip->latched &= (uint8_t) ~(1u << input);
    if (!chip->auto_eoi) {
        chip->isr |= (uint8_t)(1u << input);
    } else if (chip->rotate_auto_eoi) {
        chip->lowest = (uint8_t)input;
    }
}

static void end_of_interrupt(struct pic_chip *chip, unsigned input, bool rotate) {
    if (input == NONE) {
        return;
    }
    chip->isr &= (uint8_t) ~(1u << input);
    if (rotate) {
        chip->lowest = (uint8_t)input;
    }
}

static void write_icw1(struct pic_chip *chip, uint8_t value) {
    chip->latched = 0; /* "the edge sense circuit is reset" */
    chip->imr = 0;
    chip->isr = 0;
    chip->lowest = 7;
    chip->special_mask = false;
    chip->read_isr = false;
    chip->poll = false;
    chip->auto_eoi = false;
    chip->rotate_auto_eoi = false;
    chip->fully_nested = false;
    chip->icw4_needed = (value & ICW1_ICW4) != 0;
    chip->single = (value & ICW1_SNGL) != 0;
    chip->expected = 2;
}

static void write_ocw2(struct pic_chip *chip, uint8_t value) {
    unsigned input = value & 7u;
    /* "An IS bit that is masked by an IMR bit will not be cleared by a non-specific EOI if the
     * 8259A is in the Special Mask Mode." */
    uint8_t served = chip->special_mask ? chip->isr & (uint8_t)~chip->imr : chip->isr;
    switch ((enum pic_ocw2)(value >> 5)) {
    case OCW2_ROTATE_AEOI_OFF: chip->rotate_auto_eoi = false; break;
    case OCW2_ROTATE_AEOI_ON: chip->rotate_auto_eoi = true; break;
    case OCW2_EOI: end_of_interrupt(chip, first_of(chip, served), false); break;
    case OCW2_ROTATE_EOI: end_of_interrupt(chip, first_of(chip, served), true); break;
    case OCW2_EOI_OF: end_of_interrupt(chip, input, false); break;
    case OCW2_ROTATE_EOI_OF: end_of_interrupt(chip, input, true); break;
    case OCW2_SET_LOWEST: chip->lowest = (uint8_t)input; break;
    case OCW2_NOTHING: break;
    }
}

static void write_ocw3(struct pic_chip *chip, uint8_t value) {
    if ((value & OCW3_ESMM) != 0) {
        chip->special_mask = (value & OCW3_SMM) != 0;
    }
    if ((value & OCW3_POLL) != 0) {
        chip->poll = true; /* overrides the read register command */
    } else if ((value & OCW3_RR) != 0) {
        chip->read_isr = (value & OCW3_RIS) != 0;
    }
}

static void write_command(struct pic_chip *chip, uint8_t value) {
    if ((value & ICW1) != 0) {
        write_icw1(chip, value);
    } else if ((value & OCW3) != 0) {
        write_ocw3(chip, value);
    } else {
        write_ocw2(chip, value);
    }
}

static void write_data(struct pic_chip *chip, uint8_t value) {
    switch (chip->expected) {
    case 2:
        chip->base = value & 0xf8;
        chip->expected = !chip->single ? 3 : chip->icw4_needed ? 4 : 0;
        break;
    case 3: /* which input is the cascade: the board's wiring, not the guest's choice */
        chip->expected = chip->icw4_needed ? 4 : 0;
        break;
    case 4:
        chip->auto_eoi = (value & ICW4_AEOI) != 0;
        chip->fully_nested = (value & ICW4_SFNM) != 0;
        chip->expected = 0;
        break;
    default: chip->imr = value; break;
    }
}

/* "Poll Command": the next read is an acknowledge cycle of this chip alone. */
static uint8_t poll(struct pic *pic, unsigned which) {
    struct pic_chip *chip = &pic->chips[which];
    unsigned input = which == MASTER ? master_request(pic) : slave_request(pic);
    chip->poll = false;
    if (input == NONE) {
        return 0;
    }
    take(chip, input);
    return (uint8_t)(POLL_FOUND | input);
}

static uint8_t chip_read(struct pic *pic, unsigned which, bool data) {
    const struct pic_chip *chip = &pic->chips[which];
    if (chip->poll) {
        uint8_t answer = poll(pic, which);
        update(pic);
        return answer;
    }
    if (data) {
        return chip->imr;
    }
    return chip->read_isr ? chip->isr : requests(pic, which);
}

bool pic_output(const struct pic *pic) {
    return master_request(pic) != NONE;
}

uint8_t pic_acknowledge(struct pic *pic) {
    struct pic_chip *master = &pic->chips[MASTER];
    struct pic_chip *slave = &pic->chips[SLAVE];
    unsigned input = master_request(pic);
    uint8_t vector = (uint8_t)(master->base + SPURIOUS);
    if (input == CASCADE) {
        unsigned slave_input = slave_request(pic);
        vector = (uint8_t)(slave->base + slave_input);
        take(slave, slave_input);
    } else if (input != NONE) {
        vector = (uint8_t)(master->base + input);
    }
    if (input != NONE) {
        take(master, input);
    }
    update(pic);
    return vector;
}

void pic_set(struct pic *pic, unsigned input, bool level) {
    if (input >= PIC_INPUT_COUNT || input == CASCADE) {
        return;
    }
    struct pic_chip *chip = &pic->chips[input / 8];
    uint8_t bit = (uint8_t)(1u << input % 8);
    if (!level) {
        chip->lines &= (uint8_t)~bit;
        chip->latched &= (uint8_t)~bit; /* a request must last until it is acknowledged */
    } else if ((chip->lines & bit) == 0) {
        chip->lines |= bit;
        chip->latched |= bit;
    }
    update(pic);
}

uint8_t pic_read(struct pic *pic, uint16_t port) {
    switch (port) {
    case PIC_MASTER_PORT: return chip_read(pic, MASTER, false);
    case PIC_MASTER_PORT + 1: return chip_read(pic, MASTER, true);
    case PIC_SLAVE_PORT: return chip_read(pic, SLAVE, false);
    case PIC_SLAVE_PORT + 1: return chip_read(pic, SLAVE, true);
    case PIC_ELCR_PORT: return pic->chips[MASTER].elcr;
    case PIC_ELCR_PORT + 1: return pic->chips[SLAVE].elcr;
    default: return 0xff;
    }
}

void pic_write(struct pic *pic, uint16_t port, uint8_t value) {
    switch (port) {
    case PIC_MASTER_PORT: write_command(&pic->chips[MASTER], value); break;
    case PIC_MASTER_PORT + 1: write_data(&pic->chips[MASTER], value); break;
    case PIC_SLAVE_PORT: write_command(&pic->chips[SLAVE], value); break;
    case PIC_SLAVE_PORT + 1: write_data(&pic->chips[SLAVE], value); break;
    case PIC_ELCR_PORT: pic->chips[MASTER].elcr = value & elcr_writable[MASTER]; break;
    case PIC_ELCR_PORT + 1: pic->chips[SLAVE].elcr = value & elcr_writable[SLAVE]; break;
    default: return;
    }
    update(pic);
}

void pic_init(struct pic *pic, const struct line *intr) {
    memset(pic, 0, sizeof(*pic));
    pic->intr = *intr;
    for (unsigned i = 0; i < 2; i++) {
        pic->chips[i].imr = 0xff;
        pic->chips[i].lowest = 7;
        pic->chips[i].expected = 1;
    }
}

static uint32_t port_read(void *device, uint16_t port, unsigned width) {
    (void)width;
    return pic_read(device, port);
}

static void port_write(void *device, uint16_t port, unsigned width, uint32_t value) {
    (void)width;
    pic_write(device, port, (uint8_t)value);
}

static const struct bus_io_ops port_ops = {port_read, port_write, BUS_WIDTH_1};

bool pic_attach(struct pic *pic, struct io_bus *bus) {
    return bus_io_claim(bus, PIC_MASTER_PORT, 2, &port_ops, pic) &&
           bus_io_claim(bus, PIC_SLAVE_PORT, 2, &port_ops, pic) &&
           bus_io_claim(bus, PIC_ELCR_PORT, 2, &port_ops, pic);
}
