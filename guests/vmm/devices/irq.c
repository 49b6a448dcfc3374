/* The wiring between devices' interrupt outputs and the two interrupt controllers. */
#include "guests/vmm/devices/irq.h"

#include <stddef.h>
#include <string.h>

#define SHARE_SHIFT 8 /* a line's input number: the input, and above it which of its devices */
#define INPUT_MASK  0xffu

void irq_init(struct irq_router *router, struct pic *pic, struct ioapic *ioapic) {
    memset(router, 0, sizeof(*router));
    router->pic = pic;
    router->ioapic = ioapic;
}

static void drive(void *device, unsigned number, bool level) {
    struct irq_router *router = device;
    unsigned input = number & INPUT_MASK;
    uint32_t bit = 1u << (number >> SHARE_SHIFT);
    uint32_t before = router->asserted[input];
    uint32_t after = level ? before | bit : before & ~bit;
    router->asserted[input] = after;
    if ((before != 0) == (after != 0)) {
        return;
    }
    if (input < PIC_INPUT_COUNT) {
        pic_set(router->pic, input, after != 0);
    }
    ioapic_set(router->ioapic, input == IRQ_TIMER ? IRQ_TIMER_PIN : input, after != 0);
}

struct line irq_connect(struct irq_router *router, unsigned input) {
    struct line line = {NULL, NULL, 0};
    if (input < IRQ_INPUT_COUNT && input != IRQ_CASCADE &&
        router->device_count[input] < IRQ_SHARE_MAX) {
        unsigned share = router->device_count[input]++;
        line = (struct line){drive, router, share << SHARE_SHIFT | input};
    }
    return line;
}
